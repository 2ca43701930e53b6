import { type Static, Type } from 'typebox'
import type { ListSearch } from '../../sinks/clickhouse/read/page.ts'

export const text = Type.Optional(Type.String({ minLength: 1, description: 'text' }))

/** What is wrong with one is said by who reads it (sinks/clickhouse/read/search-text.ts), with the place. */
export const searchText = Type.Optional(
  Type.String({
    description: 'words that all must occur; also "a phrase", the beginning of a word*, path.to[*].it:word',
  }),
)

/** Ids may be written in capitals (RFC 9562 section 4). */
export const uuid = Type.Optional(
  Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$', description: 'a UUID' }),
)

export const traceId = Type.Optional(
  Type.String({ pattern: '^[0-9a-fA-F]{32}$', description: '32 hexadecimal digits' }),
)

const written = Type.Unsafe<string>({
  type: 'string',
  anyOf: [{ format: 'date' }, { format: 'date-time' }],
  description: 'a day such as 2026-11-21, or a time such as 2026-11-21T09:00:00Z',
})

// The format also knows leap seconds and names of time zones (RFC 9557), and JavaScript's Date neither.
const time = Type.Optional(Type.Refine(written, (text) => !Number.isNaN(Date.parse(text))))

/** What every list takes. Days are those of UTC; `from` and `to` are inclusive, a day in `to` to its end. */
export const listParameters = {
  from: time,
  to: time,
  id_from: uuid,
  id_to: uuid,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100 })),
  after: Type.Optional(Type.String({ description: 'what the page before gave as `next`' })),
}

const listQuery = Type.Object(listParameters)
export type ListQuery = Static<typeof listQuery>

/** `from` is later than `to`. */
export class BadRange extends Error {}

/** What is to be searched. Throws `BadRange`. */
export const listSearchOf = (project: string, { from, to, limit = 100, after }: ListQuery): ListSearch => {
  const first = from === undefined ? undefined : new Date(from)
  const last = to === undefined ? undefined : new Date(isDay(to) ? `${to}T23:59:59.999Z` : to)
  if (first && last && first > last) throw new BadRange()
  return {
    project,
    limit,
    ...(first && { from: first }),
    ...(last && { to: last }),
    ...(after !== undefined && { after }),
  }
}

export const idRangeOf = ({ id_from, id_to }: ListQuery): Readonly<{ idFrom?: string; idTo?: string }> => ({
  ...(id_from !== undefined && { idFrom: id_from }),
  ...(id_to !== undefined && { idTo: id_to }),
})

/** The parameters of these names that were given. */
export const given = <Query extends object, Name extends keyof Query>(
  query: Query,
  ...names: readonly Name[]
): Pick<Query, Name> =>
  Object.fromEntries(names.filter((name) => name in query).map((name) => [name, query[name]])) as Pick<Query, Name>

const isDay = (text: string): boolean => text.length === '2026-11-21'.length
