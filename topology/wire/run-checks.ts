import { Fault } from '../flow/fault.ts'
import { isJsonArray, isJsonObject, type Json } from '../words/json.ts'
import { endStatuses } from '../words/run.ts'
import type { RunEvent } from './runs.ts'

/** The event, if it has all that its readers need. Throws Fault `message-unreadable`, naming what is missing. */
export const checkedRunEvent = (event: Json): RunEvent => {
  const wanted = isJsonObject(event) ? shapes.get(event['event']) : undefined
  if (!isJsonObject(event) || !wanted) throw new Fault('message-unreadable', 'not an event of a run')
  for (const [name, holds] of wanted)
    if (!holds(event[name]))
      throw new Fault('message-unreadable', `an event of a run whose ${name} is not what it must be`)
  return event as unknown as RunEvent
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
    attempt: {
      ...facts,
      attempt: isNumber,
      starts: isNumber,
      exit_code: isNumber,
      definitions: isOffset,
      started_at: isTime,
      finished_at: isTime,
      due_at: isTime,
      log: isJsonArray,
    },
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
