import { createTopicsV7, metadataV12 } from '@platformatic/kafka'
import { Fault } from '../../topology/flow/fault.ts'
import { backoff } from '../../topology/flow/retry.ts'
import type { TopicSpec } from '../../topology/topics.ts'
import { StartProblem } from '../start-problem.ts'
import type { Cluster } from './cluster.ts'
import { codeName, responseOf, unavailable } from './errors.ts'
import { pause } from './pause.ts'

export type TopicSettings = Readonly<{
  prefix: string
  replication: number
  partitions: Readonly<{ intake: number; job: number }>
  /** One broker alone: what is precious is written to disk before it is acknowledged. */
  embedded: boolean
}>

/**
 * Makes the topics that are missing, many at once, waits until each has a leader and every broker that answers knows it, and says which it
 * made. Topics that are there are used as they are. Throws a StartProblem that names the topics when Kafka does not let us, or does not
 * take them as they are wanted.
 */
export const makeTopics = async (
  cluster: Cluster,
  specs: readonly TopicSpec[],
  settings: TopicSettings,
): Promise<readonly string[]> => {
  const names = specs.map(({ name }) => name)
  await cluster.refresh(names)
  needSight(cluster, specs, settings)
  const missing = specs.filter(({ name }) => !cluster.topic(name))
  const refusals: Refusal[] = []
  for (let at = 0; at < missing.length; at += atOnce) {
    const batch = missing.slice(at, at + atOnce)
    const topics = batch.map((spec) => requestOf(spec, settings))
    refusals.push(...(await create(cluster, topics)))
    if (refusals.length === 0) await untilKnown(cluster, batch, settings)
  }
  if (refusals.length > 0) throw new StartProblem(refusalText(refusals, settings))
  needOrder(cluster, specs, settings)
  return missing.map(({ name }) => name)
}

/** Partitions and settings of a topic that we make. */
export const shapeOf = (
  spec: TopicSpec,
  { replication, partitions, embedded }: Omit<TopicSettings, 'prefix'>,
): TopicShape => ({
  partitions: typeof spec.partitions === 'number' ? spec.partitions : partitions[spec.partitions],
  replication,
  configs: {
    'cleanup.policy': spec.cleanup,
    'retention.ms': String(spec.retentionMs),
    'max.message.bytes': String(spec.maxMessageBytes),
    'message.timestamp.type': 'LogAppendTime',
    'compression.type': 'uncompressed', // so that `max.message.bytes` bounds what a batch takes in a reader's memory
    'min.insync.replicas': replication >= 3 ? '2' : '1',
    ...(embedded && spec.precious && { 'flush.messages': '1' }),
  },
})

export type TopicShape = Readonly<{
  partitions: number
  replication: number
  configs: Readonly<Record<string, string>>
}>

/** Kafka makes 10,000 things at once at most, and each setting of a topic is one. */
const atOnce = 250

/** Topics that we may not see could be there or not: nothing would ever tell. */
const needSight = (cluster: Cluster, specs: readonly TopicSpec[], { prefix }: TopicSettings): void => {
  const hidden = specs.filter(({ name }) => cluster.hidden(name)).map(({ name }) => prefix + name)
  if (hidden.length > 0)
    throw new StartProblem(
      `Kafka does not let us see ${listed(hidden)}: grant this login the rights that penstock provision --print lists.`,
    )
}

/** What is read as one sequence must not lie in several. */
const needOrder = (cluster: Cluster, specs: readonly TopicSpec[], { prefix }: TopicSettings): void => {
  for (const { name, partitions } of specs) {
    const found = cluster.topic(name)?.leaders.length
    if (partitions !== 1 || found === undefined || found === 1) continue
    throw new StartProblem(
      `The topic ${prefix + name} must have one partition and has ${found}: delete it while it is empty, or set another KAFKA_PREFIX.`,
    )
  }
}

type Request = Parameters<typeof createTopicsV7.api.async>[1][number]
type Refusal = Readonly<{ topic: string; code: string; detail: string }>

