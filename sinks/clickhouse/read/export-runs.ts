import type { Store } from '../../../topology/flow/ports.ts'
import type { Column } from './cells.ts'
import { type ExportOptions, openExport, type Sheet } from './export.ts'
import type { Query } from './page.ts'
import { type RunSearch, runWhere } from './runs.ts'

/** The runs of a search with the columns of `semantics.md` 8; the log is a list of `{time, level, source, message}`. */
export const exportRuns = (
  store: Store,
  { search, ...options }: ExportOptions & Readonly<{ search: Omit<RunSearch, 'limit'> }>,
): Promise<AsyncIterable<Uint8Array>> => openExport(store, { ...options, sheet: runSheet(runWhere(search)) })

export const runSheet = (where: Query): Sheet => ({
  table: 'run_rows',
  time: 'queued_at',
  bytes: 'byteSize(`log.message`, error_message)',
  where,
  columns,
  rows,
})

const text = (name: string): Column => ({ name, kind: 'text', sql: `r.${name}` })
const number = (name: string): Column => ({ name, kind: 'number', sql: `r.${name}` })
const time = (name: string): Column => ({ name, kind: 'time', sql: `r.${name}` })

const columns: readonly Column[] = [
  { name: 'run_id', kind: 'text', sql: 'r.id' },
  text('message_id'),
  text('parent_run_id'),
  text('job'),
  number('job_version'),
  text('adaptor'),
  text('trigger'),
  text('trigger_kind'),
  text('status'),
  text('error_type'),
  text('error_message'),
  number('exit_code'),
  number('attempts'),
  number('starts'),
  text('retry_of'),
  time('queued_at'),
  time('started_at'),
  time('finished_at'),
  number('duration_ms'),
  {
    name: 'log',
    kind: 'json',
    sql: `CAST(
    arrayZip(r.\`log.time\`, r.\`log.level\`, r.\`log.source\`, r.\`log.message\`),
    'Array(Tuple(time DateTime64(3, \\'UTC\\'), level String, source String, message String))'
  )`,
  },
]

const rows: Sheet['rows'] = ({ cells, which }) => ({
  sql: `SELECT
  ${cells}
FROM (SELECT * FROM run_rows FINAL WHERE ${which.sql}) AS r
ORDER BY r.queued_at DESC, r.id DESC`,
  params: which.params,
})
