import { Type } from 'typebox'
import { endStatuses } from '../../topology/words/run.ts'
import { closed, listOf, orNull, time, uuid, word } from './schema-words.ts'

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
  status: word(runStatuses),
  error_type: orNull(Type.String()),
  error_message: orNull(Type.String()),
  exit_code: orNull(Type.Integer()),
  attempts: Type.Integer({ description: 'tries so far; what is told of times and errors is of the last' }),
  starts: Type.Integer({ description: 'more than attempts when a runner died on the way' }),
  queued_at: time(),
  started_at: orNull(time()),
  finished_at: orNull(time()),
  duration_ms: orNull(Type.Integer()),
  due_at: orNull(time()),
  depth: Type.Integer({ description: 'runs above this one in its chain' }),
  key: Type.String({ description: 'what has one key is done in order' }),
  trace_id: Type.String({
    description: 'the trace of the message, its own id where the sender began none (W3C Trace Context)',
  }),
}

const item = {
  id: '01a1fe89-6d48-7b41-a083-0e3fbc1b349d',
  project: 'clinic',
  job: 'register',
  job_version: 1,
  adaptor: 'common@0.1.0',
  message_id: '01a1fe89-6d48-7bea-b649-9411c1e88877',
  parent_run_id: null,
  retry_of: null,
  trigger: 'registration',
  trigger_kind: 'message',
  status: 'failed',
  error_type: 'TypeError',
  error_message: 'state.data.name.toUpperCase is not a function',
  exit_code: 1,
  attempts: 1,
  starts: 1,
  queued_at: '2026-11-21T14:36:21.726Z',
  started_at: '2026-11-21T14:36:21.869Z',
  finished_at: '2026-11-21T14:36:21.964Z',
  duration_ms: 95,
  due_at: null,
  depth: 0,
  key: 'A-17',
  trace_id: '01a1fe896d487beab6499411c1e88877',
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

const runCall = closed(
  {
    number: Type.Integer({ description: 'counts the calls of the run, from 1' }),
    method: Type.String(),
    url: Type.String({ description: 'without login; *** for values of parameters whose names speak of secrets' }),
    status: orNull(Type.Integer({ description: 'null when there was no answer' })),
    error: orNull(Type.String({ description: 'the code of the failure, when there was no answer' })),
    ms: Type.Integer(),
    bytes: Type.Integer({ description: "of the answer's body" }),
    test_mode: Type.Boolean({ description: 'true: nothing was sent' }),
  },
  { $id: 'RunCall' },
)

/** The run that is to end, and what it was when that was asked. */
export const cancelAnswer = closed(
  { run_id: uuid(), status: word(runStatuses) },
  { $id: 'Cancelling', examples: [{ run_id: item.id, status: 'running' }] },
)

/** A run with all that is known of it. */
export const wholeRun = closed(
  {
    ...columns,
    input: Type.Unknown({ description: 'the state that it was given; null for one that succeeded' }),
    final_state: Type.Unknown({ description: 'the state that it came to; null for one that did not succeed' }),
    log: listOf(logLine),
    error: orNull(runError),
    calls: listOf(runCall),
  },
  {
    $id: 'Run',
    examples: [
      {
        ...item,
        input: {
          data: { form: 'registration', name: 17 },
          request: {
            method: 'POST',
            path: ['inbox', '54804f1a-4a70-4392-97cb-1f350e98e9c8'],
            query_params: {},
            headers: { 'content-type': 'application/json', 'x-patient-id': 'A-17' },
          },
          references: [],
        },
        final_state: null,
        log: [
          {
            time: '2026-11-21T14:36:21.870Z',
            level: 'info',
            source: 'penstock',
            message: 'Penstock 0.1.0, Node v24.21.0, adaptor common@0.1.0',
          },
        ],
        error: {
          name: 'TypeError',
          message: 'state.data.name.toUpperCase is not a function',
          line: 1,
          column: 51,
          operation: 'fn',
          details: null,
        },
        calls: [
          {
            number: 1,
            method: 'POST',
            url: 'https://records.example/patients',
            status: 201,
            error: null,
            ms: 48,
            bytes: 61,
            test_mode: false,
          },
        ],
      },
    ],
  },
)
