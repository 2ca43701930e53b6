import type { MessageLog, PartitionProgress, Progress } from '../../topology/flow/ports.ts'
import type { Meter, Series } from '../../topology/metrics.ts'
import { retentionMsOf } from '../../topology/topics.ts'

type Log = Pick<MessageLog, 'progress'>

/** Has the meter show how far the log's readers are. Only what they have: series of a partition go with it. */
export const measureProgress = (meter: Meter, log: Log, now: () => number = Date.now): void => {
  const ofPartitions = <T>(each: (group: string, partition: PartitionProgress) => T): readonly T[] =>
    log.progress().flatMap(({ group, partitions }) => partitions.map((partition) => each(group, partition)))

  meter.ask('penstock_consumer_lag_records', () =>
    ofPartitions((group, { topic, partition, lag }) => [{ group, topic, partition: String(partition) }, lag]),
  )
  meter.ask('penstock_consumer_oldest_unworked_seconds', () =>
    oldestByTopic(log.progress(), now()).map(({ group, topic, ageMs }) => [{ group, topic }, ageMs / 1_000]),
  )
  meter.ask('penstock_topic_retention_seconds', () => {
    const topics = new Set(ofPartitions((_, { topic }) => topic))
    return [...topics].flatMap((topic): readonly Series<'penstock_topic_retention_seconds'>[] => {
      const keptMs = retentionMsOf(topic)
      return keptMs === undefined ? [] : [[{ topic }, keptMs / 1_000]]
    })
  })
  meter.ask('penstock_consumer_partitions', () =>
    log.progress().map(({ group, partitions }) => [{ group }, partitions.length]),
  )
  meter.ask('penstock_consumer_rebalances_total', () =>
    log.progress().map(({ group, assignments }) => [{ group }, assignments]),
  )
  meter.ask('penstock_consumer_heartbeat_age_seconds', () =>
    log
      .progress()
      .flatMap(({ group, silentMs }) => (silentMs === null ? [] : [[{ group }, silentMs / 1_000] as const])),
  )
  meter.ask('penstock_sink_lag_seconds', () => {
    const ages = oldestByTopic(log.progress(), now()).filter(({ group }) => group === 'sink')
    return ages.length === 0 ? [] : [[{}, Math.max(...ages.map(({ ageMs }) => ageMs)) / 1_000]]
  })
}

/** What the log will soon delete although nobody has worked on it (over 80 % of its retention, design.md 4), as a sentence; else null. */
export const overdueIn = (log: Log, now: number = Date.now()): string | null => {
  const found = oldestByTopic(log.progress(), now).flatMap(({ group, topic, ageMs }) => {
    const keptMs = retentionMsOf(topic) ?? Number.POSITIVE_INFINITY
    return ageMs > 0.8 * keptMs ? [{ group, topic, ageMs, keptMs }] : []
  })
  const worst = found.toSorted((a, b) => b.ageMs / b.keptMs - a.ageMs / a.keptMs)[0]
  if (!worst) return null
  const { group, topic, ageMs, keptMs } = worst
  const others = found.length === 1 ? '' : `; so it is in ${found.length - 1} more topics`
  return `the oldest record of ${topic} that ${group} has not worked on is ${days(ageMs)} old, and the topic keeps ${days(keptMs)}${others}`
}

/** Why a role whose group has this name gets nothing to do although it runs, as a sentence; else null. */
export const silenceOf = (log: Log, group: string): string | null => {
  const silentMs = log.progress().find((one) => one.group === group)?.silentMs ?? 0
  return silentMs > silentTooLongMs ? `Kafka has not answered for ${Math.round(silentMs / 1_000)} s` : null
}

/** Longer than any heartbeat takes, and than a rebalance holds them up. */
const silentTooLongMs = 8_000

type Oldest = Readonly<{ group: string; topic: string; ageMs: number }>

const oldestByTopic = (progress: readonly Progress[], now: number): readonly Oldest[] => {
  const oldest: Oldest[] = []
  for (const { group, partitions } of progress) {
    const ages = new Map<string, number>()
    for (const { topic, oldestAt } of partitions) {
      const ageMs = oldestAt === null ? 0 : Math.max(0, now - oldestAt)
      ages.set(topic, Math.max(ages.get(topic) ?? 0, ageMs))
    }
    for (const [topic, ageMs] of ages) oldest.push({ group, topic, ageMs })
  }
  return oldest
}

const days = (ms: number): string => `${(ms / 86_400_000).toFixed(1)} days`
