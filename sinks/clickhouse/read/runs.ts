import type { Store } from '../../../topology/flow/ports.ts'
import { type Json, parseExact } from '../../../topology/words/json.ts'
import type { LogLine, RunCall, RunError } from '../../../topology/words/run.ts'
import {
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
import { textSearch } from './search.ts'
import { looksAtRows } from './search-text.ts'

/** A run with the columns of the view `runs` (design.md 8), without its states. */
export type RunItem = Readonly<{
  id: string
  project: string
  job: string
  job_version: number
  adaptor: string
  message_id: string
  parent_run_id: string | null
  retry_of: string | null
  trigger: string
  trigger_kind: string
  status: string
  error_type: string | null
  error_message: string | null
  exit_code: number | null
  attempts: number
  starts: number
  queued_at: string
  started_at: string | null
  finished_at: string | null
  duration_ms: number | null
  due_at: string | null
  depth: number
  key: string
  trace_id: string
}>

export type Run = RunItem &
  Readonly<{
    input: Json
    final_state: Json
    log: readonly LogLine[]
    error: RunError | null
    calls: readonly RunCall[]
  }>

export type RunSearch = ListSearch &
  Readonly<{
    status?: string
    job?: string
    trigger?: string
    source?: string
    messageId?: string
    traceId?: string
    idFrom?: string
    idTo?: string
    /** Words of log and error; a path looks into input and final state (search-text.ts). */
    text?: string
  }>

/** Newest first. Throws `BadPlace` for an `after` that is none, `BadSearch` for a `text` with a mistake. */
export const listRuns = (store: Store, search: RunSearch): Promise<Page<RunItem>> =>
  readNewest<RunItem, RunSearch>(store, {
    search,
    hours: isBounded(search) ? [] : hoursBack({ slow: looksAtRows(search.text) }),
    queryOf: runList,
    timeOf: ({ queued_at }) => queued_at,
  })

/** One run with its states, log and error; undefined when there is none of that id in the project. */
export async function readRun(
  store: Store,
  { project, id }: Readonly<{ project: string; id: string }>,
): Promise<Run | undefined> {
  const sql = `SELECT ${columns}, ${wholeColumns} FROM run_rows FINAL WHERE project = {project:String} AND id = {id:String}`
  const [row] = await store.query<WholeRow>(sql, { project, id: id.toLowerCase() })
  return row && wholeRun(row)
}

/** The runs of a message, parents before children. */
export const runsOfMessage = (
  store: Store,
  { project, id }: Readonly<{ project: string; id: string }>,
): Promise<readonly RunItem[]> =>
  store.query<RunItem>(
    `SELECT ${columns} FROM run_rows FINAL
WHERE project = {project:String} AND message_id = {id:String} AND startsWith(id, {time:String})
ORDER BY queued_at, depth, id`,
    { project, id, time: id.slice(0, 13) }, // a run's id begins with the time of its message
  )

export const runList = (search: RunSearch): Query =>
  pageQuery({ columns, table: 'run_rows', time: 'queued_at', where: runWhere(search), limit: search.limit })

/** Which rows of `run_rows` are asked for, whatever is then read of them. */
export const runWhere = (search: Omit<RunSearch, 'limit'>): Query => {
  const { status, job, trigger, source, messageId, traceId, idFrom, idTo, text } = search
  return conditions(
    listConditions('queued_at', { ...search, bounded: isBounded(search) }),
    equals('status', status),
    equals('job', job),
    equals('trigger', trigger),
    equals('message_id', messageId?.toLowerCase()),
    equals('trace_id', traceId?.toLowerCase()),
    messageId !== undefined && {
      sql: 'startsWith(id, {message_time:String})',
      params: { message_time: messageId.toLowerCase().slice(0, 13) },
    },
    source !== undefined && {
      sql: 'message_id IN (SELECT id FROM message_rows WHERE project = {project:String} AND source = {source:String})',
      params: { source },
    },
    idRange(idFrom, idTo),
    textSearch(text, { columns: ['final_state', 'input'], inText: false }),
  )
}

const isBounded = ({ idFrom, idTo, messageId }: Pick<RunSearch, 'idFrom' | 'idTo' | 'messageId'>): boolean =>
  idFrom !== undefined || idTo !== undefined || messageId !== undefined

const columns = `id, project, job, job_version, adaptor, message_id, parent_run_id, retry_of, trigger, trigger_kind, status, error_type,
  error_message, exit_code, attempts, starts, queued_at, started_at, finished_at, duration_ms, due_at, depth, key, trace_id`

const wholeColumns = `input, final_state, calls, error_line, error_column, error_operation, error_details,
  \`log.time\` AS log_time, \`log.level\` AS log_level, \`log.source\` AS log_source, \`log.message\` AS log_message`

type WholeRow = RunItem &
  Readonly<{
    input: string | null
    final_state: string | null
    calls: string
    error_line: number | null
    error_column: number | null
    error_operation: string | null
    error_details: string | null
    log_time: readonly string[]
    log_level: readonly LogLine['level'][]
    log_source: readonly LogLine['source'][]
    log_message: readonly string[]
  }>

const wholeRun = (row: WholeRow): Run => {
  const { input, final_state, calls, error_line, error_column, error_operation, error_details, ...rest } = row
  const { log_time, log_level, log_source, log_message, ...item } = rest
  return {
    ...item,
    input: parsed(input),
    final_state: parsed(final_state),
    calls: calls === '' ? [] : (JSON.parse(calls) as readonly RunCall[]),
    log: log_message.map((message, at) => ({
      time: log_time[at] ?? '',
      level: log_level[at] ?? 'log',
      source: log_source[at] ?? 'job',
      message,
    })),
    error:
      item.error_type === null
        ? null
        : {
            name: item.error_type,
            message: item.error_message ?? '',
            line: error_line,
            column: error_column,
            operation: error_operation,
            details: parsed(error_details),
          },
  }
}

const parsed = (text: string | null): Json => (text === null ? null : parseExact(text))
