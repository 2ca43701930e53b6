import { hash, randomUUID } from 'node:crypto'
import type { Brand } from './brand.ts'

export type MessageId = Brand<'MessageId'>
export type RunId = Brand<'RunId'>
export type SourceId = Brand<'SourceId'>
/** A name of a project, source, trigger or job: `[a-z0-9][a-z0-9-]{0,62}` (`semantics.md` 10). */
export type Name = Brand<'Name'>

/** Where a record lies in the log. */
export type Origin = Readonly<{ topic: string; partition: number; offset: bigint }>

/**
 * A new message id: UUID in v7 layout (RFC 9562), so it sorts by time as text and an id range is a time range.
 * The time is that of acceptance, the rest is random.
 */
export const newMessageId = (nowMs: number = Date.now()): MessageId =>
  (uuidTime(nowMs) + randomUUID().slice(15)) as MessageId // versions 4 and 7 are alike behind the version's digit

/** The id of a record that brought none: the same place in the same log gives the same message, for ever. */
export const messageIdOfRecord = (origin: Origin, timestampMs: number, cluster = ''): MessageId =>
  uuidV7(
    Math.min(Math.max(timestampMs, year2000), year2100),
    digest(cluster, origin.topic, String(origin.partition), String(origin.offset)),
  ) as MessageId

/** The same message, job, parent run and replay always give the same run, so a repeat cannot start a second one. */
export const runIdOf = (cause: RunCause): RunId =>
  uuidV7(timeOf(cause.message), digest(cause.message, cause.job, cause.parent ?? '', cause.replay)) as RunId

export type RunCause = Readonly<{ message: MessageId; job: string; parent: RunId | null; replay: string }>

/** The time in a v7 id, in milliseconds since 1970. */
export const timeOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)

/** A UUID of any version, in lower case. Ids that people write in capitals are lowered before (RFC 9562 section 4). */
export const isUuid = (text: string): boolean => uuid.test(text)

/** A message id from a record's header, or undefined when it is none: any UUID in v7 layout. */
export const parseMessageId = (text: string | undefined): MessageId | undefined =>
  text !== undefined && uuid.test(text) && text[14] === '7' ? (text as MessageId) : undefined

export const isName = (text: string): text is Name => name.test(text)

/** `random`: 20 or more hexadecimal digits, of which version and variant take six bits. */
const uuidV7 = (timeMs: number, random: string): string => {
  const variant = ((Number.parseInt(random.charAt(4), 16) & 3) | 8).toString(16)
  return `${uuidTime(timeMs)}${random.slice(1, 4)}-${variant}${random.slice(5, 8)}-${random.slice(8, 20)}`
}

/** A v7 id up to its version. Under load many are made in one millisecond. */
const uuidTime = (timeMs: number): string => {
  if (timeMs === lastTime.ms) return lastTime.text
  const time = Math.trunc(timeMs).toString(16).padStart(12, '0')
  lastTime = { ms: timeMs, text: `${time.slice(0, 8)}-${time.slice(8)}-7` }
  return lastTime.text
}

let lastTime = { ms: Number.NaN, text: '' }

const digest = (...parts: readonly string[]): string => hash('sha256', parts.join('\n'), 'hex')

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const name = /^[a-z0-9][a-z0-9-]{0,62}$/
const year2000 = Date.UTC(2000, 0, 1)
const year2100 = Date.UTC(2100, 0, 1)
