import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drainPending, Session } from 'chdb'

/** What is asked of the engine. Values of `params` are in ClickHouse's escaped text form, as its HTTP interface takes them. */
export type Question = Readonly<{
  sql: string
  /** Rows of an `INSERT … FORMAT x`; null for all other statements. */
  data: Buffer | null
  format: string
  database: string
  settings: ReadonlyMap<string, string>
  params: ReadonlyMap<string, string>
  /** `read`: the engine itself refuses to write, to look outside of its data, and to have a setting changed. */
  access: 'all' | 'read'
}>

/**
 * An answer comes in chunks; what the engine refuses is thrown as an `EngineError`, at the first chunk if it can. `gone`: nobody wants the
 * answer any more; a question that only reads ends then, wherever it is.
 */
export type Engine = AsyncDisposable &
  Readonly<{ ask(question: Question, gone?: AbortSignal): AsyncGenerator<Uint8Array> }>

/** ClickHouse's own error: its number, its name, its sentence. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: number
  readonly type: string

  constructor(code: number, type: string, message: string) {
    super(message)
    this.code = code
    this.type = type
  }
}

/**
 * ClickHouse in this process, on a directory that nobody else may have open. Each question has a session of its own (0.3 ms), so nothing
 * that one leaves behind (`SET`, `USE`, temporary tables, parameters) is seen by the next, and questions run side by side.
 */
export const openEngine = (dir: string): Engine => {
  const keeper = new Session(dir) // while one session is open the data stays open, too
  const incoming = join(dir, 'incoming')
  rmSync(incoming, { recursive: true, force: true })
  mkdirSync(incoming, { mode: 0o700 })

  async function* ask(question: Question, gone?: AbortSignal): AsyncGenerator<Uint8Array> {
    const mark = randomUUID()
    const limits = question.access === 'read' ? readOnly : owner
    const session = new Session(dir, { connectionArgs: [...limits, `--log_comment=${mark}`] })
    const end = (): void => {
      keeper.queryAsync(`KILL QUERY WHERE Settings['log_comment'] = '${mark}' ASYNC`).catch(() => {}) // it has ended by itself
    }
    if (isSelect(question.sql)) gone?.addEventListener('abort', end, { once: true })
    try {
      if (gone?.aborted) return
      const before = beforehand(question)
      if (before) await session.queryAsync(before)
      if (question.data) yield* inserted(session, question, { data: question.data, file: join(incoming, mark) })
      else if (isSelect(question.sql) && headLines(question.format) !== undefined) yield* streamed(session, question)
      else yield (await session.queryAsync(question.sql, { format: question.format })).bytes()
    } catch (error) {
      throw asEngineError(error)
    } finally {
      gone?.removeEventListener('abort', end)
      session.close()
    }
  }

  const close = async (): Promise<void> => {
    await drainPending()
    keeper.close()
  }
  return { ask, [Symbol.asyncDispose]: close }
}

/** Values are part of a statement here (`SET param_…`), which a server takes apart from it: the front's limit of an address is theirs. */
const owner = ['--max_query_size=1048576']

/** A query of a person may not hold a thread for ever, nor all of the memory. */
const readOnly = ['--max_execution_time=600', '--max_memory_usage=2000000000', '--readonly=1']

