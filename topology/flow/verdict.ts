import type { Incoming, Outgoing } from '../words/record.ts'
import type { Tried } from '../words/run.ts'
import type { Fault } from './fault.ts'

/** What a stage says of one record. Only the loop acts on it. */
export type Verdict =
  /** Records to write, in steps: a step is written when all of the step before is acknowledged. */
  | Readonly<{ kind: 'emit'; steps: readonly (readonly Outgoing[])[] }>
  | Readonly<{ kind: 'drop'; reason: string }>
  /** Records to write, as with `emit`, but the record is not done: it is asked about again when it is due. */
  | Readonly<{ kind: 'again'; steps: readonly (readonly Outgoing[])[]; tried: Tried }>
  /** `letter` says what is known of the record for the dead letter. */
  | Readonly<{ kind: 'bury'; fault: Fault; letter?: Readonly<{ project?: string; message?: string; run?: string }> }>

export const emit = (...steps: (readonly Outgoing[])[]): Verdict => ({ kind: 'emit', steps })
export const again = (tried: Tried, ...steps: (readonly Outgoing[])[]): Verdict => ({ kind: 'again', steps, tried })
export const drop = (reason: string): Verdict => ({ kind: 'drop', reason })
export const bury = (fault: Fault, letter: { project?: string; message?: string; run?: string } = {}): Verdict => ({
  kind: 'bury',
  fault,
  letter,
})

/** A stage is a function. It does not publish, commit, retry, count or log; it answers. */
export type Stage = (record: Incoming, hand: Hand) => Verdict | Promise<Verdict>

/** The record is in our hand. A stage whose work may take the process with it says when it begins. */
export type Hand = Readonly<{
  /** Aborts when the answer is not wanted any more: the loop stops, or the record is somebody else's. */
  signal: AbortSignal
  /** How often the work on this record had begun, in lives before, without coming to an end. */
  begun: number
  /** What attempts came to that have ended; undefined when this is the first. */
  tried: Tried | undefined
  /** Notes in the commit that the work begins, and says how often it has without an end, this time included. */
  begin(): number
  /** As `begin`, but resolves when the commit says so, and nothing takes it back: who has the record next knows that the work had begun. */
  beginForGood(): Promise<number>
}>
