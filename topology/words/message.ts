import type { MessageId, Origin } from './ids.ts'
import type { JsonObject } from './json.ts'

/**
 * One fact that came in. It never changes; all that follows points back to its id.
 * `body` are the bytes as received; what filters and jobs see is derived from them.
 */
export type Message = Readonly<{
  id: MessageId
  project: string
  kind: 'message' | 'tick'
  /** Name of the source, or null when somebody published without naming one. */
  source: string | null
  /** Order key: messages of one key reach one job in order. */
  key: string
  contentType: string
  body: Buffer
  /** HTTP or record headers that may be shown and searched. */
  headers: Readonly<Record<string, string>>
  /** What the job sees as `state.request` (`semantics.md` 5). */
  request: JsonObject
  /** Append time in the intake topic: what rows are listed and kept by. */
  receivedAt: Date
  /** Empty at arrival; the id of the action for a replay. */
  replay: string
  traceparent: string | null
  origin: Origin
}>

/** A message on its way into the log: it has no place and no append time yet. */
export type NewMessage = Omit<Message, 'receivedAt' | 'origin' | 'replay' | 'kind'>
