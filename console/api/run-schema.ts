import { Type } from 'typebox'
import { endStatuses } from '../../topology/words/run.ts'
import { closed, orNull, time, uuid } from './schema-words.ts'

export const runStatuses = ['queued', 'running', 'waiting', ...endStatuses] as const

const columns = {
  id: uuid(),
  project: Type.String(),
  job: Type.String(),
  job_version: Type.Integer({ description: 'of the job as it was when the run began' }),
  adaptor: Type.String(),
  message_id: uuid(),
  parent_run_id: orNull(uuid('the run whose end started this one')),
  retry_of: orNull(uuid('the run that this one repeats')),
  trigger: Type.String(),
  trigger_kind: Type.String({ description: 'message, cron, flow, fail, edge or manual' }),
  status: Type.Enum(runStatuses),
  error_type: orNull(Type.String()),
  error_message: orNull(Type.String()),
  exit_code: orNull(Type.Integer()),
  attempts: Type.Integer({ description: 'tries so far' }),
  starts: Type.Integer({ description: 'more than attempts when a runner died on the way' }),
  queued_at: time(),
  started_at: orNull(time()),
  finished_at: orNull(time()),
  duration_ms: orNull(Type.Integer()),
  depth: Type.Integer({ description: 'runs above this one in its chain' }),
  key: Type.String({ description: 'what has one key is done in order' }),
}

const item = {
  id: '01a1c1c4-b1e0-8f3a-9c55-0d6a1b2c3d4e',
  project: 'clinic',
  job: 'register',
  job_version: 1,
  adaptor: 'common@0.1.0',
  message_id: '01a1c1c4-b1e0-7a11-8b22-5e6f7a8b9c0d',
  parent_run_id: null,
  retry_of: null,
  trigger: 'registration',
  trigger_kind: 'message',
  status: 'failed',
  error_type: 'RuntimeError',
  error_message: 'TypeError: state.data.name is not a text',
  exit_code: 1,
  attempts: 1,
  starts: 1,
  queued_at: '2026-11-21T09:00:00.000Z',
  started_at: '2026-11-21T09:00:00.004Z',
  finished_at: '2026-11-21T09:00:00.009Z',
  duration_ms: 5,
  depth: 0,
  key: 'A-17',
}

/** A run as lists show it. */
export const runItem = closed(columns, { $id: 'RunItem', examples: [item] })

const logLine = closed(
  {
    time: time(),
    level: Type.Enum(['debug', 'log', 'info', 'warn', 'error']),
    source: Type.Enum(['job', 'penstock'], { description: "who wrote it: the job's console, or Penstock" }),
    message: Type.String(),
  },
  { $id: 'LogLine' },
)

const runError = closed(
  {
    name: Type.String(),
    message: Type.String(),
    line: orNull(Type.Integer({ description: "of the job's own code, from 1" })),
    column: orNull(Type.Integer({ description: 'from 1' })),
    operation: orNull(Type.String()),
    details: Type.Unknown(),
  },
  { $id: 'RunError' },
)

/** A run with all that is known of it. */
export const wholeRun = closed(
  {
    ...columns,
    input: Type.Unknown({ description: 'the state that it was given; null for one that succeeded' }),
    final_state: Type.Unknown({ description: 'the state that it came to; null for one that did not succeed' }),
    log: Type.Array(logLine),
    error: orNull(runError),
    calls: Type.Array(Type.Unknown(), { maxItems: 0 }),
  },
  {
    $id: 'Run',
    examples: [
      {
        ...item,
        input: { data: { name: 17 }, request: { method: 'POST' }, references: [] },
        final_state: null,
        log: [
          { time: '2026-11-21T09:00:00.005Z', level: 'info', source: 'penstock', message: 'common@0.1.0' },
          { time: '2026-11-21T09:00:00.007Z', level: 'log', source: 'job', message: 'registering 17' },
        ],
        error: {
          name: 'RuntimeError',
          message: 'TypeError: state.data.name is not a text',
          line: 3,
          column: 9,
          operation: 'fn',
          details: null,
        },
        calls: [],
      },
    ],
  },
)
