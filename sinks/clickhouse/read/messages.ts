import type { Store } from '../../../topology/flow/ports.ts'
import {
  type Condition,
  conditions,
  equals,
  hoursBack,
  idRange,
  type ListSearch,
  listConditions,
  type Page,
  pageQuery,
  type Query,
  readNewest,
} from './page.ts'
import { type RunItem, runsOfMessage } from './runs.ts'
import { textSearch } from './search.ts'
import { looksAtRows } from './search-text.ts'
import { type MessageStatus, statusesOf, statusIs } from './statuses.ts'

/** A message with the columns of the view `messages` (design.md 8) and its status. */
export type MessageItem = Readonly<{
  id: string
  project: string
  kind: string
  source: string | null
  received_at: string
  key: string
  content_type: string
  headers: Readonly<Record<string, string>>
  /** In lists null when it is larger than `listedBodyBytes`. */
  body: string | null
  body_encoding: 'utf8' | 'base64'
  size: number
  parent_id: string | null
  duplicate_of: string | null
  origin: string
  /** 32 hexadecimal digits: the sender's trace, or that which the message began. */
  trace_id: string
  status: MessageStatus | null
}>

/**
 * `trigger`: messages that it matched. `job`: messages that it ran for; with it, `status` is that of its latest finished run for the message
 * (`semantics.md` 8), and `running` while none has finished.
 */
export type MessageSearch = ListSearch &
  Readonly<{
    kind?: string
    source?: string
    trigger?: string
    job?: string
    status?: string
    key?: string
    traceId?: string
    idFrom?: string
    idTo?: string
    /** Words of body and headers; a path looks into the body (search-text.ts). */
    text?: string
  }>

export const listedBodyBytes = 16_384

/** Newest first. Throws `BadPlace` for an `after` that is none, `BadSearch` for a `text` with a mistake. */
export async function listMessages(store: Store, search: MessageSearch): Promise<Page<MessageItem>> {
  const page = await readNewest<Omit<MessageItem, 'status'>, MessageSearch>(store, {
    search,
    hours: isBounded(search) ? [] : hoursBack({ slow: looksAtRows(search.text) || isOfStatus(search) }),
    queryOf: messageList,
    timeOf: ({ received_at }) => received_at,
  })
  const statuses = await statusesById(
    store,
    page.items.map(({ id }) => id),
  )
  return { ...page, items: page.items.map((item) => ({ ...item, status: statuses.get(item.id) ?? null })) }
}

/** One message with all of its runs, oldest first; undefined when there is none of that id in the project. */
export async function readMessage(
  store: Store,
  { project, id }: Readonly<{ project: string; id: string }>,
): Promise<(MessageItem & Readonly<{ runs: readonly RunItem[] }>) | undefined> {
  const of = { project, id: id.toLowerCase() }
  const sql = `SELECT ${columns} FROM message_rows FINAL WHERE project = {project:String} AND id = {id:String}`
  const [[message], runs, statuses] = await Promise.all([
    store.query<Omit<MessageItem, 'status'>>(sql, of),
    runsOfMessage(store, of),
    statusesById(store, [of.id]),
  ])
  return message && { ...message, status: statuses.get(of.id) ?? null, runs }
}

export const messageList = (search: MessageSearch): Query => {
  const listed = columns.replace(/\bbody,/, `if(size <= ${listedBodyBytes}, body, NULL) AS body,`)
  const where = messageWhere(search)
  return pageQuery({ columns: listed, table: 'message_rows', time: 'received_at', where, limit: search.limit })
}

/** Which rows of `message_rows` are asked for, whatever is then read of them. */
export const messageWhere = (search: Omit<MessageSearch, 'limit'>): Query => {
  const { kind, source, key, traceId, idFrom, idTo, text } = search
  const range = conditions(
    listConditions('received_at', { ...search, bounded: isBounded(search) }),
    idRange(idFrom, idTo),
  )
  return conditions(
    range,
    equals('kind', kind),
    equals('source', source),
    equals('key', key),
    equals('trace_id', traceId?.toLowerCase()),
    matchedBy(search),
    ranFor(search, range),
    textSearch(text, { columns: ['body'], inText: true }),
  )
}

const isBounded = ({ idFrom, idTo }: Pick<MessageSearch, 'idFrom' | 'idTo'>): boolean =>
  idFrom !== undefined || idTo !== undefined

/** Of which every run of a message has to be looked at. */
const isOfStatus = ({ status, job }: MessageSearch): boolean => status !== undefined && job === undefined

const columns = `id, project, kind, source, received_at, key, content_type, headers, body, body_encoding, size, parent_id, duplicate_of, origin,
  trace_id`

const matchedBy = ({ trigger }: Pick<MessageSearch, 'trigger'>): Condition =>
  trigger !== undefined && {
    sql: 'id IN (SELECT message_id FROM match_rows WHERE project = {project:String} AND trigger = {trigger:String})',
    params: { trigger },
  }

const ranFor = ({ job, status, from }: Pick<MessageSearch, 'job' | 'status' | 'from'>, range: Query): Condition => {
  const since = from ? `AND queued_at >= {from:DateTime64(3, 'UTC')}` : ''
  const ofProject = 'project = {project:String}'
  if (job !== undefined && status !== undefined)
    return {
      sql: `id IN (
    SELECT message_id FROM run_rows FINAL WHERE ${ofProject} AND job = {job:String} ${since}
    GROUP BY message_id HAVING ifNull(argMaxIf(toNullable(toString(status)), finished_at, finished_at IS NOT NULL), 'running') = {status:String}
  )`,
      params: { job, status },
    }
  if (job !== undefined)
    return { sql: `id IN (SELECT message_id FROM run_rows WHERE ${ofProject} AND job = {job:String})`, params: { job } }
  if (status !== undefined) return { sql: `id IN (${statusIs(status, range.sql)})`, params: { status } }
  return undefined
}

const statusesById = async (store: Store, ids: readonly string[]): Promise<ReadonlyMap<string, MessageStatus>> => {
  if (ids.length === 0) return new Map()
  const matches = 'message_id IN {ids:Array(String)}'
  // A run's id begins with the time of its message, as the message's own id does: the runs lie in the key's range of these times.
  const runs = `${matches} AND id >= {first:String} AND id <= {last:String}`
  const sorted = ids.toSorted()
  const [first, last] = [timePart(sorted.at(0)), `${timePart(sorted.at(-1))}~`]
  const rows = await store.query<{ message_id: string; status: MessageStatus }>(
    `SELECT message_id, status FROM (${statusesOf({ runs, matches })})`,
    { ids, first, last },
  )
  return new Map(rows.map(({ message_id, status }) => [message_id, status]))
}

const timePart = (id = ''): string => id.slice(0, 13)
