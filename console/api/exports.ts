import { type Static, type TObject, Type } from 'typebox'
import type { ExportOptions } from '../../sinks/clickhouse/read/export.ts'
import { exportMessages } from '../../sinks/clickhouse/read/export-messages.ts'
import { exportRuns } from '../../sinks/clickhouse/read/export-runs.ts'
import type { ListSearch } from '../../sinks/clickhouse/read/page.ts'
import type { Route } from '../../topology/http.ts'
import type { Answers } from '../../topology/http-answers.ts'
import { type HistoryDeps, historyRoute } from './history.ts'
import { type ListQuery, listSearchOf } from './list-query.ts'
import { messageFilters, messageQuery } from './messages.ts'
import { runFilters, runQuery } from './runs.ts'

/** The lists as files: all rows of a filter, streamed newest first, for spreadsheets (CSV) and for programs (a JSON object a line). */
export const exportRoutes = (deps: HistoryDeps): readonly Route[] => [
  ...exportsOf(deps, {
    what: 'messages',
    query: messageQuery,
    open: (search, asked, options) =>
      exportMessages(deps.store, { ...options, search: { ...search, ...messageFilters(asked) } }),
  }),
  ...exportsOf(deps, {
    what: 'runs',
    query: runQuery,
    open: (search, asked, options) =>
      exportRuns(deps.store, { ...options, search: { ...search, ...runFilters(asked) } }),
  }),
]

const exportsOf = <Query extends TObject>(
  deps: HistoryDeps,
  list: Readonly<{
    what: 'messages' | 'runs'
    query: Query
    open: (
      search: Omit<ListSearch, 'limit'>,
      asked: Static<Query>,
      options: ExportOptions,
    ) => Promise<AsyncIterable<Uint8Array>>
  }>,
): readonly Route[] => {
  const { limit: _limit, after: _after, ...filters } = list.query.properties
  return files.map(({ extension, format, type, more }) =>
    historyRoute(deps, {
      path: `/api/projects/:project/${list.what}.${extension}`,
      summary: `All ${list.what} of a filter as a file, newest first; of the last 30 days unless a range is given`,
      query: Type.Object({ ...filters, ...more }, { additionalProperties: false }),
      answers: fileOf(type),
      answer: async ({ query, signal }, { project }) => {
        const { raw = false } = query as { raw?: boolean }
        const search = listSearchOf(project, query as ListQuery)
        const day = new Date().toISOString().slice(0, 10)
        return {
          status: 200,
          headers: {
            'content-type': type,
            'content-disposition': `attachment; filename="${project}-${list.what}-${day}.${extension}"`,
          },
          body: await list.open(search, query as Static<Query>, { format, raw, signal }),
        }
      },
    }),
  )
}

const fileOf = (type: string): Answers => ({
  200: {
    description: 'The file; cut short when ClickHouse goes away on the way',
    content: { [type.split(';', 1)[0] ?? type]: Type.String() },
    headers: { 'content-disposition': Type.String({ description: 'a name for the file' }) },
  },
})

const raw = Type.Optional(
  Type.Boolean({ description: 'true, false: whether text that a spreadsheet takes for a formula stays as it is' }),
)

const files = [
  { extension: 'csv', format: 'CSV', type: 'text/csv; charset=utf-8; header=present', more: { raw } },
  { extension: 'ndjson', format: 'JSONEachRow', type: 'application/x-ndjson', more: {} },
] as const
