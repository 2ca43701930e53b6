import type { Store } from '../../../topology/flow/ports.ts'
import type { Column } from './cells.ts'
import { type ExportOptions, openExport, type Sheet } from './export.ts'
import { type MessageSearch, messageWhere } from './messages.ts'
import type { Query } from './page.ts'

/** The messages of a search with the columns of `semantics.md` 8. A body in base64 says so behind its media type, as a data URL does (RFC 2397). */
export const exportMessages = (
  store: Store,
  { search, ...options }: ExportOptions & Readonly<{ search: Omit<MessageSearch, 'limit'> }>,
): Promise<AsyncIterable<Uint8Array>> => openExport(store, { ...options, sheet: messageSheet(messageWhere(search)) })

export const messageSheet = (where: Query): Sheet => ({
  table: 'message_rows',
  time: 'received_at',
  bytes: 'size',
  where,
  columns,
  rows,
})

const columns: readonly Column[] = [
  { name: 'message_id', kind: 'text', sql: 'm.id' },
  { name: 'received_at', kind: 'time', sql: 'm.received_at' },
  { name: 'source', kind: 'text', sql: 'm.source' },
  { name: 'key', kind: 'text', sql: 'm.key' },
  {
    name: 'content_type',
    kind: 'text',
    sql: `concat(m.content_type, if(m.body_encoding = 'base64', ';base64', ''))`,
  },
  { name: 'size', kind: 'number', sql: 'm.size' },
  { name: 'parent_id', kind: 'text', sql: 'm.parent_id' },
  { name: 'duplicate_of', kind: 'text', sql: 'm.duplicate_of' },
  { name: 'matched_jobs', kind: 'json', sql: 'r.matched_jobs' },
  { name: 'job_states', kind: 'json', sql: 'r.job_states' },
  { name: 'last_run_id', kind: 'text', sql: `nullIf(r.last_run_id, '')` },
  { name: 'last_run_status', kind: 'text', sql: `nullIf(r.last_run_status, '')` },
  { name: 'headers', kind: 'json', sql: 'm.headers' },
  { name: 'body', kind: 'text', sql: 'm.body' },
]

/**
 * `matched_jobs`: those that the message itself started by a trigger. `job_states`: of each job that ran for it the status of its latest
 * finished run, `running` while none has finished. The last run is the one that was queued last.
 */
const rows: Sheet['rows'] = ({ cells, which, ids: [least, greatest] }) => ({
  sql: `SELECT
  ${cells}
FROM (SELECT * FROM message_rows FINAL WHERE ${which.sql}) AS m
LEFT JOIN
(
  SELECT
    message_id,
    arraySort(groupArrayIf(job, matched)) AS matched_jobs,
    mapFromArrays(groupArray(job), groupArray(state)) AS job_states,
    argMax(last_id, last_place) AS last_run_id,
    argMax(last_status, last_place) AS last_run_status
  FROM
  (
    SELECT
      message_id,
      toString(job) AS job,
      max(parent_run_id IS NULL AND trigger_kind IN ('message', 'cron')) AS matched,
      ifNull(argMaxIf(toNullable(toString(status)), finished_at, finished_at IS NOT NULL), 'running') AS state,
      max(${place}) AS last_place,
      argMax(id, ${place}) AS last_id,
      argMax(toString(status), ${place}) AS last_status
    FROM run_rows FINAL
    WHERE id >= {first_run:String} AND id <= {last_run:String}
      AND message_id IN (SELECT id FROM message_rows WHERE ${which.sql})
    GROUP BY message_id, job
    ORDER BY message_id, job
  )
  GROUP BY message_id
) AS r ON r.message_id = m.id
ORDER BY m.received_at DESC, m.id DESC`,
  // A run's id begins with the time of its message, as the message's own id does.
  params: { ...which.params, first_run: timePart(least), last_run: `${timePart(greatest)}~` },
})

/** When a run was queued, a child after its parent. One number: tuples are slow to compare. */
const place = 'toUnixTimestamp64Milli(queued_at) * 1000 + least(depth, 999)'

const timePart = (id: string): string => id.slice(0, 13)
