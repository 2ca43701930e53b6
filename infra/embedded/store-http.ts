import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { type Engine, EngineError, type Question } from './store-engine.ts'
import { guarded } from './store-guard.ts'

/** Who may come in: names and their passwords. `people` may only read. */
export type Logins = Readonly<Record<'penstock' | 'people', string>>

/**
 * ClickHouse's HTTP interface, as far as its clients use it: the query in the address or the body, `param_…`, settings, formats, three ways to
 * say who one is, errors by number. What is not served (`compress=1`) is refused by name.
 */
export const storeInterface =
  (engine: Engine, logins: Logins): RequestListener =>
  async (request, response) => {
    try {
      const url = new URL(request.url ?? '/', 'http://localhost')
      if (request.method === 'GET' && !url.searchParams.has('query')) return pong(url.pathname, response)
      const access = accessOf(request, url.searchParams, logins)
      const question = await questionOf(request, url.searchParams, access)
      const allowed = access === 'read' ? await guarded(engine, question) : question
      await answer(engine.ask(allowed, goneSignal(response)), question, response)
    } catch (error) {
      refuse(error, response)
    }
  }

const pong = (path: string, response: ServerResponse): void => {
  const known = path === '/' || path === '/ping' || path === '/replicas_status'
  response.writeHead(known ? 200 : 404, { 'content-type': 'text/plain; charset=UTF-8' })
  response.end(known ? 'Ok.\n' : 'There is no such page; POST a query to /\n')
}

const accessOf = ({ headers }: IncomingMessage, query: URLSearchParams, logins: Logins): Question['access'] => {
  const [, basic] = /^Basic\s+(\S+)$/i.exec(headers.authorization ?? '') ?? []
  const [, basicUser, basicPassword] =
    /^([^:]*):(.*)$/s.exec(basic ? Buffer.from(basic, 'base64').toString() : '') ?? []
  const user = basicUser ?? one(headers['x-clickhouse-user']) ?? query.get('user') ?? 'default'
  const password = basicPassword ?? one(headers['x-clickhouse-key']) ?? query.get('password') ?? ''
  const wanted = user === 'penstock' || user === 'people' ? logins[user] : undefined
  if (!isSame(password, wanted ?? 'nobody') || wanted === undefined)
    throw new EngineError(
      516,
      'AUTHENTICATION_FAILED',
      `${user}: Authentication failed: password is incorrect, or there is no user with such name.`,
    )
  return user === 'people' ? 'read' : 'all'
}

const questionOf = async (
  request: IncomingMessage,
  query: URLSearchParams,
  access: Question['access'],
): Promise<Question> => {
  if (query.get('compress') === '1' || query.get('decompress') === '1')
    throw new EngineError(48, 'NOT_IMPLEMENTED', 'compress and decompress are not served here: switch compression off')
  const body = await buffer(unpacked(request))
  const asked = query.get('query')
  const isInsert = asked !== null && /^\s*INSERT\b/i.test(asked) && body.length > 0
  const text = isInsert ? asked : [asked, body.toString('utf8')].filter(Boolean).join('\n')
  const [sql, named] = isInsert ? [text, /\bFORMAT\s+(\w+)\s*;?\s*$/i.exec(text)?.[1]] : withoutFormat(text)
  const settings = [...query].filter(([name]) => !name.startsWith('param_') && !transport.has(name))
  const params = [...query].filter(([name]) => name.startsWith('param_'))
  return {
    sql,
    data: isInsert ? body : null,
    format: named ?? query.get('default_format') ?? one(request.headers['x-clickhouse-format']) ?? 'TabSeparated',
    database: query.get('database') ?? one(request.headers['x-clickhouse-database']) ?? '',
    settings: new Map(settings),
    params: new Map(params.map(([name, value]) => [name.slice('param_'.length), value])),
    access: access === 'all' && request.method === 'GET' ? 'read' : access,
  }
}

/** A format that the query names at its end is told to the engine apart, which else could not stream it. */
const withoutFormat = (text: string): readonly [sql: string, format: string | undefined] => {
  const [whole, format] = /\s+FORMAT\s+(\w+)[\s;]*$/i.exec(text) ?? []
  return /^\s*INSERT\b/i.test(text) || !whole ? [text, undefined] : [text.slice(0, -whole.length), format]
}

