import { deadLetterRecord } from '../wire/dead-letters.ts'
import type { DeadLetter } from '../words/dead-letter.ts'
import type { Outgoing } from '../words/record.ts'
import type { Delivery, Reader } from './ports.ts'
import type { Retry } from './retry.ts'
import type { Stop } from './stop.ts'
import type { Stage, Verdict } from './verdict.ts'

/** How a loop works on what it reads. */
export type StageLoop = Readonly<{
  name: string
  stage: Stage
  retry: Retry
  /**
   * Runs the work on one record. `inOrder` asks the stage record by record and lets the writing of the answers overlap;
   * `lanes` lets records overlap as a whole, those of one lane one after another.
   */
  schedule: Schedule
}>

export type Schedule = (delivery: Delivery, work: () => Promise<void>) => Promise<void> | void

/**
 * The one consumer loop: read, ask the stage, settle. Pulling is the back-pressure: the reader gives no more than its budget.
 * Ends when `stop.reading` aborts and what is in hand is settled, or dropped by `stop.working`. Throws the first thing that went wrong.
 */
export async function runStage(reader: Reader, loop: StageLoop, stop: Stop): Promise<void> {
  const broken = new AbortController()
  const working = AbortSignal.any([stop.working, broken.signal])
  const inHand = new Set<Promise<void>>()

  const work = async (delivery: Delivery): Promise<void> => {
    const signal = AbortSignal.any([working, delivery.lost])
    try {
      const verdict = await loop.retry(() => loop.stage(delivery.record, signal), signal)
      await loop.retry(() => delivery.settle(stepsOf(verdict, delivery, loop.name)), signal)
    } catch (error) {
      if (!signal.aborted) broken.abort(error)
    }
  }

  for await (const delivery of reader.deliveries(AbortSignal.any([stop.reading, broken.signal]))) {
    const done = Promise.resolve(loop.schedule(delivery, () => work(delivery))).finally(() => inHand.delete(done))
    inHand.add(done)
  }
  await Promise.all(inHand)
  if (broken.signal.aborted) throw broken.signal.reason
}

const stepsOf = (verdict: Verdict, delivery: Delivery, stage: string): readonly (readonly Outgoing[])[] => {
  switch (verdict.kind) {
    case 'emit':
      return verdict.steps
    case 'drop':
      return []
    case 'bury':
      return [[deadLetterRecord(letterOf(verdict, delivery, stage))]]
    default:
      return verdict satisfies never
  }
}

const letterOf = (verdict: Verdict & { kind: 'bury' }, delivery: Delivery, stage: string): DeadLetter => ({
  reason: verdict.fault.code,
  detail: verdict.fault.message,
  stage,
  project: verdict.letter?.project ?? null,
  message: verdict.letter?.message ?? null,
  run: verdict.letter?.run ?? null,
  record: delivery.record,
})
