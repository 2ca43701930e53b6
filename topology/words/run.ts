import type { MessageId, RunId } from './ids.ts'
import type { Json } from './json.ts'

/** How a run ended (`semantics.md` 7). Before that it is `queued`, `running` or `waiting` (for its next attempt). */
export const endStatuses = ['success', 'failed', 'crashed', 'killed', 'cancelled', 'unknown'] as const
export type EndStatus = (typeof endStatuses)[number]
export type RunStatus = EndStatus | 'queued' | 'running' | 'waiting'
export type TriggerKind = 'message' | 'cron' | 'flow' | 'fail' | 'edge' | 'manual'

export type LogLevel = 'debug' | 'log' | 'info' | 'warn' | 'error'
/** One line of a run's log. `time` is RFC 3339; `source` says who wrote it: the job's console, or Penstock. */
export type LogLine = Readonly<{ time: string; level: LogLevel; source: 'job' | 'penstock'; message: string }>

/** Why a run did not succeed; `line` and `column` (both from 1) are those of the user's own source. */
export type RunError = Readonly<{
  name: string
  message: string
  line: number | null
  column: number | null
  operation: string | null
  details: Json
}>

/**
 * One call of a run, as history keeps it: an HTTP request, or a question to a database (method `SQL`, status 200). No header, no body, no secret.
 * `number` counts from 1; `status` is null when there was no answer, and `error` has the code of the failure then; `bytes` are those of the answer's
 * body. In `test_mode` nothing was sent.
 */
export type RunCall = Readonly<{
  number: number
  method: string
  url: string
  status: number | null
  error: string | null
  ms: number
  bytes: number
  test_mode: boolean
}>

/** What a runner is asked to do: one job for one message. */
export type RunRequest = Readonly<{
  run: RunId
  message: MessageId
  project: string
  job: string
  jobVersion: number
  trigger: string
  triggerKind: TriggerKind
  parent: RunId | null
  retryOf: RunId | null
  replay: string
  attempt: number
  /** How many runs stand above this one in its chain. */
  depth: number
  key: string
  queuedAt: Date
  /** Offset in `definitions` that the one who asked had seen; a runner that is behind waits until it has, too. */
  definitions: bigint
  input: RunInput
  traceparent: string | null
  /** What the attempts before came to, if this is a later one that came by way of the log. */
  tried?: Tried
}>

/** `body`: the message as it came, from which the runner makes the state. `state`: the JSON of the state itself. */
export type RunInput =
  | Readonly<{ kind: 'body'; body: Buffer; request: string }>
  | Readonly<{ kind: 'state'; state: string }>

/**
 * A run of which attempts have ended and another is due: how many have, how often they were started for that, and how long it waited between
 * them, with the wait that ends at `dueAt` (milliseconds since 1970).
 */
export type Tried = Readonly<{ attempts: number; starts: number; waitedMs: number; dueAt: number }>

/** What an attempt came to, as the sandbox tells it. `state` and `input` are JSON texts. */
export type Outcome = Readonly<{
  status: EndStatus
  exitCode: number
  error: RunError | null
  state: string | null
  log: readonly LogLine[]
}>
