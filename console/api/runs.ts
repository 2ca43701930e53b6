import { type Static, Type } from 'typebox'
import { listRuns, readRun } from '../../sinks/clickhouse/read/runs.ts'
import type { Route } from '../../topology/http.ts'
import { type HistoryDeps, historyRoute, oneOf } from './history.ts'
import { given, idRangeOf, listParameters, listSearchOf, text, uuid } from './list-query.ts'

/** Runs, and one with its states, its log and its error. */
export const runRoutes = (deps: HistoryDeps): readonly Route[] => [
  historyRoute(deps, {
    path: '/api/projects/:project/runs',
    summary: 'Runs, newest first; of the last 30 days unless a range or a message is given',
    query: runQuery,
    answer: async ({ query }, { project }) => {
      const asked = query as Static<typeof runQuery>
      const filters = given(asked, 'status', 'job', 'trigger', 'source')
      const of = asked.message_id === undefined ? {} : { messageId: asked.message_id }
      const search = { ...listSearchOf(project, asked), ...idRangeOf(asked), ...filters, ...of }
      return { status: 200, body: await listRuns(deps.store, search) }
    },
  }),
  historyRoute(deps, {
    path: '/api/projects/:project/runs/:id',
    summary: 'A run with what it was given, what it came to, its log and its error',
    answer: async (_request, of) => {
      const run = await readRun(deps.store, of)
      return oneOf('run', run && { ...run, calls: [] })
    },
  }),
]

const runStatuses = [
  'queued',
  'running',
  'waiting',
  'success',
  'failed',
  'crashed',
  'killed',
  'cancelled',
  'unknown',
] as const

const runQuery = Type.Object(
  {
    ...listParameters,
    status: Type.Optional(Type.Enum([...runStatuses], { description: runStatuses.join(', ') })),
    job: text,
    trigger: text,
    source: text,
    message_id: uuid,
  },
  { additionalProperties: false },
)
