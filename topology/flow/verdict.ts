import type { Incoming, Outgoing } from '../words/record.ts'
import type { Fault } from './fault.ts'

/** What a stage says of one record. Only the loop acts on it. */
export type Verdict =
  /** Records to write, in steps: a step is written when all of the step before is acknowledged. */
  | Readonly<{ kind: 'emit'; steps: readonly (readonly Outgoing[])[] }>
  | Readonly<{ kind: 'drop'; reason: string }>
  /** `letter` says what is known of the record for the dead letter. */
  | Readonly<{ kind: 'bury'; fault: Fault; letter?: Readonly<{ project?: string; message?: string; run?: string }> }>

export const emit = (...steps: (readonly Outgoing[])[]): Verdict => ({ kind: 'emit', steps })
export const drop = (reason: string): Verdict => ({ kind: 'drop', reason })
export const bury = (fault: Fault, letter: { project?: string; message?: string; run?: string } = {}): Verdict => ({
  kind: 'bury',
  fault,
  letter,
})

/** A stage is a function. It does not publish, commit, retry, count or log; it answers. */
export type Stage = (record: Incoming, signal: AbortSignal) => Verdict | Promise<Verdict>
