import { describeConfigsV4, metadataV12 } from '@platformatic/kafka'
import type { TopicSpec } from '../../topology/topics.ts'
import type { Cluster } from './cluster.ts'
import { responseOf, unavailable } from './errors.ts'
import { shapeOf, type TopicSettings } from './make-topics.ts'

/** What a topic that is there is not as we would have made it. */
export type Difference = Readonly<{ topic: string; setting: string; is: string; wanted: string }>

export type Checked = Readonly<{
  differences: readonly Difference[]
  /** Topics whose settings we may not read. */
  unread: readonly string[]
}>

/** Compares topics with what we would make; what is not there is left out. Throws Fault `log-unavailable`. */
export const checkTopics = async (
  cluster: Cluster,
  specs: readonly TopicSpec[],
  settings: TopicSettings,
): Promise<Checked> => {
  const differences: Difference[] = []
  const unread: string[] = []
  for (let at = 0; at < specs.length; at += atOnce) {
    const some = specs.slice(at, at + atOnce)
    const names = some.map(({ name }) => settings.prefix + name)
    const [layouts, configs] = [await layoutsOf(cluster, names), await configsOf(cluster, names)]
    for (const spec of some) {
      const topic = settings.prefix + spec.name
      const [wanted, layout, found] = [shapeOf(spec, settings), layouts.get(topic), configs.get(topic)]
      if (!layout) continue
      const differ = (setting: string, is: string, should: string): void =>
        void (is !== should && differences.push({ topic, setting, is, wanted: should }))
      differ('partitions', String(layout.partitions), String(wanted.partitions))
      differ('replication', String(layout.replication), String(wanted.replication))
      if (found) for (const [name, value] of Object.entries(wanted.configs)) differ(name, found.get(name) ?? '', value)
      else unread.push(topic)
    }
  }
  return { differences, unread }
}

const atOnce = 250

type Layout = Readonly<{ partitions: number; replication: number }>

const layoutsOf = async (cluster: Cluster, names: string[]): Promise<ReadonlyMap<string, Layout>> => {
  const answer = await cluster.line.anyone(metadataV12.api, names, false, false).catch(partsOf<Metadata>)
  return new Map(
    answer.topics
      .filter(({ errorCode }) => errorCode === 0)
      .map(({ name, partitions }) => [
        name ?? '',
        {
          partitions: partitions.length,
          replication: Math.min(...partitions.map(({ replicaNodes }) => replicaNodes.length)),
        },
      ]),
  )
}

/** The settings of topics, by name; of those that are not there, or that we may not read, there are none. */
export const configsOf = async (
  cluster: Cluster,
  names: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> => {
  const asked = names.map((resourceName) => ({ resourceType: topicResource, resourceName, configurationKeys: null }))
  const answer = await cluster.line.anyone(describeConfigsV4.api, asked, false, false).catch(partsOf<Configs>)
  return new Map(
    answer.results
      .filter(({ errorCode }) => errorCode === 0)
      .map(({ resourceName, configs }) => [
        resourceName,
        new Map(configs.map(({ name, value }) => [name, value ?? ''])),
      ]),
  )
}

const topicResource = 2 as const
type Metadata = Awaited<ReturnType<typeof metadataV12.api.async>>
type Configs = Awaited<ReturnType<typeof describeConfigsV4.api.async>>

const partsOf = <Answer>(error: unknown): Answer => {
  const answer = responseOf<Answer>(error)
  if (!answer) throw unavailable(error)
  return answer
}
