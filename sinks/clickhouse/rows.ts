import { isUtf8 } from 'node:buffer'
import { parseTopic } from '../../topology/topics.ts'
import { parseDeadLetter } from '../../topology/wire/dead-letters.ts'
import type {
  Attempted,
  Finished,
  FinishedTexts,
  Matched,
  RunEvent,
  RunFacts,
  Started,
} from '../../topology/wire/runs.ts'
import { messageIdOfRecord, timeOf } from '../../topology/words/ids.ts'
import type { Json } from '../../topology/words/json.ts'
import type { Message } from '../../topology/words/message.ts'
import type { Incoming } from '../../topology/words/record.ts'
import type { LogLine, RunError } from '../../topology/words/run.ts'
import { type Traceparent, traceIdOf, traceOf } from '../../topology/words/trace.ts'
import type { Table } from './columns.ts'
import type { Cells } from './native.ts'
import { timeWithin } from './time-text.ts'

/**
 * A row and what it is a row of: of several with one `id` in a batch only that of the highest version need go in. `columns` are worked out when
 * they are asked for: a batch of rows in hand is much smaller so.
 */
export type Row = Readonly<{ table: Table; id: string; version: bigint; columns: () => Cells; arrival?: Arrival }>

/** What somebody waits for who sent a message: when it came in (milliseconds since 1970), and its trace. */
export type Arrival = Readonly<{ kind: 'message' | 'run'; at: number; traceId: string }>

/** A message as it came. A replay's record makes no second row. The first record of an id wins. */
export const messageRows = (message: Message): readonly Row[] => {
  if (message.replay !== '') return []
  const { id, project, kind, source, key, contentType, headers, body, receivedAt, origin } = message
  const version = firstWins(origin.offset)
  const trace_id = traceIdOf(traceOf(message))
  const columns = (): Cells => ({
    id,
    project,
    kind,
    source,
    received_at: timeWithin(receivedAt.getTime()),
    key,
    content_type: contentType,
    headers,
    ...textOrBase64('body', body),
    size: body.length,
    parent_id: null,
    duplicate_of: null,
    origin: `${origin.topic}/${origin.partition}/${origin.offset}`,
    trace_id,
    version,
  })
  const arrival = { kind: 'message', at: timeOf(id), traceId: trace_id } as const
  return [{ table: 'message_rows', id, version, columns, arrival }]
}

/** What an event of the topic `runs` says, as rows. */
export const runEventRows = (
  event: RunEvent | FinishedTexts,
  at: Pick<Incoming, 'offset' | 'timestamp'>,
): readonly Row[] => {
  switch (event.event) {
    case 'matched':
      return [...matchRows(event, at), ...event.runs.map((facts) => runRow(facts, queuedColumns, at.offset))]
    case 'started':
      return [runRow(event, () => startedColumns(event), begun + at.offset)]
    case 'attempt':
      return [runRow(event, () => attemptColumns(event), begun + at.offset)]
    case 'finished':
      return [finishedRow(event, at.offset)]
    default:
      return event satisfies never
  }
}

const finishedRow = (event: Ended, offset: bigint): Row => {
  const row = runRow(event, () => finishedColumns(event), end + firstWins(offset))
  if (event.replay !== '') return row
  return { ...row, arrival: { kind: 'run', at: timeOf(event.message_id), traceId: traceIdOf(traceOfRun(event)) } }
}

/** A dead letter, whatever it is. `plain`: as little as can be shown, for one that the store will not take as it is. */
export const deadLetterRow = (record: Incoming, { plain = false }: Readonly<{ plain?: boolean }> = {}): Row => {
  const letter = parseDeadLetter(record)
  const { topic, partition, offset, key, value, headers, timestamp } = letter.record
  const id = messageIdOfRecord({ topic, partition, offset }, timestamp, letter.stage)
  const named = parseTopic(topic)
  const columns = (): Cells => ({
    id,
    buried_at: timeWithin(record.timestamp),
    project: letter.project ?? named?.project ?? null,
    stage: letter.stage,
    reason: letter.reason,
    detail: letter.detail,
    message_id: letter.message,
    run_id: letter.run,
    topic,
    partition,
    offset,
    key: key?.toString('utf8') ?? null,
    headers: plain ? {} : Object.fromEntries([...headers].map(([name, bytes]) => [name, bytes.toString('utf8')])),
    ...(value === null || plain ? { value: null, value_encoding: 'utf8' } : textOrBase64('value', value)),
    size: value?.length ?? 0,
    version: firstWins(record.offset),
  })
  return { table: 'dead_letter_rows', id, version: firstWins(record.offset), columns }
}

