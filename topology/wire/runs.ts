import { isUtf8 } from 'node:buffer'
import { Fault } from '../flow/fault.ts'
import { runsTopic } from '../topics.ts'
import type { MessageId, RunId } from '../words/ids.ts'
import { isJsonObject, type Json, mayHoldInexactNumber, parseExact } from '../words/json.ts'
import { headerOf, type Incoming, type Outgoing } from '../words/record.ts'
import type { EndStatus, LogLine, RunCall, RunError, RunRequest, TriggerKind } from '../words/run.ts'
import { traceOf, traceWithin } from '../words/trace.ts'
import { checkedRunEvent } from './run-checks.ts'

/** An event of the topic `runs` (design.md 3): JSON, with the names that SQL and the API have, so that nobody has to translate. */
export type RunEvent = Matched | Started | Attempted | Finished

/** The filter's word on a message, also when nothing matched. `runs` are the runs that it asked for. */
export type Matched = Readonly<{
  event: 'matched'
  project: string
  message_id: MessageId
  replay: string
  /** Names of all triggers that matched. */
  triggers: readonly string[]
  runs: readonly RunFacts[]
  definitions: string
}>

/** A run that takes longer than a second has begun. */
export type Started = Readonly<{ event: 'started'; started_at: string; attempt: number }> & RunFacts

/** An attempt of a run has ended, and another one is due. */
export type Attempted = RunFacts &
  Readonly<{
    event: 'attempt'
    adaptor: string
    attempt: number
    starts: number
    error: RunError | null
    exit_code: number
    started_at: string
    finished_at: string
    due_at: string
    /** Absent in records of before jobs could call anything. */
    calls?: readonly RunCall[]
    log: readonly LogLine[]
    definitions: string
  }>

/** The whole outcome of a run in one record: its commit point. Everything that follows is derived from it. */
export type Finished = RunFacts &
  Readonly<{
    event: 'finished'
    adaptor: string
    status: EndStatus
    exit_code: number
    error: RunError | null
    attempts: number
    starts: number
    started_at: string
    finished_at: string
    duration_ms: number
    /** The state that the last operation gave; of one that was too large, its beginning as a string; else null. */
    final_state: Json
    /** What the run was given; null if it succeeded (then nothing needs it again). */
    input: Json
    /** Absent in records of before jobs could call anything. */
    calls?: readonly RunCall[]
    log: readonly LogLine[]
    definitions: string
  }>

/** What is known of a run before it starts. */
export type RunFacts = Readonly<{
  run_id: RunId
  project: string
  job: string
  job_version: number
  message_id: MessageId
  key: string
  parent_run_id: RunId | null
  retry_of: RunId | null
  replay: string
  trigger: string
  trigger_kind: TriggerKind
  depth: number
  queued_at: string
  /** The run's own place in its trace: what follows it has it as parent. Absent in records that were written before there were traces. */
  traceparent?: string
}>

/** A run's outcome without its two states, which are JSON texts already. */
export type FinishedFacts = Omit<Finished, 'final_state' | 'input'>

/** An end whose log and states are left as the bytes of JSON that they are: who only passes them on need not parse them. */
export type FinishedTexts = Omit<FinishedFacts, 'log'> & Readonly<Record<TextName, Buffer>>
type TextName = 'log' | 'final_state' | 'input'

/**
 * The outcome of a run. The states are put in as the texts that they are: parsing them here would cost, and could lose digits. They and the
 * log lie behind the facts, and a header says how many bytes each has, so that a reader finds them without parsing.
 */
export const finishedRecord = (
  { log, ...facts }: FinishedFacts,
  states: Readonly<{ final_state: string | null; input: string | null }>,
): Outgoing => {
  const [lines, final, input] = [JSON.stringify(log), states.final_state ?? 'null', states.input ?? 'null']
  const beginning = JSON.stringify(facts).slice(0, -1)
  return {
    topic: runsTopic,
    key: facts.key,
    value: `${beginning}${begins.log}${lines}${begins.final_state}${final}${begins.input}${input}}`,
    headers: {
      ...headersOf(facts),
      'penstock-lengths': [lines, final, input].map((text) => Buffer.byteLength(text)).join(),
    },
  }
}

const begins = { log: ',"log":', final_state: ',"final_state":', input: ',"input":' } as const

