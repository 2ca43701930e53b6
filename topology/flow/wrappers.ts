import type { Incoming } from '../words/record.ts'
import { Fault, faults, isBurial } from './fault.ts'
import { bury, type Stage, type Verdict } from './verdict.ts'

/** A bug that one record wakes up must not stop the others: it goes to the dead letters. Faults of the world stay what they are. */
export const safely =
  (stage: Stage): Stage =>
  async (record, hand) => {
    try {
      return await stage(record, hand)
    } catch (error) {
      hand.signal.throwIfAborted()
      if (isBurial(error)) return bury(error)
      if (error instanceof Fault && faults[error.code] !== 'bury') throw error
      return bury(new Fault('stage-broke', String(error), { cause: error }))
    }
  }

/**
 * Many bugs in a row mean that it is we who are broken: stop, and let the backlog wait. Bad input does not count, or anybody could
 * stop a role by sending some.
 */
export const limitBurials = (inARow: number, stage: Stage): Stage => {
  let broke = 0
  return async (record, hand) => {
    const verdict = await stage(record, hand)
    if (verdict.kind !== 'bury') {
      broke = 0
    } else if (verdict.fault.code === 'stage-broke' && ++broke > inARow) {
      throw new Error(`the stage broke on more than ${inARow} records in a row`, { cause: verdict.fault })
    }
    return verdict
  }
}

/** Tells of each verdict, for the metrics. */
export const counted =
  (count: (verdict: Verdict, record: Incoming) => void, stage: Stage): Stage =>
  async (record, hand) => {
    const verdict = await stage(record, hand)
    count(verdict, record)
    return verdict
  }
