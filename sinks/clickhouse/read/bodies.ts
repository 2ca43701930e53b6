import type { Store } from '../../../topology/flow/ports.ts'
import { conditions, equals, type ListSearch, listConditions } from './page.ts'

/** A message as a filter sees it. */
export type StoredMessage = Readonly<{
  id: string
  source: string | null
  received_at: string
  contentType: string
  body: Buffer
}>

/** Most bytes of bodies that are read at a time; a body that is larger is read alone. */
export const bodiesAtATime = 8_000_000

/**
 * The newest messages with their bodies, newest first, without ticks and duplicates: filters are not asked about those. Bodies are read when
 * they are pulled, `bodiesAtATime`.
 */
export async function* newestMessages(store: Store, search: ListSearch): AsyncGenerator<StoredMessage> {
  const { project } = search
  const where = conditions(listConditions('received_at', search), equals('kind', 'message'), {
    sql: 'duplicate_of IS NULL',
    params: {},
  })
  const heads = await store.query<Head>(
    `SELECT id, size FROM message_rows FINAL WHERE ${where.sql} ORDER BY received_at DESC, id DESC LIMIT {limit:UInt32}`,
    { ...where.params, limit: search.limit },
  )
  for (const ids of inParts(heads)) {
    const rows = await store.query<Row>(
      `SELECT id, source, received_at, content_type, body, body_encoding FROM message_rows FINAL
WHERE project = {project:String} AND id IN {ids:Array(String)}
ORDER BY received_at DESC, id DESC`,
      { project, ids },
    )
    for (const { content_type, body, body_encoding, ...row } of rows) {
      yield { ...row, contentType: content_type, body: Buffer.from(body, body_encoding) }
    }
  }
}

type Head = Readonly<{ id: string; size: number }>
type Row = Readonly<{
  id: string
  source: string | null
  received_at: string
  content_type: string
  body: string
  body_encoding: 'utf8' | 'base64'
}>

function* inParts(heads: readonly Head[]): Generator<readonly string[]> {
  let part: string[] = []
  let bytes = 0
  for (const { id, size } of heads) {
    if (part.length > 0 && bytes + size > bodiesAtATime) {
      yield part
      part = []
      bytes = 0
    }
    part.push(id)
    bytes += size
  }
  if (part.length > 0) yield part
}
