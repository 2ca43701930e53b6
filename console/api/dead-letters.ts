import { Type } from 'typebox'
import { listDeadLetters } from '../../sinks/clickhouse/read/dead-letters.ts'
import type { Route } from '../../topology/http.ts'
import { deadLetterItem } from './dead-letter-schema.ts'
import { type HistoryDeps, listRoute } from './history.ts'
import { given, listParameters, text } from './list-query.ts'

/** What could not be used, with the reason and where it lay. */
export const deadLetterRoutes = (deps: HistoryDeps): readonly Route[] => [
  listRoute(deps, {
    path: '/api/projects/:project/dead-letters',
    summary: 'Dead letters, newest first; of the last 30 days unless a range is given',
    query: deadLetterQuery,
    item: deadLetterItem,
    page: (search, asked) => listDeadLetters(deps.store, { ...search, ...given(asked, 'stage', 'reason') }),
  }),
]

const { id_from: _from, id_to: _to, ...parameters } = listParameters // ids of dead letters are no UUIDs
const deadLetterQuery = Type.Object({ ...parameters, stage: text, reason: text }, { additionalProperties: false })
