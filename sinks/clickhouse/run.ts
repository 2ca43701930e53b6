import type { Delivery, Logger, MessageLog, Store } from '../../topology/flow/ports.ts'
import type { Retry } from '../../topology/flow/retry.ts'
import { type Stop, unlessAborted } from '../../topology/flow/stop.ts'
import type { Meter } from '../../topology/metrics.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'
import { deadLettersTopic, intakeTopic, runsTopic } from '../../topology/topics.ts'
import { deadLetterIdOf } from '../../topology/wire/dead-letters.ts'
import { intakeIdOf } from '../../topology/wire/intake.ts'
import { runRecordIdOf } from '../../topology/wire/runs.ts'
import type { Incoming } from '../../topology/words/record.ts'
import { batches } from './batches.ts'
import { takeBatch } from './take-batch.ts'

export type SinkWork = Readonly<{
  log: MessageLog
  store: Store
  catalogue: Catalogue
  meter: Meter
  logger: Logger
  /** For what the store or the log cannot do now: must not give up. */
  retry: Retry
}>

/**
 * Everything that happens comes to rest in the store: intake, runs and dead letters of all projects, in batches, within 2 s. While the
 * store is away nothing is settled, so nothing is lost. Ends when `stop.reading` aborts and what is in hand is stored, or dropped by
 * `stop.working`.
 */
export async function runSink({ log, catalogue, ...work }: SinkWork, stop: Stop): Promise<void> {
  const broken = new AbortController()
  const reading = AbortSignal.any([stop.reading, broken.signal])
  await using reader = log.reader({
    group: 'sink',
    idOf: recordIdOf,
    budgetBytes: 2 * batchLimits.weight,
    share: 1 / 2,
    lingerMs: 250, // a read a record, as those have who work at once, would cost the broker and us more than the insert does
  })
  const subscribe = (): void =>
    reader.subscribe([runsTopic, deadLettersTopic, ...[...catalogue.known().keys()].map(intakeTopic)])
  using _followed = catalogue.onChange(subscribe)
  subscribe()

  const take = async (batch: readonly Delivery[]): Promise<void> => {
    try {
      await unlessAborted(takeBatch({ ...work, signal: stop.working }, batch), stop.working)
    } catch (error) {
      broken.abort() // nobody will ask for more: the reading must not be waited for
      throw error
    }
  }
  try {
    for await (const batch of batches(reader.deliveries(reading), batchLimits)) await take(batch)
    await reader.commit()
  } catch (error) {
    if (!stop.working.aborted) throw error
  }
}

const batchLimits = {
  count: 20_000,
  weight: 32_000_000,
  weightOf: ({ record }: Delivery): number => (record.value?.length ?? 0) + 500,
  withinMs: 300, // each insert syncs some 20 files, on the disk that acknowledgements may wait for, too
  many: 500,
  manyWithinMs: 1_000,
}

/** What is stored once, however often it was written. */
const recordIdOf = (record: Incoming): string | undefined => {
  if (record.topic === runsTopic) return runRecordIdOf(record)
  if (record.topic === deadLettersTopic) return deadLetterIdOf(record)
  return intakeIdOf(record)
}
