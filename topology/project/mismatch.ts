import type { Message } from '../words/message.ts'
import type { Trigger } from './project.ts'

export const mismatchProblems = [
  'other-source',
  'unreadable',
  'missing',
  'other-type',
  'other-value',
  'no-element',
  'excluded',
  'unexplained',
] as const

/** Why a message does not match a trigger: the first thing that is not as the trigger wants it, in the order of its filter. */
export type Mismatch = Readonly<{
  /**
   * `no-element`: an array has no element that would do. `excluded`: what `not` forbids is there. `unexplained`: the message and the filter
   * are too large to be compared piece by piece.
   */
  problem: (typeof mismatchProblems)[number]
  /** A JSONPath such as `$.triage[*].level`; null where it is not about a place in the body. */
  path: string | null
  /** The place in the body that came nearest, such as `$.triage[1].level`, where the path leads through arrays. */
  nearest: string | null
  /** JSON, cut when it is long. Numbers have all of their digits. */
  wanted: string | null
  found: string | null
  /** All of it as one sentence. */
  message: string
}>

/** What a trigger asks of a message. */
export type Wish = Pick<Trigger & { kind: 'message' }, 'filter' | 'not' | 'sources'>

/**
 * Of triggers makes what says for each of them why a message does not match it, or null when it does. Says of a body that cannot be read
 * `unreadable`; never throws.
 */
export type Explain = (
  triggers: readonly Wish[],
) => (message: Pick<Message, 'source' | 'contentType' | 'body'>) => readonly (Mismatch | null)[]
