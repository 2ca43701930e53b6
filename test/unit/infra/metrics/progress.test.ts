import { expect, test } from 'vitest'
import { openMeter } from '../../../../infra/metrics/open.ts'
import { measureProgress, overdueIn, silenceOf } from '../../../../infra/metrics/progress.ts'
import type { PartitionProgress, Progress } from '../../../../topology/flow/ports.ts'
import { intakeTopic, jobTopic, retentionMsOf, runsTopic } from '../../../../topology/topics.ts'

const day = 86_400_000
const now = Date.UTC(2026, 10, 21)
const intake = intakeTopic('clinic')

const logOf = (...progress: readonly Progress[]) => ({ progress: () => progress })
const member = (group: string, partitions: readonly PartitionProgress[], silentMs: number | null = 500): Progress => ({
  group,
  assignments: 2,
  silentMs,
  partitions,
})
const partition = (
  topic: string,
  ageDays: number | null,
  some: Partial<PartitionProgress> = {},
): PartitionProgress => ({
  topic,
  partition: 0,
  lag: ageDays === null ? 0 : 5,
  oldestAt: ageDays === null ? null : now - ageDays * day,
  ...some,
})

test('lag is shown by partition, age by topic, and what leaves is shown no more', async () => {
  const meter = openMeter()
  const partitions = [
    partition(intake, 1),
    partition(intake, 2, { partition: 1, lag: 7 }),
    partition(jobTopic('clinic', 'register'), null),
  ]
  measureProgress(meter, logOf(member('filter', partitions), member('idle', [], null)), () => now)
  const text = await meter.text()
  for (const line of [
    'penstock_consumer_lag_records{group="filter",topic="intake.clinic",partition="0"} 5',
    'penstock_consumer_lag_records{group="filter",topic="intake.clinic",partition="1"} 7',
    'penstock_consumer_lag_records{group="filter",topic="job.clinic.register",partition="0"} 0',
    'penstock_consumer_oldest_unworked_seconds{group="filter",topic="intake.clinic"} 172800',
    'penstock_consumer_oldest_unworked_seconds{group="filter",topic="job.clinic.register"} 0',
    'penstock_topic_retention_seconds{topic="intake.clinic"} 604800',
    'penstock_consumer_partitions{group="filter"} 3',
    'penstock_consumer_partitions{group="idle"} 0',
    'penstock_consumer_rebalances_total{group="filter"} 2',
    'penstock_consumer_heartbeat_age_seconds{group="filter"} 0.5',
  ])
    expect(text).toContain(`${line}\n`)
  expect(text).not.toContain('penstock_consumer_heartbeat_age_seconds{group="idle"}')
  expect(text).not.toContain('\npenstock_sink_lag_seconds ') // no sink here

  partitions.splice(1)
  const later = await meter.text()
  expect(later).not.toContain('partition="1"')
  expect(later).not.toContain('topic="job.clinic.register"')
})

test('the store is behind by the oldest record that the sink has not stored', async () => {
  const meter = openMeter()
  measureProgress(meter, logOf(member('sink', [partition(intake, null), partition(runsTopic, 0.5)])), () => now)
  expect(await meter.text()).toContain('penstock_sink_lag_seconds 43200\n')
})

test('what lies unworked beyond 80 % of what its topic keeps is told, the worst of it', () => {
  const keptDays = (retentionMsOf(intake) ?? 0) / day
  expect(keptDays).toBe(7)
  expect(overdueIn(logOf(), now)).toBeNull()
  expect(overdueIn(logOf(member('filter', [partition(intake, 0.79 * keptDays)])), now)).toBeNull()
  const late = member('filter', [partition(intake, 0.81 * keptDays), partition(runsTopic, 0.9 * keptDays)])
  expect(overdueIn(logOf(late), now)).toBe(
    'the oldest record of runs that filter has not worked on is 6.3 days old, and the topic keeps 7.0 days; so it is in 1 more topics',
  )
  expect(overdueIn(logOf(member('x', [partition('theirs', 1_000)])), now)).toBeNull()
})

test('a role that Kafka does not answer is not well, one that has not joined yet is', () => {
  const log = logOf(member('filter', [], 20_000), member('runner', [], 1_000), member('sink', [], null))
  expect(silenceOf(log, 'filter')).toBe('Kafka has not answered for 20 s')
  for (const group of ['runner', 'sink', 'unheard-of']) expect(silenceOf(log, group)).toBeNull()
})
