import type { Static, TSchema } from 'typebox'
import { BadPlace, type ListSearch, type Page } from '../../sinks/clickhouse/read/page.ts'
import { BadSearch } from '../../sinks/clickhouse/read/search-text.ts'
import { Fault } from '../../topology/flow/fault.ts'
import type { Store } from '../../topology/flow/ports.ts'
import { problem, type Reply, type Request, type Route } from '../../topology/http.ts'
import { type Answers, jsonAnswer, refusal, retryLater } from '../../topology/http-answers.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'
import { isUuid } from '../../topology/words/ids.ts'
import { BadRange, type ListQuery, listSearchOf } from './list-query.ts'
import { noProject } from './project-of.ts'
import { pageOf } from './schema-words.ts'

export type HistoryDeps = Readonly<{ catalogue: Pick<Catalogue, 'known'>; store: Store }>

/** One question to the history of a project, whose name is `:project` in the path. */
export type Question = Pick<Route, 'path' | 'summary' | 'description' | 'answers'> &
  Readonly<{
    /** GET, unless something is to be done with what is found. */
    method?: 'POST'
    query?: Route['query']
    answer: (request: Request, of: Readonly<{ project: string; id: string }>) => Promise<Reply>
  }>

/** A route that reads the store, for deleted projects too. While the store is away it says so, and everything else goes on. */
export const historyRoute = ({ catalogue }: HistoryDeps, question: Question): Route => ({
  method: question.method ?? 'GET',
  path: question.path,
  access: 'token',
  summary: question.summary,
  ...(question.description !== undefined && { description: question.description }),
  ...(question.query && { query: question.query }),
  ...(question.answers && { answers: { ...refusalsTo(question), ...question.answers } }),
  bodyLimit: 0,
  handle: async (request) => {
    const { project = '', id = '' } = request.params
    if (!catalogue.known().has(project)) return noProject(request)
    if ('id' in request.params && !isUuid(id.toLowerCase())) return badId(id)
    try {
      return await question.answer(request, { project, id })
    } catch (error) {
      if (error instanceof BadPlace) return badPlace
      if (error instanceof BadRange) return badRange
      if (error instanceof BadSearch) return badSearch(error)
      if (error instanceof Fault && error.code === 'store-unavailable') return storeAway
      throw error
    }
  },
})

/** A list of things of history, newest first, as a page of it. */
export const listRoute = <Query extends TSchema, Item extends TSchema>(
  deps: HistoryDeps,
  list: Readonly<{
    path: Route['path']
    summary: string
    query: Query
    item: Item
    page: (search: ListSearch, asked: Static<Query>) => Promise<Page<Static<Item>>>
  }>,
): Route =>
  historyRoute(deps, {
    ...list,
    answers: { 200: jsonAnswer('A page of the list', pageOf(list.item)) },
    answer: async ({ query }, { project }) => ({
      status: 200,
      body: await list.page(listSearchOf(project, query as ListQuery), query as Static<Query>),
    }),
  })

/** A thing of history, or 404. */
export const oneOf = <Whole extends object>(what: string, found: Whole | undefined): Reply =>
  found === undefined
    ? problem(
        404,
        'Not Found',
        `The project has no ${what} with this id. What has just come in is seen here after up to 2 s.`,
      )
    : { status: 200, body: found }

const refusalsTo = ({ path, query }: Question): Answers => {
  const one = path.includes(':id')
  const list = Object.hasOwn((query as { properties?: object } | undefined)?.properties ?? {}, 'after')
  return {
    ...(one && { 400: refusal('The id is no UUID.') }),
    ...(list && { 400: refusal('`after` is none that a page has given, or `from` is later than `to`.') }),
    404: refusal(one ? 'There is no such project, or it has nothing of this id.' : 'There is no such project.'),
    503: refusal('ClickHouse cannot be reached: history cannot be read now.', retryLater),
  }
}

const badId = (id: string): Reply =>
  problem(400, 'Bad Request', `${JSON.stringify(id.slice(0, 100))} is no id: a UUID must stand there.`)

const badPlace: Reply = problem(
  400,
  'Bad Request',
  'The query parameter "after" is none that a page has given; allowed: the `next` of the page before.',
)

const badRange: Reply = problem(
  400,
  'Bad Request',
  '"from" is later than "to", so nothing can lie between them: exchange them, or leave one out.',
)

const badSearch = ({ message }: BadSearch): Reply =>
  problem(
    400,
    'Bad Request',
    `The query parameter "text" is no search: ${message}. It takes words, "a phrase", the beginning of a word*, path.to:word.`,
  )

const storeAway: Reply = problem(
  503,
  'Service Unavailable',
  'ClickHouse cannot be reached, so history cannot be read now. Messages are taken and jobs run as ever.',
  { headers: { 'retry-after': '5' } },
)
