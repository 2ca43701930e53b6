import type { TopicSpec } from '../../topology/topics.ts'
import { shapeOf, type TopicSettings, type TopicShape } from '../kafka/make-topics.ts'
import { type Right, rightsOf } from './rights.ts'
import { table } from './table.ts'

/** All that an installation wants of a cluster, as data. */
export type Plan = Readonly<{
  topics: readonly (Readonly<{ name: string }> & TopicShape)[]
  acls: readonly Right[]
}>

export const planOf = (specs: readonly TopicSpec[], settings: TopicSettings): Plan => ({
  topics: specs.map((spec) => ({ name: settings.prefix + spec.name, ...shapeOf(spec, settings) })),
  acls: rightsOf(settings.prefix),
})

/** The plan for people: two tables. */
export const planText = ({ topics, acls }: Plan): string => {
  const same = Object.entries(topics[0]?.configs ?? {}).filter(([name, value]) =>
    topics.every(({ configs }) => configs[name] === value),
  )
  const names = Object.keys(topics[0]?.configs ?? {}).filter((name) => !same.some(([one]) => one === name))
  return [
    'Topics',
    table([
      ['topic', 'partitions', 'replication', ...names],
      ...topics.map(({ name, partitions, replication, configs }) => [
        name,
        String(partitions),
        String(replication),
        ...names.map((one) => configs[one] ?? ''),
      ]),
    ]),
    `  all with ${same.map(([name, value]) => `${name}=${value}`).join(' ')}`,
    '',
    'ACLs of each role (penstock up needs the sum; Create may be left out where penstock provision makes the topics)',
    table([
      ['role', 'resource', 'name', 'pattern', 'operations'],
      ...acls.map(({ role, resource, name, pattern, operations }) => [
        role,
        resource,
        name,
        pattern,
        operations.join(', '),
      ]),
    ]),
  ].join('\n')
}
