import { addAbortSignal, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type ClickHouseClient, ClickHouseError, createClient } from '@clickhouse/client'
import { Fault } from '../../topology/flow/fault.ts'
import type { Logger, Store } from '../../topology/flow/ports.ts'

export type StoreAddress = Readonly<{
  url: string
  user: string
  password: string
  database: string
  logger: Logger
}>

/** ClickHouse, embedded or not. Connects with the first question; `store-unavailable` is thrown by each one that finds nobody. */
export async function openStore({ url, user, password, database, logger }: StoreAddress): Promise<Store> {
  const client = createClient({
    url,
    username: user,
    password,
    database,
    request_timeout: 60_000,
    max_open_connections: 16,
    clickhouse_settings: { date_time_output_format: 'iso' },
    log: { level: 127 }, // off: what goes wrong is thrown, and said once by whoever catches it
  })
  logger.debug({ url, database }, 'store opened')
  return { ...storeOn(client), [Symbol.asyncDispose]: () => client.close() }
}

const storeOn = (client: ClickHouseClient): Omit<Store, typeof Symbol.asyncDispose> => ({
  async insert(table, rows, token) {
    const clickhouse_settings = {
      insert_deduplication_token: token,
      async_insert: 0,
      input_format_parallel_parsing: 0,
      materialize_skip_indexes_on_insert: 0, // merges make the index of words: what is new is short, and read whole
    } as const
    try {
      if ('bytes' in rows) {
        const names = rows.columns.map((name) => `\`${name}\``).join(', ')
        const values = Readable.from(rows.bytes, { objectMode: false })
        const query = `INSERT INTO ${table} (${names}) FORMAT Native`
        await client.exec({ query, values, clickhouse_settings }).then(({ stream }) => buffer(stream))
      } else {
        const [first, ...names] = new Set(rows.flatMap(Object.keys))
        if (first === undefined) return
        const values = rows.map((row) => [first, ...names].map((name) => Reflect.get(row, name) ?? null))
        await client.insert({
          table,
          columns: [first, ...names],
          values,
          format: 'JSONCompactEachRow',
          clickhouse_settings,
        })
      }
    } catch (error) {
      throw isAboutRows(error) ? new Fault('row-refused', textOf(error), { cause: error }) : unavailable(error)
    }
  },
  async query<Row>(sql: string, params: Readonly<Record<string, unknown>> = {}) {
    try {
      const clickhouse_settings = { max_execution_time: 50 } // or it would work on when we have stopped to wait
      const result = await client.query({
        query: sql,
        query_params: params,
        format: 'JSONEachRow',
        clickhouse_settings,
      })
      return await result.json<Row>()
    } catch (error) {
      throw isOurs(error) ? error : unavailable(error)
    }
  },
  async read(sql, { format, params, signal }) {
    try {
      signal.throwIfAborted()
      const { stream } = await client.exec({
        query: `${sql}\nFORMAT ${format}`,
        query_params: params,
        abort_signal: signal,
        clickhouse_settings: {
          wait_end_of_query: 1, // or what goes wrong in the middle would come as rows
          readonly: '2', // only such questions end with their connection
          cancel_http_readonly_queries_on_client_close: 1,
        },
      })
      return await Array.fromAsync(addAbortSignal(signal, stream) as AsyncIterable<Uint8Array>)
    } catch (error) {
      signal.throwIfAborted()
      throw isOurs(error) ? error : unavailable(error)
    }
  },
  async command(sql) {
    await client.command({ query: sql }).catch((error: unknown) => {
      throw isOurs(error) ? error : unavailable(error)
    })
  },
})

/**
 * True for what another batch without the row would not meet. All else that goes wrong with an insert (a table that is not there yet, a full
 * disk, a server that is starting) is worth waiting for: burying a healthy row would be worse than a wait that people see.
 */
const isAboutRows = (error: unknown): boolean =>
  error instanceof ClickHouseError &&
  (dataCodes.has(error.code) || (error.code === '252' && error.message.includes('partitions for single INSERT')))

/** A question that is wrong stays wrong; it is a bug of ours, not the store's absence. */
const isOurs = (error: unknown): boolean => error instanceof ClickHouseError && !absenceCodes.has(error.code)

const unavailable = (error: unknown): Fault => new Fault('store-unavailable', textOf(error), { cause: error })

const textOf = (error: unknown): string =>
  error instanceof ClickHouseError
    ? `${error.type ?? ''} ${error.code}: ${error.message.slice(0, 1_000)}`
    : error instanceof Error
      ? error.message || error.name
      : String(error)

/** ClickHouse's numbers for text it cannot parse, values out of range, types that do not fit. */
const dataCodes: ReadonlySet<string> = new Set(
  '6 25 26 27 33 38 41 53 69 70 72 117 130 131 190 349 407 467 469 636 691'.split(' '),
)

/** Timeouts, overload, memory, too many parts, read-only or lost replicas, login. */
const absenceCodes: ReadonlySet<string> = new Set(
  '3 74 75 76 81 159 164 194 198 202 203 209 210 236 241 242 243 252 279 285 290 319 373 394 425 439 499 516 517 999'.split(
    ' ',
  ),
)
