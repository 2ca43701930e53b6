import { map } from '../../topology/map.ts'
import { controlTopic, deadLettersTopic, definitionsTopic, intakeTopic, jobTopic } from '../../topology/topics.ts'

/** What a role has to be allowed in Kafka, as an ACL says it. `Read` and `Write` of a topic imply `Describe`, as does `Read` of a group. */
export type Right = Readonly<{
  role: string
  resource: 'topic' | 'group'
  name: string
  pattern: 'literal' | 'prefixed'
  operations: readonly Operation[]
}>

export type Operation = 'Read' | 'Write' | 'Create' | 'Describe' | 'DescribeConfigs'

/** The rights of all roles; `up`, which is all of them in one process, needs the sum. Without `Create` a role uses the topics that are there. */
export const rightsOf = (prefix: string): readonly Right[] => [
  ...Object.entries(map).flatMap(([part, uses]) => rightsOfPart(roleOf(part), { prefix, ...uses })),
  ...topicRights('console', { prefix, kinds: [definitionsTopic], operations: ['Read', 'Write'] }),
  ...topicRights('console', { prefix, kinds: [controlTopic], operations: ['Write'] }),
  ...topicRights('console', { prefix, kinds: ['intake', 'job'], operations: ['Create', 'Describe'] }),
  ...topicRights('provision', { prefix, kinds: [definitionsTopic], operations: ['Read'] }),
  {
    role: 'provision',
    resource: 'topic',
    name: prefix,
    pattern: 'prefixed',
    operations: ['Create', 'Describe', 'DescribeConfigs'],
  },
]

/** The role that a part of the map is; its consumer group is called so, too (`groupsOf`). */
export const roleOf = (part: string): string => otherNames[part] ?? part.split('/').at(-1) ?? part

type Uses = Readonly<{ prefix: string; reads: readonly string[]; writes: readonly string[] }>

/** Every part follows the definitions; whoever reads writes dead letters, and belongs to the group of its role. */
const rightsOfPart = (role: string, { prefix, reads, writes }: Uses): readonly Right[] => {
  const written = new Set([...writes, ...(reads.length > 0 ? [deadLettersTopic] : [])])
  const both = reads.filter((kind) => written.has(kind))
  const only = (kinds: Iterable<string>): readonly string[] => [...kinds].filter((kind) => !both.includes(kind))
  return [
    ...topicRights(role, { prefix, kinds: only([...reads, definitionsTopic]), operations: ['Read'] }),
    ...topicRights(role, { prefix, kinds: both, operations: ['Read', 'Write'] }),
    ...topicRights(role, { prefix, kinds: only(written), operations: ['Write'] }),
    ...groupsOf(role, reads).map(
      (group): Right => ({ role, resource: 'group', name: prefix + group, pattern: 'literal', operations: ['Read'] }),
    ),
  ]
}

/** What waits for its time is read beside the rest, by a group of its own. */
const groupsOf = (role: string, reads: readonly string[]): readonly string[] => [
  ...(reads.length > 0 ? [role] : []),
  ...(reads.includes('retry') ? [`${role}-retries`] : []),
]

type Wish = Readonly<{ prefix: string; kinds: readonly string[]; operations: readonly Operation[] }>

const topicRights = (role: string, { prefix, kinds, operations }: Wish): readonly Right[] =>
  kinds.map((kind) => ({ role, resource: 'topic', ...nameOf(kind, prefix), operations }))

/** Topics of projects come and go: their rights are for all that begin so. */
const nameOf = (kind: string, prefix: string): Pick<Right, 'name' | 'pattern'> => {
  const begin = { intake: intakeTopic(''), job: jobTopic('', '').slice(0, -1), retry: 'retry.' }[kind]
  return begin === undefined
    ? { name: prefix + kind, pattern: 'literal' }
    : { name: prefix + begin, pattern: 'prefixed' }
}

/** Roles that are not called as their folder is. */
const otherNames: Readonly<Record<string, string>> = {
  'ingress/webhook': 'ingress',
  'ingress/kafka': 'kafka-sources',
  'sinks/clickhouse': 'sink',
}