/** What every event of a run says of it. */
export const runFactsOf = (request: RunRequest): RunFacts => ({
  run_id: request.run,
  project: request.project,
  job: request.job,
  job_version: request.jobVersion,
  message_id: request.message,
  key: request.key,
  parent_run_id: request.parent,
  retry_of: request.retryOf,
  replay: request.replay,
  trigger: request.trigger,
  trigger_kind: request.triggerKind,
  depth: request.depth,
  queued_at: request.queuedAt.toISOString(),
  traceparent: traceWithin(traceOf({ id: request.message, traceparent: request.traceparent }), request.run),
})

/** All events of a message's tree have the message's key, so they are in one partition, in order. */
export const runRecord = (event: RunEvent, key: string): Outgoing => ({
  topic: runsTopic,
  key,
  value: JSON.stringify(event),
  headers: headersOf(event),
})

const headersOf = (event: RunEvent | Omit<FinishedFacts, 'log'>): Outgoing['headers'] => ({
  'penstock-event': event.event,
  'penstock-project': event.project,
  'penstock-id': eventId(event),
})

/**
 * An event of ours, with the fields that its readers need, every digit of its states kept. Throws Fault `message-unreadable`, naming what is
 * missing, for a record that somebody else has written.
 */
export const parseRunRecord = (record: Incoming): RunEvent =>
  checkedRunEvent(jsonOf(record.value?.toString('utf8') ?? ''))

/**
 * As `parseRunRecord`, but the log and the states of an end stay bytes where its header says which they are. That they are JSON is the word of
 * whoever wrote the header.
 */
export const parseRunTexts = (record: Incoming): RunEvent | FinishedTexts => {
  const parts = partsOf(record)
  if (!parts) return parseRunRecord(record)
  const event = checkedRunEvent(jsonOf(`${parts.facts},"log":[]}`))
  return event.event === 'finished' ? { ...event, ...parts.texts } : event
}

/** The parts of an end; undefined for a record whose header does not fit what lies in it, or whose bytes are no text. */
const partsOf = ({ value, headers }: Incoming): Parts | undefined => {
  const header = headers.get('penstock-lengths')?.toString('latin1')
  if (!header || !value || !isUtf8(value) || value.at(-1) !== closeBrace) return undefined
  const lengths = header.split(',').map(Number)
  const texts = { log: value, final_state: value, input: value }
  let end = value.length - 1
  for (const name of ['input', 'final_state', 'log'] as const) {
    const from = end - (lengths.pop() ?? 0)
    const before = from - begins[name].length
    if (!(before > 0) || value.toString('latin1', before, from) !== begins[name]) return undefined
    texts[name] = value.subarray(from, end)
    end = before
  }
  return { facts: value.toString('utf8', 0, end), texts }
}

type Parts = Readonly<{ facts: string; texts: Readonly<Record<TextName, Buffer>> }>

const closeBrace = 0x7d

/** Only the states and the details of an error are values of people, whose digits count. */
const jsonOf = (text: string): Json => {
  try {
    const rough = JSON.parse(text) as Json
    const holds =
      isJsonObject(rough) && ['error', 'final_state', 'input'].some((name) => (rough[name] ?? null) !== null)
    return holds && mayHoldInexactNumber(text) ? parseExact(text) : rough
  } catch (cause) {
    throw new Fault('message-unreadable', 'not JSON', { cause })
  }
}

/** What makes two events the same. A run has one end: the first record of it wins. */
export const runRecordIdOf = (record: Incoming): string | undefined => headerOf(record, 'penstock-id')

/** The run whose end the record is; undefined for another event. */
export const endedRunOf = (record: Incoming): string | undefined =>
  /^end\/([^/]+)$/.exec(runRecordIdOf(record) ?? '')?.[1]

const eventId = (event: RunEvent | Omit<FinishedFacts, 'log'>): string => {
  switch (event.event) {
    case 'matched':
      return `matched/${event.message_id}/${event.replay}`
    case 'started':
      return `attempt/${event.run_id}/${event.attempt}`
    case 'attempt':
      return `end/${event.run_id}/${event.attempt}`
    case 'finished':
      return `end/${event.run_id}`
    default:
      return event satisfies never
  }
}