const answer = async (
  chunks: AsyncGenerator<Uint8Array>,
  question: Question,
  response: ServerResponse,
): Promise<void> => {
  await using _chunks = chunks
  const first = await chunks.next() // what goes wrong by now still gets a status of its own
  response.writeHead(200, {
    'content-type': contentTypes.get(question.format) ?? 'text/plain; charset=UTF-8',
    'x-clickhouse-format': question.format,
    'x-clickhouse-timezone': 'UTC',
    'x-clickhouse-server-display-name': 'penstock',
    'x-clickhouse-summary': '{}',
  })
  if (first.done) return void response.end()
  response.write(first.value)
  await pipeline(Readable.from(chunks), response)
}

const goneSignal = (response: ServerResponse): AbortSignal => {
  const gone = new AbortController()
  response.once('close', () => response.writableFinished || gone.abort())
  return gone.signal
}

/** After the first bytes only a broken connection can say that the answer is not whole. */
const refuse = (error: unknown, response: ServerResponse): void => {
  if (response.headersSent) return void response.destroy()
  const { code, type, message } =
    error instanceof EngineError ? error : new EngineError(1002, 'UNKNOWN_EXCEPTION', String(error))
  response.writeHead(statuses.get(code) ?? 500, {
    'content-type': 'text/plain; charset=UTF-8',
    'x-clickhouse-exception-code': code,
    ...(code === 516 && { 'www-authenticate': 'Basic realm="ClickHouse server HTTP API"' }),
  })
  const named = message.includes(`(${type})`) ? message : `${message} (${type})`
  response.end(`Code: ${code}. DB::Exception: ${named}\n`)
}

const unpacked = (request: IncomingMessage): Readable => {
  switch (request.headers['content-encoding'] ?? 'identity') {
    case 'identity':
      return request
    case 'gzip':
      return request.pipe(createGunzip())
    case 'deflate':
      return request.pipe(createInflate())
    case 'br':
      return request.pipe(createBrotliDecompress())
    default:
      throw new EngineError(
        48,
        'NOT_IMPLEMENTED',
        `content-encoding ${request.headers['content-encoding']} is not served`,
      )
  }
}

const isSame = (given: string, wanted: string): boolean => timingSafeEqual(digest(given), digest(wanted))
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
const one = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header)

/** Names in the address that are about the request; every other is a setting of the query. */
const transport = new Set(
  `query database default_format query_id session_id session_timeout session_check close_session user password quota_key role compress
  decompress enable_http_compression wait_end_of_query buffer_size send_progress_in_http_headers http_headers_progress_interval_ms
  client_protocol_version stacktrace cancel_http_readonly_queries_on_client_close http_write_exception_in_output_format`.split(
    /\s+/,
  ),
)

/** As ClickHouse maps its errors to HTTP; the rest is 500. */
const statuses: ReadonlyMap<number, number> = new Map([
  ...[516, 194].map((code) => [code, 401] as const),
  ...[164, 497].map((code) => [code, 403] as const),
  ...[46, 60, 81].map((code) => [code, 404] as const),
  ...[25, 26, 27, 36, 38, 41, 47, 53, 62, 72, 73, 456].map((code) => [code, 400] as const),
  [48, 501],
  [202, 429],
])

const contentTypes: ReadonlyMap<string, string> = new Map([
  ...['JSON', 'JSONCompact', 'JSONStrings', 'JSONColumns'].map(
    (name) => [name, 'application/json; charset=UTF-8'] as const,
  ),
  ...['JSONEachRow', 'JSONCompactEachRow'].map((name) => [name, 'application/x-ndjson; charset=UTF-8'] as const),
  ...['CSV', 'CSVWithNames'].map((name) => [name, 'text/csv; charset=UTF-8; header=present'] as const),
  ...['TSV', 'TabSeparated', 'TSVWithNames'].map((name) => [name, 'text/tab-separated-values; charset=UTF-8'] as const),
  ...['RowBinary', 'Native', 'Parquet', 'Arrow'].map((name) => [name, 'application/octet-stream'] as const),
])
