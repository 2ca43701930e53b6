import { Type } from 'typebox'
import { listDeadLetters, readDeadLetter } from '../../sinks/clickhouse/read/dead-letters.ts'
import type { Route } from '../../topology/http.ts'
import { jsonAnswer } from '../../topology/http-answers.ts'
import { deadLetterItem } from './dead-letter-schema.ts'
import { type HistoryDeps, historyRoute, listRoute, oneOf } from './history.ts'
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
  historyRoute(deps, {
    path: '/api/projects/:project/dead-letters/:id',
    summary: 'A dead letter with its whole value',
    answers: { 200: jsonAnswer('The dead letter', deadLetterItem) },
    answer: async (_request, of) => oneOf('dead letter', await readDeadLetter(deps.store, of)),
  }),
]

// An id has the time of the record that it is about; the list goes by when that was buried.
const { id_from: _from, id_to: _to, ...parameters } = listParameters
const deadLetterQuery = Type.Object({ ...parameters, stage: text, reason: text }, { additionalProperties: false })
