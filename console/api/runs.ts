import { type Static, Type } from 'typebox'
import type { ListSearch } from '../../sinks/clickhouse/read/page.ts'
import { listRuns, type RunSearch, readRun } from '../../sinks/clickhouse/read/runs.ts'
import { Fault } from '../../topology/flow/fault.ts'
import { problem, type Reply, type Route } from '../../topology/http.ts'
import { jsonAnswer, refusal } from '../../topology/http-answers.ts'
import type { Cancel } from '../../topology/wire/control.ts'
import type { RunId } from '../../topology/words/ids.ts'
import { endStatuses } from '../../topology/words/run.ts'
import { type HistoryDeps, historyRoute, listRoute, oneOf } from './history.ts'
import { given, idRangeOf, listParameters, searchText, text, traceId, uuid } from './list-query.ts'
import { cancelAnswer, runItem, runStatuses, wholeRun } from './run-schema.ts'

/** Runs, and one with its states, its log and its error. */
export const runRoutes = (deps: RunDeps): readonly Route[] => [
  listRoute(deps, {
    path: '/api/projects/:project/runs',
    summary: 'Runs, newest first; of the last 30 days unless a range or a message is given',
    query: runQuery,
    item: runItem,
    page: (search, asked) => listRuns(deps.store, { ...search, ...runFilters(asked) }),
  }),
  historyRoute(deps, {
    path: '/api/projects/:project/runs/:id',
    summary: 'A run with what it was given, what it came to, its log and its error',
    answers: { 200: jsonAnswer('The run', wholeRun) },
    answer: async (_request, of) => {
      const run = await readRun(deps.store, of)
      return oneOf<Static<typeof wholeRun>>('run', run)
    },
  }),
  historyRoute(deps, {
    method: 'POST',
    path: '/api/projects/:project/runs/:id/cancel',
    summary: 'Ends a run that has not ended',
    description:
      'Wherever it is: waiting for its turn or its next attempt, or running. It ends as `cancelled`, soon after, and no job for failures follows.',
    answers: {
      202: jsonAnswer('It will end, unless it just does', cancelAnswer),
      409: refusal('The run has ended.'),
    },
    answer: (_request, of) => cancel(deps, of),
  }),
]

export type RunDeps = HistoryDeps &
  Readonly<{ /** Throws Fault `log-unavailable`. */ cancelRun: (cancel: Cancel) => Promise<void> }>

const cancel = async ({ store, cancelRun }: RunDeps, of: Readonly<{ project: string; id: string }>): Promise<Reply> => {
  const run = await readRun(store, of)
  if (!run) return oneOf('run', undefined)
  if (endStatuses.some((end) => end === run.status))
    return problem(409, 'Conflict', `The run has ended (${run.status}): there is nothing to cancel.`)
  try {
    const { id, project } = run
    await cancelRun({ run: id as RunId, project, by: 'admin', at: new Date().toISOString() })
    return { status: 202, body: { run_id: id, status: run.status } satisfies Static<typeof cancelAnswer> }
  } catch (error) {
    if (error instanceof Fault && error.code === 'log-unavailable') return logAway
    throw error
  }
}

const logAway: Reply = problem(503, 'Service Unavailable', 'Kafka did not take the wish in time: try again.', {
  headers: { 'retry-after': '5' },
})

/** What a query asks of runs beside the window and the page. */
export const runFilters = (asked: Static<typeof runQuery>): Omit<RunSearch, keyof ListSearch> => ({
  ...idRangeOf(asked),
  ...given(asked, 'status', 'job', 'trigger', 'source', 'text'),
  ...(asked.message_id !== undefined && { messageId: asked.message_id }),
  ...(asked.trace_id !== undefined && { traceId: asked.trace_id }),
})

export const runQuery = Type.Object(
  {
    ...listParameters,
    text: searchText,
    status: Type.Optional(Type.Enum(runStatuses, { description: runStatuses.join(', ') })),
    job: text,
    trigger: text,
    source: text,
    message_id: uuid,
    trace_id: traceId,
  },
  { additionalProperties: false },
)
