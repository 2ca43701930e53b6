import type { Cancels } from '../../topology/flow/cancels.ts'
import type { Schedule } from '../../topology/flow/run-stage.ts'
import type { Stop } from '../../topology/flow/stop.ts'
import { emit, type Stage } from '../../topology/flow/verdict.ts'
import { waitUntil } from '../../topology/flow/wait-until.ts'
import { retryStepMs } from '../../topology/topics.ts'
import { jobRecord } from '../../topology/wire/job.ts'
import { dueOf, parseRetryRecord, retryRecord } from '../../topology/wire/retry.ts'
import { headerOf, type Incoming } from '../../topology/words/record.ts'

/** A request that waits for its next attempt in, the same out: to its job when it is due or cancelled, else a step down the ladder for what is left. */
export const retryStage =
  (cancels: Pick<Cancels, 'of'>): Stage =>
  (record) => {
    const { request, hops } = parseRetryRecord(record)
    const now = Date.now()
    const waits = request.tried.dueAt - now > clockMs && !cancels.of(request.run)
    return emit([waits ? retryRecord(request, { hops: hops + 1, now }) : jobRecord(request)])
  }

/** Each record is asked about when it is due, is cancelled, or has lain for the step of its topic; until then it is in hand, and nothing of it is committed. */
export const whenDue =
  (stop: Stop, cancels: Pick<Cancels, 'watch'>): Schedule =>
  async ({ record, lost }, work) => {
    const cancelled = new AbortController()
    using _watched = cancels.watch(headerOf(record, 'penstock-run-id') ?? '', () => cancelled.abort())
    await waitUntil(wakeAt(record), [stop.reading, stop.working, lost, cancelled.signal])
    await work()
  }

const wakeAt = (record: Incoming): number =>
  Math.min(dueOf(record), record.timestamp + (retryStepMs(record.topic) ?? 0))

/** A timer may come a little early. */
const clockMs = 10
