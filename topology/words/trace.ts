import type { MessageId, RunId } from './ids.ts'

/**
 * A place in a trace, as the header `traceparent` says it (W3C Trace Context): `00-<trace id>-<span id>-<flags>`. In a record it names who caused
 * the record: the sender's span for a message and the runs that it starts, the parent run's span for a run that follows another.
 */
export type Traceparent = string

/**
 * A `traceparent` that is worth passing on, or null. One of a later version is taken for what version 00 knows of it (Trace Context level 2,
 * section 3.2.4).
 */
export const parseTraceparent = (text: string | null | undefined): Traceparent | null => {
  if (!text) return null
  if (wellFormed.test(text)) return text
  return later.test(text) ? `00${text.slice(2, fixedLength)}` : null
}

/**
 * The trace that a message belongs to: the one that its sender began, else its own. Its own has the id of the message as trace id, so every
 * process that reads the record says the same, and people who have one have the other. Not sampled, which is what a system says that decides
 * nothing about sampling; the flag `02` says that the right-most 7 bytes of the trace id are random, as a UUID's are.
 */
export const traceOf = ({ id, traceparent }: Readonly<{ id: MessageId; traceparent: string | null }>): Traceparent =>
  parseTraceparent(traceparent) ?? `00-${id.replaceAll('-', '')}-${spanIdOf(id)}-02`

/** The same trace, seen from a run: what it calls and what follows it has this as its parent. */
export const traceWithin = (traceparent: Traceparent, run: RunId): Traceparent =>
  `00-${traceIdOf(traceparent)}-${spanIdOf(run)}-${traceparent.slice(53, fixedLength)}`

export const traceIdOf = (traceparent: Traceparent): string => traceparent.slice(3, 35)

/** The last 16 digits of an id: those that differ between the runs of a message. Never all zero, because of the variant's bits. */
const spanIdOf = (id: MessageId | RunId): string => id.slice(19).replace('-', '')

const fixedLength = 55
const ids = '(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}'
const wellFormed = new RegExp(`^00-${ids}$`)
const later = new RegExp(`^(?!00|ff)[0-9a-f]{2}-${ids}(-|$)`)