/** Gives what Kafka will not make, however often it is asked. */
const create = async (cluster: Cluster, topics: Request[]): Promise<readonly Refusal[]> => {
  try {
    await cluster.line.call(cluster.controller(), createTopicsV7.api, topics, 15_000, false)
    return []
  } catch (error) {
    const answer = responseOf<Awaited<ReturnType<typeof createTopicsV7.api.async>>>(error)
    if (!answer) throw unavailable(error)
    const refusals = answer.topics
      .map(({ name, errorCode, errorMessage }) => {
        const code = codeName(errorCode)
        return { topic: name, code, detail: errorMessage ?? code }
      })
      .filter(({ code }) => code !== 'NONE' && code !== 'TOPIC_ALREADY_EXISTS')
    const passing = refusals.find(({ code }) => passingCodes.has(code))
    if (passing) throw new Fault('log-unavailable', `the topic ${passing.topic} cannot be made yet: ${passing.detail}`)
    return refusals
  }
}

const passingCodes: ReadonlySet<string> = new Set([
  'NOT_CONTROLLER',
  'REQUEST_TIMED_OUT',
  'THROTTLING_QUOTA_EXCEEDED',
  'BROKER_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'UNKNOWN_SERVER_ERROR',
])

const refusalText = (refusals: readonly Refusal[], { prefix, replication }: TopicSettings): string => {
  const names = listed(refusals.map(({ topic }) => topic).toSorted())
  const { code, detail } = refusals[0] as Refusal
  switch (code) {
    case 'TOPIC_AUTHORIZATION_FAILED':
    case 'CLUSTER_AUTHORIZATION_FAILED':
      return `Kafka does not let us make ${names}: run penstock provision with a login that may, have them made as penstock provision --print says, or allow CREATE for topics that begin with "${prefix}".`
    case 'INVALID_REPLICATION_FACTOR':
      return `Kafka does not make ${names} in ${replication} copies (${detail}): set KAFKA_REPLICATION to at most the number of brokers.`
    default:
      return `Kafka does not make ${names} (${detail.replace(/\.$/, '')}): have them made in a way that the cluster allows, near to what penstock provision --print says; topics that are there are used as they are.`
  }
}

/** A deploy may bring hundreds. */
const listed = (names: readonly string[]): string => {
  const [shown, more] = [names.slice(0, 20).join(', '), names.length - 20]
  return `the topic${names.length > 1 ? 's' : ''} ${shown}${more > 0 ? ` and ${more} more` : ''}`
}

/**
 * A broker knows a topic before it has made its files, and makes those of a batch in a second, or in ten: the next batch is asked for
 * meanwhile, and it is waited for as long as there come more.
 */
const untilKnown = async (cluster: Cluster, specs: readonly TopicSpec[], settings: TopicSettings): Promise<void> => {
  let open: readonly string[] = specs.map(({ name }) => name)
  let deadline = performance.now() + patienceMs
  for (let attempt = 1; open.length > 0; attempt++) {
    const left = await unknown(cluster, open, settings)
    needSight(cluster, specs, settings)
    if (left.length < open.length) deadline = performance.now() + patienceMs
    open = left
    if (performance.now() > deadline) throw new Fault('log-unavailable', 'the new topics do not get leaders')
    if (open.length > 0) await pause(wait(attempt))
  }
}

const patienceMs = 30_000
const wait = backoff(20, 300)

/** Those that have no leader yet, or that a broker does not know. Who does not answer us is asked by nobody else either. */
const unknown = async (
  cluster: Cluster,
  names: readonly string[],
  { prefix }: TopicSettings,
): Promise<readonly string[]> => {
  await cluster.refresh(names)
  const led = new Set(names.filter((name) => cluster.topic(name)?.leaders.every((leader) => leader >= 0)))
  const nodes = cluster.nodes()
  const strange = (nodes.length > 1 && led.size > 0 ? nodes : []).map(async (node): Promise<readonly string[]> => {
    const real = [...led].map((name) => prefix + name)
    const answer = await cluster.line.call(node, metadataV12.api, real, false, false).catch(responseOf<Metadata>)
    const without = answer?.topics.filter(({ partitions }) => !isLed(partitions)) ?? []
    return without.map(({ name }) => (name ?? '').slice(prefix.length))
  })
  for (const name of (await Promise.all(strange)).flat()) led.delete(name)
  return names.filter((name) => !led.has(name))
}

type Metadata = Awaited<ReturnType<typeof metadataV12.api.async>>

const isLed = (partitions: Metadata['topics'][number]['partitions']): boolean =>
  partitions.length > 0 && partitions.every(({ leaderId }) => leaderId >= 0)

const requestOf = (spec: TopicSpec, settings: TopicSettings): Request => {
  const { partitions, replication, configs } = shapeOf(spec, settings)
  return {
    name: settings.prefix + spec.name,
    numPartitions: partitions,
    replicationFactor: replication,
    assignments: [],
    configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
  }
}
