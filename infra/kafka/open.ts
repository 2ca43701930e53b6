import type { Logger, MessageLog, Reader } from '../../topology/flow/ports.ts'
import type { RepeatsWindow } from '../../topology/flow/repeats.ts'
import { type ClusterOptions, openCluster } from './cluster.ts'
import { unavailable } from './errors.ts'
import { makeTopics } from './make-topics.ts'
import { openReader } from './reader.ts'
import { recordLimits } from './record-limits.ts'
import { tailOf } from './tail.ts'
import { openWriter } from './writer.ts'

export type KafkaOptions = Readonly<{
  /** `host:port` of some brokers; the others are found through them. */
  brokers: readonly string[]
  clientId: string
  /** What the names of our topics and groups begin with. */
  prefix?: string
  tls?: ClusterOptions['tls']
  sasl?: ClusterOptions['sasl']
  answerMs?: ClusterOptions['answerMs']
  /** Copies of each topic that we make. */
  replication: number
  /** Partitions of the topics that we make. */
  partitions: Readonly<{ intake: number; job: number }>
  /** The broker is alone, on this machine: what is precious is synced to disk before it is acknowledged. */
  embedded: boolean
  logger: Logger
  /** After how long without a sign of life a member's partitions go to others. */
  sessionMs?: number
  heartbeatMs?: number
  /** How far back a reader knows a repeat. */
  repeats?: RepeatsWindow
}>

export type KafkaLog = MessageLog &
  Readonly<{
    /** Most bytes of a record of a topic; Infinity where it is not known (yet). */
    largestRecord(topic: string): number
  }>

/** Kafka as the house knows it. Throws Fault `log-unavailable` when no broker answers. */
export const openKafka = async (options: KafkaOptions): Promise<KafkaLog> => {
  const { logger, prefix = 'penstock.', sessionMs = 8_000, heartbeatMs = 1_000 } = options
  const server = { ...options, prefix }
  const cluster = await openCluster(server)
  const writer = openWriter(cluster, { prefix, logger })
  const door = openWriter(cluster, { prefix, logger }) // who waits for an answer does not wait for what stages write
  const readers = new Set<Reader>()
  const reading = {
    server,
    logger,
    sessionMs,
    heartbeatMs,
    rebalanceMs: 10_000,
    drainMs: 4_000,
    commitMs: 200,
    repeats: options.repeats ?? { ms: 120_000, records: 200_000 },
  }

  return {
    append: (records) => writer.append(records),
    tryAppend: door.tryAppend,
    largestRecord: recordLimits(cluster, { prefix, logger }),
    reader(wish) {
      const reader = openReader(cluster, writer, { ...reading, ...wish })
      readers.add(reader)
      return {
        ...reader,
        async [Symbol.asyncDispose]() {
          readers.delete(reader)
          await reader[Symbol.asyncDispose]()
        },
      }
    },
    tail: (topic, signal) => tailOf(cluster, topic, { prefix, signal, logger }),
    ensureTopics: async (specs) => void (await makeTopics(cluster, specs, { ...options, prefix })),
    progress: () => [...readers].map((reader) => reader.progress()),
    async ping() {
      await cluster.refresh([]).catch((error: unknown) => {
        throw unavailable(error)
      })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...readers].map((reader) => reader[Symbol.asyncDispose]()))
      await Promise.all([writer[Symbol.asyncDispose](), door[Symbol.asyncDispose]()])
      await cluster[Symbol.asyncDispose]()
    },
  }
}
