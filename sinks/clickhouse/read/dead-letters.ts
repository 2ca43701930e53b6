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
  /** Null when it is larger than 16 kB. */
  value: string | null
  value_encoding: 'utf8' | 'base64'
  size: number
}>

export type DeadLetterSearch = ListSearch & Readonly<{ stage?: string; reason?: string }>

/** Newest first. Throws `BadPlace` for an `after` that is none. */
export const listDeadLetters = (store: Store, search: DeadLetterSearch): Promise<Page<DeadLetterItem>> =>
  readPage<DeadLetterItem>(store, {
    query: deadLetterList(search),
    limit: search.limit,
    timeOf: ({ buried_at }) => buried_at,
  })

export const deadLetterList = (search: DeadLetterSearch): Query => {
  const where = conditions(
    listConditions('buried_at', search),
    equals('stage', search.stage),
    equals('reason', search.reason),
  )
  return pageQuery({ columns, table: 'dead_letter_rows', time: 'buried_at', where, limit: search.limit })
}

const columns = `id, buried_at, project, stage, reason, detail, message_id, run_id, topic, partition, offset, key, headers,
  if(size <= 16384, value, NULL) AS value, value_encoding, size`
