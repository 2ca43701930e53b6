import { type Static, Type } from 'typebox'
import type { ListSearch } from '../../sinks/clickhouse/read/page.ts'
import { listRuns, type RunSearch, readRun } from '../../sinks/clickhouse/read/runs.ts'
import type { Route } from '../../topology/http.ts'
import { jsonAnswer } from '../../topology/http-answers.ts'
import { type HistoryDeps, historyRoute, listRoute, oneOf } from './history.ts'
import { given, idRangeOf, listParameters, searchText, text, traceId, uuid } from './list-query.ts'
import { runItem, runStatuses, wholeRun } from './run-schema.ts'

/** Runs, and one with its states, its log and its error. */
export const runRoutes = (deps: HistoryDeps): readonly Route[] => [
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
      return oneOf<Static<typeof wholeRun>>('run', run && { ...run, calls: [] })
    },
  }),
]

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
