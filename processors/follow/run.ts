import { reportBurials } from '../../topology/flow/burials.ts'
import { openCancels } from '../../topology/flow/cancels.ts'
import type { Logger, MessageLog, ReaderOptions } from '../../topology/flow/ports.ts'
import type { Retry } from '../../topology/flow/retry.ts'
import { inOrder, runStage, type Schedule } from '../../topology/flow/run-stage.ts'
import type { Stop } from '../../topology/flow/stop.ts'
import type { Stage } from '../../topology/flow/verdict.ts'
import { counted, limitBurials, safely } from '../../topology/flow/wrappers.ts'
import type { Meter } from '../../topology/metrics.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'
import { retryTopics, runsTopic } from '../../topology/topics.ts'
import { cancelDone } from '../../topology/wire/control.ts'
import { retryRecordIdOf } from '../../topology/wire/retry.ts'
import { runRecordIdOf } from '../../topology/wire/runs.ts'
import { retryStage, whenDue } from './retries.ts'
import { followStage } from './stage.ts'
import { tidied } from './tidied.ts'

export type FollowParts = Readonly<{
  log: MessageLog
  catalogue: Catalogue
  meter: Meter
  logger: Logger
  retry: Retry
}>

/**
 * The role `follow`: reads how runs ended and asks for what that starts, and keeps what waits for its next attempt until that is due; until
 * stopped. What waits has a reader of its own, so that it takes none of the room of what does not.
 */
export async function runFollow(parts: FollowParts, stop: Stop): Promise<void> {
  const { log, logger, catalogue } = parts
  await using cancels = await openCancels(log, { logger, signal: stop.reading })
  await log.append(cancels.outdated().map(cancelDone))
  const broken = new AbortController()
  const both: Stop = {
    reading: AbortSignal.any([stop.reading, broken.signal]),
    working: AbortSignal.any([stop.working, broken.signal]),
  }
  const ends = {
    group: 'follow',
    topics: [runsTopic],
    idOf: runRecordIdOf,
    stage: tidied(cancels, followStage(catalogue)),
  }
  const retries = { group: 'follow-retries', topics: retryTopics, idOf: retryRecordIdOf, stage: retryStage(cancels) }
  const loops = [
    runLoop(parts, { ...ends, schedule: inOrder(), stop: both }),
    runLoop(parts, { ...retries, schedule: whenDue(both, cancels), budgetBytes: 16_000_000, stop: both }),
  ]
  for (const loop of loops) loop.catch((error: unknown) => broken.abort(error))
  await Promise.allSettled(loops)
  if (broken.signal.aborted) throw broken.signal.reason
}

type Loop = ReaderOptions & Readonly<{ topics: readonly string[]; stage: Stage; schedule: Schedule; stop: Stop }>

const runLoop = async (
  { log, meter, logger, retry }: FollowParts,
  { topics, stage, schedule, stop, ...options }: Loop,
): Promise<void> => {
  await using reader = log.reader(options)
  reader.subscribe(topics)
  const count = ({ kind }: { kind: string }) => meter.add('penstock_follow_verdicts_total', { verdict: kind })
  await runStage(
    reader,
    {
      name: 'follow',
      stage: counted(count, limitBurials(50, safely(stage))),
      retry,
      schedule,
      onBurial: reportBurials({ meter, logger }),
    },
    stop,
  )
}