/** Parameters by `SET`, not by the library's binding: that one lets no two questions with parameters run at once. */
const beforehand = ({ database, settings, params }: Question): string => {
  const values = [...settings, ...[...params].map(([name, value]) => [`param_${name}`, value] as const)]
  const set = values.map(([name, value]) => `${quoted(name, '`')} = ${quoted(value, "'")}`).join(', ')
  return [database && `USE ${quoted(database, '`')}`, set && `SET ${set}`].filter(Boolean).join('; ')
}

/** As a string or an identifier of SQL. */
export const quoted = (text: string, quote: "'" | '`'): string =>
  `${quote}${text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`)}${quote}`

type Inserted = Readonly<{ data: Buffer; file: string }>

async function* inserted(
  session: Session,
  { sql, format }: Question,
  { data, file }: Inserted,
): AsyncGenerator<Uint8Array> {
  const [, table, columns] = plainInsert.exec(sql) ?? []
  if (table && rawFormats.has(format)) {
    // The rows stay bytes all the way down.
    const names = columns && { columns: columns.split(',').map((name) => name.trim().replaceAll('`', '')) }
    await session.insert({ table, values: data, format: format as 'JSONEachRow', ...names })
  } else if (table && binaryFormats.has(format)) {
    // The library takes no other bytes than text, the engine does: from a file, which no disk sees as long as it lives.
    await writeFile(file, data)
    try {
      await session.queryAsync(sql.replace(/FORMAT\s+\w+\s*$/i, (named) => `FROM INFILE ${quoted(file, "'")} ${named}`))
    } finally {
      await unlink(file)
    }
  } else {
    yield (await session.queryAsync(`${sql}\n${data.toString('utf8')}`)).bytes()
  }
}

const plainInsert = /^\s*INSERT\s+INTO\s+(?:TABLE\s+)?([\w.]+)\s*(?:\(([\w\s.,`]+)\))?\s*FORMAT\s+\w+\s*$/i
const binaryFormats = new Set(['Native', 'RowBinary', 'RowBinaryWithNamesAndTypes', 'Parquet', 'Arrow'])
const rawFormats = new Set(['JSONEachRow', 'JSONCompactEachRow', 'CSV', 'CSVWithNames', 'TabSeparated', 'TSV'])

/** Each chunk of a stream is a document of its own: head lines of all but the first are cut off. */
async function* streamed(session: Session, { sql, format }: Question): AsyncGenerator<Uint8Array> {
  let head: number | undefined
  for await (const chunk of session.queryStream(sql, { format })) {
    const bytes = chunk.raw()
    yield head === undefined ? bytes : bytes.subarray(head)
    head ??= headBytes(bytes, format)
  }
  // Without rows a stream says nothing, not even its head.
  if (head === undefined && headLines(format)) yield (await session.queryAsync(sql, { format })).bytes()
}

const isSelect = (sql: string): boolean =>
  /^(?:SELECT|WITH|FROM)\b/i.test(sql.replace(/^(?:\s|\(|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, ''))

/** How many lines of a format name its columns; undefined for formats that cannot be put together from chunks. */
const headLines = (format: string): number | undefined =>
  /^(?:JSON(?:Compact)?(?:Strings)?EachRow|CSV|TSV|TabSeparated|TSVRaw|TabSeparatedRaw|RowBinary|Native|TSKV)$/.test(
    format,
  )
    ? 0
    : /^(?:JSONCompact(?:Strings)?EachRow|CSV|TSV|TabSeparated|TSVRaw|TabSeparatedRaw)WithNames$/.test(format)
      ? 1
      : /^(?:JSONCompact(?:Strings)?EachRow|CSV|TSV|TabSeparated|TSVRaw|TabSeparatedRaw)WithNamesAndTypes$/.test(format)
        ? 2
        : undefined

const headBytes = (bytes: Uint8Array, format: string): number => {
  let lines = headLines(format) ?? 0
  let within = false
  let at = 0
  for (; lines > 0 && at < bytes.length; at++) {
    if (bytes[at] === 0x22 && format.startsWith('CSV')) within = !within
    else if (bytes[at] === 0x0a && !within) lines--
  }
  return at
}

const asEngineError = (error: unknown): EngineError => {
  const text = (error instanceof Error ? error.message : String(error)).replace(/^(?:Code: \d+\. DB::Exception: )+/, '')
  const [, code] = /Code: (\d+)\./.exec(error instanceof Error ? error.message : '') ?? []
  const [, type] = /\(([A-Z][A-Z0-9_]{2,})\)/.exec(text) ?? []
  return new EngineError(Number(code ?? 1002), type ?? 'UNKNOWN_EXCEPTION', text)
}
