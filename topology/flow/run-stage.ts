import { parseTopic } from '../topics.ts'
import { deadLetterRecord } from '../wire/dead-letters.ts'
import type { DeadLetter } from '../words/dead-letter.ts'
import { headerOf, type Outgoing } from '../words/record.ts'
import type { Tried } from '../words/run.ts'
import { isBurial } from './fault.ts'
import { lanes } from './lanes.ts'
import type { Delivery, Reader } from './ports.ts'
import type { Retry } from './retry.ts'
import { aborted, type Stop } from './stop.ts'
import { turns } from './turns.ts'
import { bury, type Stage, type Verdict } from './verdict.ts'

/** How a loop works on what it reads. */
export type StageLoop = Readonly<{
  name: string
  stage: Stage
  retry: Retry
  schedule: Schedule
  /** Told of each dead letter that is about to be written, for the metrics and the log. */
  onBurial?: (letter: DeadLetter) => void
}>

/** Decides when the work on one record is done: in a lane, through a gate, at once. */
export type Schedule = (delivery: Delivery, work: Work) => Promise<unknown> | undefined

/**
 * Asks the stage and settles. With a turn, the asking and the first write happen in it, and the acknowledgement is waited for outside. Says when
 * (milliseconds since 1970) it is to be called again, if the stage wants that; never to be called too early, but on the way out.
 */
export type Work = (turn?: Turn) => Promise<number | undefined>
export type Turn = <T>(ask: () => Promise<T>) => Promise<T>

/**
 * Asks the stage record by record in the order of each partition, and begins to write the answers in that order; the writing itself
 * overlaps, so that a quick stage is not held up by a round trip a record.
 */
export const inOrder = (): Schedule => {
  const partitions = lanes()
  return ({ record }, work) => work((ask) => partitions.run(`${record.topic}/${record.partition}`, ask))
}

/**
 * The one consumer loop: read, ask the stage, settle. Pulling is the back-pressure: the reader gives no more than its budget.
 * Ends when `stop.reading` aborts and what is in hand is settled, or at once, unsettled, when `stop.working` aborts; what was settled is
 * committed before it returns. Throws the first thing that went wrong, and drops what is in hand then.
 */
export async function runStage(reader: Reader, loop: StageLoop, stop: Stop): Promise<void> {
  const broken = new AbortController()
  const working = AbortSignal.any([stop.working, broken.signal])
  const signalOf = signals(working)
  const inHand = new Set<Promise<void>>()

  const workOn = (delivery: Delivery): Work => {
    const signal = signalOf(delivery.lost)
    let { begun, tried } = delivery
    const fail = (error: unknown): void => {
      if (!signal.aborted) broken.abort(error)
    }
    const ask = async () => {
      signal.throwIfAborted()
      if (stop.reading.aborted) return { written: undefined } // not begun: whoever reads on does it
      const { record, begin, beginForGood } = delivery
      const hand = { signal, begun, tried, begin, beginForGood }
      const verdict = await loop.retry(() => loop.stage(record, hand), signal)
      signal.throwIfAborted()
      return { written: settle(loop, { delivery, verdict, signal }) }
    }
    return async (turn = atOnce) => {
      try {
        const { written } = await turn(ask)
        const next = await written
        if (next) [begun, tried] = [0, next]
        return next?.dueAt
      } catch (error) {
        fail(error)
        return undefined
      }
    }
  }

  const take = async (delivery: Delivery): Promise<void> => {
    try {
      await loop.schedule(delivery, workOn(delivery))
    } catch (error) {
      broken.abort(error)
    }
  }

  try {
    const turn = turns(sliceMs) // a backlog is read without a pause
    for await (const delivery of reader.deliveries(AbortSignal.any([stop.reading, working]))) {
      const done = take(delivery)
      inHand.add(done)
      void done.finally(() => inHand.delete(done))
      const rest = turn()
      if (rest) await rest
    }
  } catch (error) {
    broken.abort(error)
  }
  await Promise.race([Promise.all(inHand), aborted(working)])
  if (broken.signal.aborted) throw broken.signal.reason
  await reader.commit()
}

const sliceMs = 5

const atOnce: Turn = (ask) => ask()

/** One signal for all deliveries of a partition: it aborts when the work is to be dropped, or the partition is lost. */
const signals = (working: AbortSignal): ((lost: AbortSignal) => AbortSignal) => {
  const both = new WeakMap<AbortSignal, AbortSignal>()
  return (lost) => {
    const signal = both.get(lost) ?? AbortSignal.any([working, lost])
    both.set(lost, signal)
    return signal
  }
}

type Answer = Readonly<{ delivery: Delivery; verdict: Verdict; signal: AbortSignal }>

/**
 * Calls the first write before it returns; what goes wrong is the promise's. A record that the log will not take is buried. What is to be tried again
 * is given back.
 */
const settle = async (loop: StageLoop, { delivery, verdict, signal }: Answer): Promise<Tried | undefined> => {
  try {
    const steps = stepsOf(loop, { delivery, verdict })
    const tried = verdict.kind === 'again' ? verdict.tried : undefined
    await loop.retry(() => (tried ? delivery.again(steps, tried) : delivery.settle(steps)), signal)
    return tried
  } catch (error) {
    if (!isBurial(error) || verdict.kind === 'bury') throw error
    return settle(loop, { delivery, verdict: bury(error), signal })
  }
}

const stepsOf = (loop: StageLoop, { delivery, verdict }: Omit<Answer, 'signal'>): readonly (readonly Outgoing[])[] => {
  switch (verdict.kind) {
    case 'emit':
    case 'again':
      return verdict.steps
    case 'drop':
      return []
    case 'bury': {
      const letter = letterOf(loop.name, delivery, verdict)
      loop.onBurial?.(letter)
      return [[deadLetterRecord(letter)]]
    }
    default:
      return verdict satisfies never
  }
}

/** What the stage did not say of the record, its topic and headers may. */
const letterOf = (stage: string, { record }: Delivery, { fault, letter }: Verdict & { kind: 'bury' }): DeadLetter => ({
  reason: fault.code,
  detail: fault.message,
  stage,
  project: letter?.project ?? parseTopic(record.topic)?.project ?? headerOf(record, 'penstock-project') ?? null,
  message: letter?.message ?? headerOf(record, 'penstock-message-id') ?? null,
  run: letter?.run ?? headerOf(record, 'penstock-run-id') ?? null,
  record,
})