const matchRows = (event: Matched, { timestamp, offset }: Pick<Incoming, 'offset' | 'timestamp'>): readonly Row[] => {
  const idle = event.triggers.filter((trigger) => !event.runs.some((run) => run.trigger === trigger))
  const found = [
    ...event.runs.map(({ trigger, job, run_id }) => ({ trigger, job, run_id })),
    ...idle.map((trigger) => ({ trigger, job: '', run_id: '' })),
    ...(event.runs.length === 0 ? [{ trigger: '', job: '', run_id: '' }] : []),
  ]
  const { message_id, project } = event
  const matched_at = timeWithin(timestamp)
  return found.map((match) => ({
    table: 'match_rows',
    id: [message_id, match.trigger, match.job, match.run_id].join('/'),
    version: offset,
    columns: () => ({ message_id, ...match, project, matched_at }),
  }))
}

/** A start, or the end of an attempt, says more than a queued row, also when the filter's word comes after it; an end says all, and the first end wins (design.md 4). */
const begun = 2n ** 61n
const end = 2n ** 63n
const firstWins = (offset: bigint): bigint => 2n ** 62n - offset

const runRow = (facts: RunFacts, more: () => Cells, version: bigint): Row => ({
  table: 'run_rows',
  id: facts.run_id,
  version,
  columns: () => ({
    id: facts.run_id,
    project: facts.project,
    job: facts.job,
    job_version: facts.job_version,
    message_id: facts.message_id,
    key: facts.key,
    parent_run_id: facts.parent_run_id,
    retry_of: facts.retry_of,
    trigger: facts.trigger,
    trigger_kind: facts.trigger_kind,
    depth: facts.depth,
    queued_at: timeIn(facts.queued_at),
    trace_id: traceIdOf(traceOfRun(facts)),
    ...more(),
    version,
  }),
})

const traceOfRun = ({ message_id, traceparent }: RunFacts): Traceparent =>
  traceOf({ id: message_id, traceparent: traceparent ?? null })

const queuedColumns = (): Cells => ({ status: 'queued' })

const startedColumns = ({ started_at, attempt }: Started): Cells => ({
  status: 'running',
  started_at: timeIn(started_at),
  attempts: attempt,
})

const attemptColumns = (event: Attempted): Cells => ({
  adaptor: event.adaptor,
  status: 'waiting',
  ...errorColumns(event.error),
  exit_code: event.exit_code,
  attempts: event.attempt,
  starts: event.starts,
  started_at: timeIn(event.started_at),
  due_at: timeIn(event.due_at),
  calls: JSON.stringify(event.calls ?? []),
  ...logColumns(event.log),
})

const finishedColumns = (event: Ended): Cells => {
  const log = Buffer.isBuffer(event.log) ? (JSON.parse(event.log.toString('utf8')) as readonly LogLine[]) : event.log
  return {
    adaptor: event.adaptor,
    status: event.status,
    ...errorColumns(event.error),
    exit_code: event.exit_code,
    attempts: event.attempts,
    starts: event.starts,
    started_at: timeIn(event.started_at),
    finished_at: timeIn(event.finished_at),
    duration_ms: event.duration_ms,
    calls: JSON.stringify(event.calls ?? []),
    input: jsonText(event.input),
    final_state: event.status === 'success' ? textOfState(event.final_state) : jsonText(event.final_state),
    ...logColumns(log),
  }
}

const errorColumns = (error: RunError | null): Cells =>
  error === null
    ? {}
    : {
        error_type: error.name,
        error_message: error.message,
        error_line: error.line,
        error_column: error.column,
        error_operation: error.operation,
        error_details: jsonText(error.details),
      }

const logColumns = (log: readonly LogLine[]): Cells => ({
  'log.time': log.map(({ time }) => timeIn(time)),
  'log.level': log.map(({ level }) => level),
  'log.source': log.map(({ source }) => source),
  'log.message': log.map(({ message }) => message),
})

type Ended = Finished | FinishedTexts

const textOfState = (state: Json | Buffer): string | Buffer => (Buffer.isBuffer(state) ? state : JSON.stringify(state))

const jsonText = (state: Json | Buffer): string | Buffer | null =>
  state === null || (Buffer.isBuffer(state) && state.equals(nothing)) ? null : textOfState(state)
const nothing = Buffer.from('null')

/** As milliseconds. The lines of a log often have the time of the line before. */
const timeIn = (text: string): number => {
  if (text !== lastText) [lastText, lastTime] = [text, timeWithin(Date.parse(text))]
  return lastTime
}
let [lastText, lastTime] = ['', 0]

const textOrBase64 = (name: string, bytes: Buffer): Cells =>
  isUtf8(bytes)
    ? { [name]: bytes, [`${name}_encoding`]: 'utf8' }
    : { [name]: bytes.toString('base64'), [`${name}_encoding`]: 'base64' }
