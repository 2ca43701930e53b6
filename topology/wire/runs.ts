import { isUtf8 } from 'node:buffer'
import { Fault } from '../flow/fault.ts'
import { runsTopic } from '../topics.ts'
import type { MessageId, RunId } from '../words/ids.ts'
import { isJsonArray, isJsonObject, type Json, mayHoldInexactNumber, parseExact } from '../words/json.ts'
import { headerOf, type Incoming, type Outgoing } from '../words/record.ts'
import {
  type EndStatus,
  endStatuses,
  type LogLine,
  type RunError,
  type RunRequest,
  type TriggerKind,
} from '../words/run.ts'
import { traceOf, traceWithin } from '../words/trace.ts'

/** An event of the topic `runs` (design.md 3): JSON, with the names that SQL and the API have, so that nobody has to translate. */
export type RunEvent = Matched | Started | Finished

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

/** An end whose two states are left as the bytes of JSON that they are: who only passes them on need not parse them. */
export type FinishedTexts = FinishedFacts & Readonly<{ final_state: Buffer; input: Buffer }>

/**
 * The outcome of a run. The states are put in as the texts that they are: parsing them here would cost, and could lose digits. A header says
 * how many bytes each has, so that a reader finds them without parsing.
 */
export const finishedRecord = (
  event: FinishedFacts,
  states: Readonly<{ final_state: string | null; input: string | null }>,
): Outgoing => {
  const [final, input] = [states.final_state ?? 'null', states.input ?? 'null']
  return {
    topic: runsTopic,
    key: event.key,
    value: `${JSON.stringify(event).slice(0, -1)}${finalBegins}${final}${inputBegins}${input}}`,
    headers: { ...headersOf(event), 'penstock-state-bytes': `${Buffer.byteLength(final)},${Buffer.byteLength(input)}` },
  }
}

const [finalBegins, inputBegins] = [',"final_state":', ',"input":']

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

const headersOf = (event: RunEvent | FinishedFacts): Outgoing['headers'] => ({
  'penstock-event': event.event,
  'penstock-project': event.project,
  'penstock-id': eventId(event),
})

/**
 * An event of ours, with the fields that its readers need, every digit of its states kept. Throws Fault `message-unreadable`, naming what is
 * missing, for a record that somebody else has written.
 */
export const parseRunRecord = (record: Incoming): RunEvent => checked(jsonOf(record.value?.toString('utf8') ?? ''))

/** As `parseRunRecord`, but the states of an end stay bytes where its header says which they are. */
export const parseRunTexts = (record: Incoming): RunEvent | FinishedTexts => {
  const texts = textsOf(record)
  if (!texts) return parseRunRecord(record)
  const event = checked(jsonOf(texts.facts))
  return event.event === 'finished' ? { ...event, final_state: texts.final_state, input: texts.input } : event
}

/** The three texts of an end; undefined for a record whose header does not fit what lies in it, or whose bytes are no text. */
const textsOf = ({ value, headers }: Incoming): Readonly<Texts> | undefined => {
  const [, final, input] = stateBytes.exec(headers.get('penstock-state-bytes')?.toString('latin1') ?? '') ?? []
  if (!value || final === undefined || !isUtf8(value)) return undefined
  const inputFrom = value.length - 1 - Number(input)
  const finalTo = inputFrom - inputBegins.length
  const finalFrom = finalTo - Number(final)
  const factsTo = finalFrom - finalBegins.length
  if (factsTo < 0 || value[value.length - 1] !== closeBrace) return undefined
  if (value.toString('latin1', factsTo, finalFrom) !== finalBegins) return undefined
  if (value.toString('latin1', finalTo, inputFrom) !== inputBegins) return undefined
  return {
    facts: `${value.toString('utf8', 0, factsTo)}}`,
    final_state: value.subarray(finalFrom, finalTo),
    input: value.subarray(inputFrom, -1),
  }
}

type Texts = { facts: string; final_state: Buffer; input: Buffer }

const stateBytes = /^(\d{1,10}),(\d{1,10})$/
const closeBrace = 0x7d

const checked = (event: Json): RunEvent => {
  const wanted = isJsonObject(event) ? shapes.get(event['event']) : undefined
  if (!isJsonObject(event) || !wanted) throw new Fault('message-unreadable', 'not an event of a run')
  for (const [name, holds] of wanted)
    if (!holds(event[name]))
      throw new Fault('message-unreadable', `an event of a run whose ${name} is not what it must be`)
  return event as unknown as RunEvent
}

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

type Holds = (value: Json | undefined) => boolean
type Shape = Readonly<Record<string, Holds>>
type Check = readonly [name: string, holds: Holds]

const isText = (value: Json | undefined): boolean => typeof value === 'string'
const isNumber = (value: Json | undefined): boolean => typeof value === 'number'
const isTime = (value: Json | undefined): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value))
const isOffset = (value: Json | undefined): boolean => typeof value === 'string' && /^-?\d{1,19}$/.test(value)
const isEnd = (value: Json | undefined): boolean => endStatuses.some((end) => end === value)
const isRun = (value: Json | undefined): boolean =>
  isJsonObject(value) && factChecks.every(([name, holds]) => holds(value[name]))

const facts: Shape = {
  run_id: isText,
  project: isText,
  job: isText,
  job_version: isNumber,
  message_id: isText,
  key: isText,
  replay: isText,
  trigger: isText,
  trigger_kind: isText,
  depth: isNumber,
  queued_at: isTime,
}
const factChecks = Object.entries(facts)
const shapes: ReadonlyMap<Json | undefined, readonly Check[]> = new Map<Json | undefined, readonly Check[]>(
  Object.entries<Shape>({
    matched: {
      project: isText,
      message_id: isText,
      replay: isText,
      definitions: isOffset,
      triggers: (value) => isJsonArray(value) && value.every(isText),
      runs: (value) => isJsonArray(value) && value.every(isRun),
    },
    started: { ...facts, started_at: isTime, attempt: isNumber },
    finished: {
      ...facts,
      status: isEnd,
      definitions: isOffset,
      started_at: isTime,
      finished_at: isTime,
      log: isJsonArray,
    },
  }).map(([event, shape]) => [event, Object.entries(shape)]),
)

/** What makes two events the same. A run has one end: the first record of it wins. */
export const runRecordIdOf = (record: Incoming): string | undefined => headerOf(record, 'penstock-id')

const eventId = (event: RunEvent | FinishedFacts): string => {
  switch (event.event) {
    case 'matched':
      return `matched/${event.message_id}/${event.replay}`
    case 'started':
      return `attempt/${event.run_id}/${event.attempt}`
    case 'finished':
      return `end/${event.run_id}`
    default:
      return event satisfies never
  }
}
