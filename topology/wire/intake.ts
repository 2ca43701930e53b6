import { Fault } from '../flow/fault.ts'
import { intakeTopic, parseTopic } from '../topics.ts'
import { type MessageId, messageIdOfRecord, parseMessageId } from '../words/ids.ts'
import { isJsonObject, type JsonObject } from '../words/json.ts'
import type { Message, NewMessage } from '../words/message.ts'
import { headerOf, type Incoming, type Outgoing } from '../words/record.ts'
import { traceOf } from '../words/trace.ts'

/** `intake.<project>`: the value is the body as received, all else is in headers (design.md 3). */
export const intakeRecord = (message: NewMessage): Outgoing => {
  const headers: Record<string, string> = {
    'penstock-message-id': message.id,
    'content-type': message.contentType,
    'penstock-request': JSON.stringify(message.request),
  }
  if (message.source !== null) headers['penstock-source'] = message.source
  if (message.traceparent !== null) headers['traceparent'] = message.traceparent
  for (const name in message.headers) headers[`http-${name}`] = message.headers[name] ?? ''
  return { topic: intakeTopic(message.project), key: message.key, value: message.body, headers }
}

/**
 * A message from any record of an intake topic, written by us or by anybody: a missing or bad id is made from the record's place, a missing
 * value is the body `null` (a tombstone). Throws Fault `headers-unreadable` only for a topic that is no intake topic.
 */
export const parseIntake = (record: Incoming): Message => {
  const topic = parseTopic(record.topic)
  if (topic?.kind !== 'intake') throw new Fault('headers-unreadable', `${record.topic} is not an intake topic`)
  const { topic: name, partition, offset } = record
  const origin = { topic: name, partition, offset }
  const id = parseMessageId(headerOf(record, 'penstock-message-id')) ?? messageIdOfRecord(origin, record.timestamp)
  const headers = shownHeaders(record, id)
  return {
    id,
    project: topic.project,
    kind: 'message',
    source: headerOf(record, 'penstock-source') ?? null,
    key: record.key?.toString('utf8') || id,
    contentType: headerOf(record, 'content-type') ?? 'application/json',
    body: record.value ?? tombstone,
    headers,
    request: requestOf(record) ?? published(record, headers),
    receivedAt: dateOf(record),
    replay: headerOf(record, 'penstock-replay') ?? '',
    traceparent: headerOf(record, 'traceparent') ?? null,
    origin,
  }
}

/** What makes two intake records the same; a record without a valid id is like no other. */
export const intakeIdOf = (record: Incoming): string | undefined => {
  const id = parseMessageId(headerOf(record, 'penstock-message-id'))
  return id && `${id}/${headerOf(record, 'penstock-replay') ?? ''}`
}

const tombstone = Buffer.from('null')

const requestOf = (record: Incoming): JsonObject | undefined => {
  const text = headerOf(record, 'penstock-request')
  if (text === undefined) return undefined
  try {
    const request: unknown = JSON.parse(text)
    return isJsonObject(request) ? request : undefined
  } catch {
    return undefined // somebody else's header of that name: the record is then like any published one
  }
}

const published = (record: Incoming, headers: Readonly<Record<string, string>>): JsonObject => ({
  headers,
  key: record.key?.toString('utf8') ?? null,
  topic: record.topic,
  partition: record.partition,
  offset: Number(record.offset),
  timestamp: dateOf(record).toISOString(),
})

/** Somebody else's producer may write any number there; what no date can be (ECMA-262, "Time Values") is the first or the last. */
const dateOf = ({ timestamp }: Incoming): Date => new Date(Math.min(Math.max(timestamp, -8.64e15), 8.64e15))

/**
 * Ours are left out, also the trace that the message began itself, for its sender named none; HTTP's lose their prefix. Text is made
 * well-formed, so that every store takes it.
 */
const shownHeaders = (record: Incoming, id: MessageId): Readonly<Record<string, string>> => {
  const own = traceOf({ id, traceparent: null })
  const shown: [string, string][] = []
  for (const [name, value] of record.headers) {
    const text = value.toString('utf8')
    if (name.startsWith('http-')) shown.push([name.slice(5), text])
    else if (!name.startsWith('penstock-') && !(name === 'traceparent' && text === own)) shown.push([name, text])
  }
  return Object.fromEntries(shown)
}
