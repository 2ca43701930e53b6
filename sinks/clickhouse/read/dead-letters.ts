import type { Store } from '../../../topology/flow/ports.ts'
import {
  conditions,
  equals,
  type ListSearch,
  listConditions,
  type Page,
  pageQuery,
  type Query,
  readPage,
} from './page.ts'

/** A dead letter with the columns of the view `dead_letters`. `topic`, `partition`, `offset` say where it lay. */
export type DeadLetterItem = Readonly<{
  id: string
  buried_at: string
  project: string | null
  stage: string
  reason: string
  detail: string
  message_id: string | null
  run_id: string | null
  topic: string
  partition: number
  offset: number
  key: string | null
  headers: Readonly<Record<string, string>>
  /** In lists null when it is larger than `listedValueBytes`. */
  value: string | null
  value_encoding: 'utf8' | 'base64'
  size: number
}>

export const listedValueBytes = 16_384

export type DeadLetterSearch = ListSearch & Readonly<{ stage?: string; reason?: string }>

/** Newest first. Throws `BadPlace` for an `after` that is none. */
export const listDeadLetters = (store: Store, search: DeadLetterSearch): Promise<Page<DeadLetterItem>> =>
  readPage<DeadLetterItem>(store, {
    query: deadLetterList(search),
    limit: search.limit,
    timeOf: ({ buried_at }) => buried_at,
  })

/** One with its whole value, however large; undefined when there is none of that id in the project. */
export async function readDeadLetter(
  store: Store,
  { project, id }: Readonly<{ project: string; id: string }>,
): Promise<DeadLetterItem | undefined> {
  const sql = `SELECT ${columns}, value, value_encoding, size FROM dead_letter_rows FINAL
WHERE project = {project:String} AND id = {id:String}`
  const [letter] = await store.query<DeadLetterItem>(sql, { project, id: id.toLowerCase() })
  return letter
}

export const deadLetterList = (search: DeadLetterSearch): Query => {
  const where = conditions(
    listConditions('buried_at', search),
    equals('stage', search.stage),
    equals('reason', search.reason),
  )
  const listed = `${columns}, if(size <= ${listedValueBytes}, value, NULL) AS value, value_encoding, size`
  return pageQuery({ columns: listed, table: 'dead_letter_rows', time: 'buried_at', where, limit: search.limit })
}

const columns = `id, buried_at, project, stage, reason, detail, message_id, run_id, topic, partition, offset, key, headers`
