import { Type } from 'typebox'
import { listedBodyBytes } from '../../sinks/clickhouse/read/messages.ts'
import { endStatuses } from '../../topology/words/run.ts'
import { runItem } from './run-schema.ts'
import { closed, listOf, orNull, texts, time, uuid } from './schema-words.ts'

export const messageStatuses = ['running', 'unmatched', ...endStatuses] as const

const columns = {
  id: uuid(),
  project: Type.String(),
  kind: Type.String({ description: 'message or tick' }),
  source: orNull(Type.String({ description: 'null for what was published to the topic' })),
  received_at: time(),
  key: Type.String({ description: 'what has one key is done in order' }),
  content_type: Type.String(),
  headers: texts('those that may be kept; names in lower case'),
  body: orNull(
    Type.String({ description: `as it came; null in lists when it is larger than ${listedBodyBytes} bytes` }),
  ),
  body_encoding: Type.Enum(['utf8', 'base64'], { description: 'base64 for what is not UTF-8' }),
  size: Type.Integer({ description: 'bytes of the body' }),
  parent_id: orNull(uuid('the message that this one was made of')),
  duplicate_of: orNull(uuid('the message that this one repeats')),
  origin: Type.String({ description: 'where it lay: topic, partition, offset' }),
  trace_id: Type.String({
    description: "the sender's trace, or its own id where the sender began none (W3C Trace Context)",
  }),
  status: orNull(
    Type.Enum(messageStatuses, {
      description:
        'of its whole chain: `running` while a run is open, else the worst of its last runs; `unmatched` when no job wanted it; null while that is not known',
    }),
  ),
}

const item = {
  id: '01a1fe89-6cb8-7f98-9417-b5b509236fbc',
  project: 'clinic',
  kind: 'message',
  source: 'inbox',
  received_at: '2026-11-21T14:36:21.628Z',
  key: 'A-17',
  content_type: 'application/json',
  headers: { 'content-type': 'application/json', 'x-patient-id': 'A-17' },
  body: '{"form":"registration","name":"Sample Willow"}',
  body_encoding: 'utf8',
  size: 46,
  parent_id: null,
  duplicate_of: null,
  origin: 'intake.clinic/0/0',
  trace_id: '01a1fe896cb87f989417b5b509236fbc',
  status: 'success',
}

/** A message as lists show it. */
export const messageItem = closed(columns, { $id: 'MessageItem', examples: [item] })

/** A message with its whole body and its runs, parents before children. */
export const wholeMessage = closed(
  { ...columns, runs: listOf(runItem) },
  { $id: 'Message', examples: [{ ...item, runs: [] }] },
)
