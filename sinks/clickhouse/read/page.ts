import type { Store } from '../../../topology/flow/ports.ts'
import { timeText } from '../time-text.ts'

/** A question as data: values stay beside the text, bound as `{name:Type}`. */
export type Query = Readonly<{ sql: string; params: Readonly<Record<string, unknown>> }>

/** `next` goes into `after` of the next question; null at the end. */
export type Page<Item> = Readonly<{ items: readonly Item[]; next: string | null }>

/** What every list takes. `from` and `to` are inclusive; without any bound a list looks back over `defaultWindowMs`. */
export type ListSearch = Readonly<{
  project: string
  from?: Date
  to?: Date
  /** Where the page before ended, as it said. */
  after?: string
  /** 1 to 1,000. */
  limit: number
}>

export const defaultWindowMs: number = 30 * 86_400_000

/** An `after` that no page gave: the caller's mistake. */
export class BadPlace extends Error {
  override readonly name = 'BadPlace'
}

/** Asks for one row more than the page holds: whether it comes says whether there is a next page. */
export async function readPage<Item extends { id: string }>(
  store: Store,
  page: Readonly<{ query: Query; limit: number; timeOf: (item: Item) => string }>,
): Promise<Page<Item>> {
  return pageOf(await store.query<Item>(page.query.sql, page.query.params), page)
}

/**
 * As `readPage`, but walks back in time until the page is full: the newest of `hours` often have enough rows, and what is older need not be
 * looked at. `hours`: how far back each step but the last one goes, in rising order.
 */
export async function readNewest<Item extends { id: string }, Search extends ListSearch>(
  store: Store,
  list: Readonly<{
    search: Search
    hours: readonly number[]
    queryOf: (search: Search) => Query
    timeOf: (item: Item) => string
  }>,
): Promise<Page<Item>> {
  const { search, hours, queryOf, timeOf } = list
  const rows: Item[] = []
  for (const step of hours.length > 0 ? stepsOf(search, hours) : [{}]) {
    const { sql, params } = queryOf({ ...search, ...step, limit: search.limit - rows.length })
    rows.push(...(await store.query<Item>(sql, params)))
    if (rows.length > search.limit) break
  }
  return pageOf(rows, { limit: search.limit, timeOf })
}

/** The hours of a walk: one of many, where each row has to be looked at. */
export const hoursBack = ({ slow }: Readonly<{ slow: boolean }>): readonly number[] => (slow ? [1, 100] : [100])

const pageOf = <Item extends { id: string }>(
  rows: readonly Item[],
  { limit, timeOf }: Readonly<{ limit: number; timeOf: (item: Item) => string }>,
): Page<Item> => {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last ? placeText({ time: timeOf(last), id: last.id }) : null }
}

/** The whole range of a list in parts that meet, the newest first. */
const stepsOf = (search: ListSearch, hours: readonly number[]): readonly Pick<ListSearch, 'from' | 'to'>[] => {
  const from = sinceOf(search)
  const place = search.after === undefined ? undefined : parsePlace(search.after)
  const newest = Math.min(search.to?.getTime() ?? Date.now(), place ? Date.parse(place.time) : Number.POSITIVE_INFINITY)
  const starts = hours
    .map((back) => newest - back * 3_600_000)
    .filter((start) => start > (from?.getTime() ?? 0))
    .map((start) => new Date(start))
  return [...starts, from].map((start, n) => {
    const before = starts[n - 1]
    const end = before ? new Date(before.getTime() - 1) : search.to // both ends of a range belong to it
    return { ...(start && { from: start }), ...(end && { to: end }) }
  })
}

/** A condition and the values that it binds; a filter that was not asked for is no condition. */
export type Condition = Query | false | undefined

export const conditions = (...all: readonly Condition[]): Query => {
  const asked = all.filter((condition): condition is Query => !!condition && condition.sql !== '')
  return {
    sql: asked.map(({ sql }) => sql).join('\n  AND '),
    params: Object.assign({}, ...asked.map(({ params }) => params)) as Query['params'],
  }
}

/** Project, window and place of a list that is sorted by `column` and `id`, newest first. */
export const listConditions = (
  column: string,
  search: Omit<ListSearch, 'limit'> & Readonly<{ bounded?: boolean }>,
): Condition => {
  const { project, to, after } = search
  const since = sinceOf(search)
  const place = after === undefined ? undefined : parsePlace(after)
  return conditions(
    { sql: 'project = {project:String}', params: { project } },
    since && { sql: `${column} >= {from:DateTime64(3, 'UTC')}`, params: { from: bound(since) } },
    to && { sql: `${column} <= {to:DateTime64(3, 'UTC')}`, params: { to: bound(to) } },
    place && {
      sql: `(${column}, id) < ({place_time:DateTime64(3, 'UTC')}, {place_id:String})`,
      params: { place_time: bound(new Date(place.time)), place_id: place.id },
    },
  )
}

const sinceOf = ({ from, to, bounded }: Pick<ListSearch, 'from' | 'to'> & Readonly<{ bounded?: boolean }>) =>
  from ?? (bounded || to ? undefined : new Date(Date.now() - defaultWindowMs))

/** The question for one page. Its ids are found first, in the narrow columns; only then are the wide ones read, of these alone. */
export const pageQuery = (
  list: Readonly<{ columns: string; table: string; time: string; where: Query; limit: number }>,
): Query => {
  const { columns, table, time, where, limit } = list
  const newestFirst = `ORDER BY ${time} DESC, id DESC
LIMIT {limit:UInt32}`
  return {
    sql: `SELECT ${columns}
FROM ${table} FINAL
WHERE id IN (
  SELECT id FROM ${table} FINAL
  WHERE ${where.sql}
  ${newestFirst}
)
${newestFirst}`,
    params: { ...where.params, limit: limit + 1 },
  }
}

export const equals = (column: string, value: string | undefined): Condition =>
  value !== undefined && { sql: `${column} = {${column}:String}`, params: { [column]: value } }

/** Ids that are versions 7 of UUID sort by time: a range of them is a range of time. Inclusive. */
export const idRange = (from: string | undefined, to: string | undefined): Condition =>
  conditions(
    from !== undefined && { sql: 'id >= {id_from:String}', params: { id_from: from.toLowerCase() } },
    to !== undefined && { sql: 'id <= {id_to:String}', params: { id_to: to.toLowerCase() } },
  )

type Place = Readonly<{ time: string; id: string }>

const placeText = ({ time, id }: Place): string => Buffer.from(JSON.stringify([time, id])).toString('base64url')

const parsePlace = (text: string): Place => {
  try {
    const place: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (Array.isArray(place) && place.length === 2) {
      const [time, id] = place as readonly unknown[]
      if (typeof time === 'string' && typeof id === 'string' && !Number.isNaN(Date.parse(time))) return { time, id }
    }
  } catch {
    // said below
  }
  throw new BadPlace('`after` is no place that a page has given')
}

/** In the form that ClickHouse reads for a bound time. */
const bound = (time: Date): string => timeText(time).replace('T', ' ')
