import { type Static, Type } from 'typebox'
import { listMessages, type MessageSearch, readMessage } from '../../sinks/clickhouse/read/messages.ts'
import type { ListSearch } from '../../sinks/clickhouse/read/page.ts'
import type { Route } from '../../topology/http.ts'
import { jsonAnswer } from '../../topology/http-answers.ts'
import { type HistoryDeps, historyRoute, listRoute, oneOf } from './history.ts'
import { given, idRangeOf, listParameters, searchText, text, traceId } from './list-query.ts'
import { messageItem, messageStatuses, wholeMessage } from './message-schema.ts'

/** Messages as they came in, and one with its runs. */
export const messageRoutes = (deps: HistoryDeps): readonly Route[] => [
  listRoute(deps, {
    path: '/api/projects/:project/messages',
    summary: 'Messages, newest first; of the last 30 days unless a range is given',
    query: messageQuery,
    item: messageItem,
    page: (search, asked) => listMessages(deps.store, { ...search, ...messageFilters(asked) }),
  }),
  historyRoute(deps, {
    path: '/api/projects/:project/messages/:id',
    summary: 'A message with its runs',
    answers: { 200: jsonAnswer('The message', wholeMessage) },
    answer: async (_request, of) => oneOf<Static<typeof wholeMessage>>('message', await readMessage(deps.store, of)),
  }),
]

/** What a query asks of messages beside the window and the page. */
export const messageFilters = (asked: Static<typeof messageQuery>): Omit<MessageSearch, keyof ListSearch> => ({
  ...idRangeOf(asked),
  ...given(asked, 'kind', 'source', 'trigger', 'job', 'status', 'key', 'text'),
  ...(asked.trace_id !== undefined && { traceId: asked.trace_id }),
})

export const messageQuery = Type.Object(
  {
    ...listParameters,
    text: searchText,
    kind: Type.Optional(Type.Enum(['message', 'tick'], { description: 'message, tick' })),
    source: text,
    trigger: text,
    job: text,
    status: Type.Optional(Type.Enum(messageStatuses, { description: messageStatuses.join(', ') })),
    key: text,
    trace_id: traceId,
  },
  { additionalProperties: false },
)
