import { createTopicsV7, metadataV12 } from '@platformatic/kafka'
import { Fault } from '../../topology/flow/fault.ts'
import type { TopicSpec } from '../../topology/topics.ts'
import type { Cluster } from './cluster.ts'
import { hasCode, responseOf, unavailable } from './errors.ts'

export type TopicSettings = Readonly<{
  prefix: string
  replication: number
  partitions: Readonly<{ intake: number; job: number }>
  /** One broker alone: what is precious is written to disk before it is acknowledged. */
  embedded: boolean
}>

/** Makes the topics that are missing, many at once, and waits until each has a leader, and every broker that answers knows it. */
export const makeTopics = async (
  cluster: Cluster,
  specs: readonly TopicSpec[],
  settings: TopicSettings,
): Promise<void> => {
  const names = specs.map(({ name }) => name)
  await cluster.refresh(names)
  const missing = specs.filter(({ name }) => !cluster.topic(name))
  for (let at = 0; at < missing.length; at += atOnce) {
    const topics = missing.slice(at, at + atOnce).map((spec) => requestOf(spec, settings))
    await create(cluster, topics)
  }
  if (missing.length === 0) return
  const deadline = performance.now() + patienceMs
  const made = missing.map(({ name }) => name)
  while (!(await known(cluster, made, settings))) {
    if (performance.now() > deadline) throw new Fault('log-unavailable', 'the new topics do not get leaders')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const atOnce = 250
const patienceMs = 30_000

type Request = Parameters<typeof createTopicsV7.api.async>[1][number]

const create = async (cluster: Cluster, topics: Request[]): Promise<void> => {
  try {
    await cluster.line.call(cluster.controller(), createTopicsV7.api, topics, 15_000, false)
  } catch (error) {
    const answer = responseOf<Awaited<ReturnType<typeof createTopicsV7.api.async>>>(error)
    if (!answer) throw unavailable(error)
    const bad = answer.topics.find(({ errorCode }) => errorCode !== 0 && errorCode !== alreadyExists)
    if (bad) {
      const text = `the topic ${bad.name} cannot be made: ${bad.errorMessage ?? bad.errorCode}`
      throw hasCode(error, 'NOT_CONTROLLER', 'REQUEST_TIMED_OUT') ? new Fault('log-unavailable', text) : new Error(text)
    }
  }
}

const alreadyExists = 36

const known = async (
  cluster: Cluster,
  names: readonly string[],
  { prefix }: Readonly<{ prefix: string }>,
): Promise<boolean> => {
  await cluster.refresh(names)
  if (!names.every((name) => cluster.topic(name)?.leaders.every((leader) => leader >= 0))) return false
  const real = names.map((name) => prefix + name)
  const knows = async (node: number): Promise<boolean> => {
    try {
      const { topics } = await cluster.line.call(node, metadataV12.api, real, false, false)
      return topics.every(({ partitions }) => partitions.every(({ leaderId }) => leaderId >= 0))
    } catch (error) {
      return responseOf(error) === undefined // who does not answer us is asked by nobody else either
    }
  }
  return (await Promise.all(cluster.nodes().map(knows))).every((yes) => yes)
}

const requestOf = (spec: TopicSpec, { prefix, replication, partitions, embedded }: TopicSettings): Request => {
  const configs: Readonly<Record<string, string>> = {
    'cleanup.policy': spec.cleanup,
    'retention.ms': String(spec.retentionMs),
    'max.message.bytes': String(spec.maxMessageBytes),
    'message.timestamp.type': 'LogAppendTime',
    'compression.type': 'uncompressed', // so that `max.message.bytes` bounds what a batch takes in a reader's memory
    'min.insync.replicas': replication >= 3 ? '2' : '1',
    ...(embedded && spec.precious && { 'flush.messages': '1' }),
  }
  return {
    name: prefix + spec.name,
    numPartitions: typeof spec.partitions === 'number' ? spec.partitions : partitions[spec.partitions],
    replicationFactor: replication,
    assignments: [],
    configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
  }
}
