import { type Static, Type } from 'typebox'
import { listDeadLetters } from '../../sinks/clickhouse/read/dead-letters.ts'
import type { Route } from '../../topology/http.ts'
import { type HistoryDeps, historyRoute } from './history.ts'
import { given, listParameters, listSearchOf, text } from './list-query.ts'

/** What could not be used, with the reason and where it lay. */
export const deadLetterRoutes = (deps: HistoryDeps): readonly Route[] => [
  historyRoute(deps, {
    path: '/api/projects/:project/dead-letters',
    summary: 'Dead letters, newest first; of the last 30 days unless a range is given',
    query: deadLetterQuery,
    answer: async ({ query }, { project }) => {
      const asked = query as Static<typeof deadLetterQuery>
      const search = { ...listSearchOf(project, asked), ...given(asked, 'stage', 'reason') }
      return { status: 200, body: await listDeadLetters(deps.store, search) }
    },
  }),
]

const { id_from: _from, id_to: _to, ...parameters } = listParameters // ids of dead letters are no UUIDs
const deadLetterQuery = Type.Object({ ...parameters, stage: text, reason: text }, { additionalProperties: false })
