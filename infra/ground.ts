import { backoff, type Retry, retryFaults } from '../topology/flow/retry.ts'
import { unlessAborted } from '../topology/flow/stop.ts'
import type { TopicSpec } from '../topology/topics.ts'
import { type OpenCatalogue, openCatalogue } from './catalogue/open.ts'
import { kafkaAccess } from './kafka/access.ts'
import { type KafkaLog, openKafka } from './kafka/open.ts'
import { type OpenMeter, openMeter } from './metrics/open.ts'
import { measureProgress } from './metrics/progress.ts'
import type { House } from './role.ts'

/** What every role stands on: the log, the definitions as far as they go now, and what counts. */
export type Ground = AsyncDisposable &
  Readonly<{
    log: KafkaLog
    catalogue: OpenCatalogue
    meter: OpenMeter
    /** Tries again what the world refuses, for as long as it takes, and counts that for the role. */
    retryOf(role: string): Retry
    /** The same for what a start waits for, which a stop ends at once, whatever has no answer yet. */
    persist<T>(act: () => Promise<T>): Promise<T>
  }>

export type GroundOptions = Readonly<{
  brokers: readonly string[]
  embedded: boolean
  /** What must be there before anything begins; made where it is missing. */
  topics: readonly TopicSpec[]
  /** A new one when it is not given. */
  meter?: OpenMeter
  /** Told what is waited for, each time that it is not there. */
  onWait?: (why: string) => void
}>

/** Connects to Kafka, waiting for it if need be, and reads the definitions to their end. */
export const openGround = async (
  { config, logger, stop }: House,
  { brokers, embedded, topics, meter = openMeter(), onWait = () => {} }: GroundOptions,
): Promise<Ground> => {
  const retryOf = (role: string, onRetry: (why: string) => void = () => {}): Retry =>
    retryFaults(backoff(100, 10_000), (error, attempt) => {
      onRetry(error.message)
      meter.add('penstock_retries_total', { role, fault: error.code })
      if (attempt % 10 === 3) logger.warn({ part: role, fault: error.code }, `Trying again, and on: ${error.message}`)
    })
  const retry = retryOf('start', onWait)
  const persist = <T>(act: () => Promise<T>): Promise<T> => unlessAborted(retry(act, stop.reading), stop.reading)
  await using opening = new AsyncDisposableStack()
  const options = { ...kafkaAccess(config), brokers, embedded, logger }
  const log = opening.use(await persist(() => openKafka(options)))
  await persist(() => log.ensureTopics(topics))
  const catalogue = opening.use(await openCatalogue(log, { logger, signal: stop.reading }))
  measureProgress(meter, log)
  const opened = opening.move()
  return { log, catalogue, meter, retryOf, persist, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}
