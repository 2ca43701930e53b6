import type { Store } from '../../../topology/flow/ports.ts'
import { type Cells, type Column, cellsOf, headerOf } from './cells.ts'
import { conditions, type Query } from './page.ts'

/** A table to be written out whole: one line for each row that `where` asks for. */
export type Sheet = Readonly<{
  table: string
  /** What rows are sorted by, together with `id`; newest first. */
  time: string
  /** About how large a row is, as SQL. */
  bytes: string
  where: Query
  columns: readonly Column[]
  /** The question for the rows of the table that `which` is true of, newest first. `ids`: the least and the greatest of them. */
  rows: (of: Readonly<{ cells: string; which: Query; ids: readonly [least: string, greatest: string] }>) => Query
}>

export type ExportOptions = Cells & Readonly<{ signal: AbortSignal }>

/**
 * All rows, newest first, in chunks. Resolves when the store has answered the first question. Neither side's memory grows with the rows:
 * ids are asked for a window of time after another, and only for some of them at once the rows. Rows that are newer than the first answer are
 * not in it. A slow reader holds up nobody: between chunks nothing is open in the store. Throws `store-unavailable`, also in the middle.
 */
export async function openExport(
  store: Pick<Store, 'read'>,
  { sheet, ...options }: ExportOptions & Readonly<{ sheet: Sheet }>,
): Promise<AsyncIterable<Uint8Array>> {
  const windows = windowsOf(store, { sheet, signal: options.signal })
  const first = await windows.next()
  return chunksOf(store, { sheet, options, windows, first: first.done ? [] : first.value })
}

type Place = Readonly<{ at: number; id: string }>
type Found = Place & Readonly<{ bytes: number }>

async function* chunksOf(
  store: Pick<Store, 'read'>,
  of: Readonly<{
    sheet: Sheet
    options: ExportOptions
    windows: AsyncGenerator<readonly Found[]>
    first: readonly Found[]
  }>,
): AsyncGenerator<Uint8Array> {
  const { sheet, options, windows, first } = of
  if (options.format === 'CSV') yield Buffer.from(headerOf(sheet.columns))
  const cells = cellsOf(sheet.columns, options)
  const read = (slice: Slice): Promise<readonly Uint8Array[]> => {
    const { sql, params } = sheet.rows({ cells, which: whichOf(sheet, slice), ids: endsOf(slice) })
    return store.read(`${sql}\n${asWeWrite}`, { format: options.format, params, signal: options.signal })
  }
  async function* slices(): AsyncGenerator<() => Promise<readonly Uint8Array[]>> {
    for (const slice of slicesOf(first)) yield () => read(slice)
    for await (const window of windows) for (const slice of slicesOf(window)) yield () => read(slice)
  }
  for await (const chunks of ahead(slices())) yield* chunks
}

type Slice = readonly [Found, ...Found[]]

/** A filter that is a question of its own was answered with the window; any other costs less than a list of ids. */
const whichOf = ({ where, time }: Sheet, slice: Slice): Query => {
  if (where.sql.includes('SELECT'))
    return { sql: 'id IN {ids:Array(String)}', params: { ids: slice.map(({ id }) => id) } }
  const [newest, oldest] = [slice[0], slice.at(-1) ?? slice[0]]
  return conditions(where, {
    sql: `${time} BETWEEN ${instant('oldest_time')} AND ${instant('newest_time')}
  AND (${time}, id) >= (${instant('oldest_time')}, {oldest_id:String}) AND (${time}, id) <= (${instant('newest_time')}, {newest_id:String})`,
    params: { oldest_time: oldest.at, oldest_id: oldest.id, newest_time: newest.at, newest_id: newest.id },
  })
}

const endsOf = (slice: Slice): readonly [string, string] => {
  let [least, greatest] = [slice[0].id, slice[0].id]
  for (const { id } of slice) {
    if (id < least) least = id
    if (id > greatest) greatest = id
  }
  return [least, greatest]
}

/** A bound number of milliseconds as a time. */
const instant = (name: string): string => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`

const asWeWrite = `SETTINGS format_csv_null_representation = '', output_format_csv_crlf_end_of_line = 1, date_time_output_format = 'iso',
  output_format_json_escape_forward_slashes = 0, output_format_json_quote_64bit_integers = 0, output_format_json_named_tuples_as_objects = 1`

/**
 * The ids of all rows, newest first, a window of time after another. How far back the next one looks follows from how many rows the one
 * before held; one that held none is followed by all the rest.
 */
async function* windowsOf(
  store: Pick<Store, 'read'>,
  { sheet, signal }: Readonly<{ sheet: Sheet; signal: AbortSignal }>,
): AsyncGenerator<readonly Found[]> {
  let span = firstSpanMs
  let before: Place | undefined
  let newest = Date.now()
  for (;;) {
    const since = Math.max(0, newest - span)
    const found = await idsOf(store, { sheet, signal, since, before })
    yield found
    const last = found.length === windowRows ? found.at(-1) : undefined
    if (last === undefined && since === 0) return
    const covered = newest - (last?.at ?? since)
    span = found.length === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(covered * growth(found.length)))
    before = last ?? { at: since, id: '' }
    newest = before.at
  }
}

const idsOf = async (
  store: Pick<Store, 'read'>,
  of: Readonly<{ sheet: Sheet; signal: AbortSignal; since: number; before: Place | undefined }>,
): Promise<readonly Found[]> => {
  const { sheet, signal, since, before } = of
  const { table, time, bytes, where } = sheet
  const { sql, params } = conditions(
    where,
    { sql: `${time} >= ${instant('window_since')}`, params: { window_since: since } },
    before && {
      // The first half says nothing new, but the index by time understands it.
      sql: `${time} <= ${instant('window_time')} AND (${time}, id) < (${instant('window_time')}, {window_id:String})`,
      params: { window_time: before.at, window_id: before.id },
    },
  )
  const lines = await store.read(
    `SELECT id, toUnixTimestamp64Milli(${time}), ${bytes}
FROM ${table} FINAL
WHERE ${sql}
ORDER BY ${time} DESC, id DESC
LIMIT ${windowRows}
SETTINGS output_format_json_quote_64bit_integers = 0`,
    { format: 'JSONCompactEachRow', params, signal },
  )
  const text = Buffer.concat(lines).toString('utf8').trimEnd().replaceAll('\n', ',')
  const rows = JSON.parse(`[${text}]`) as readonly [id: string, at: number, bytes: number][]
  return rows.map(([id, at, bytes]) => ({ id, at, bytes }))
}

/** Up to so many rows, and about so many bytes, at once: this is what the memory of an export is made of. */
export const slicesOf = (found: readonly Found[]): readonly Slice[] => {
  const slices: [Found, ...Found[]][] = []
  let size = 0
  for (const row of found) {
    const slice = slices.at(-1)
    size += row.bytes
    if (slice !== undefined && slice.length < sliceRows && size <= sliceBytes) {
      slice.push(row)
    } else {
      slices.push([row])
      size = row.bytes
    }
  }
  return slices
}

/** The next is asked for while one is being sent. */
async function* ahead<T>(asks: AsyncGenerator<() => Promise<T>>): AsyncGenerator<T> {
  const coming: Promise<T>[] = []
  for await (const ask of asks) {
    const answer = ask()
    answer.catch(() => {}) // heard when it is its turn, if it ever is
    coming.push(answer)
    const next = coming.length > asksAhead ? coming.shift() : undefined
    if (next !== undefined) yield await next
  }
  for (const answer of coming) yield await answer
}

const asksAhead = 1
const firstSpanMs = 60_000
const windowRows = 24_000
const sliceRows = 8_000
const sliceBytes = 8_000_000

/** Aims at windows that are half full, and does not trust a thin one too far. */
const growth = (found: number): number => Math.min(8, windowRows / 2 / found)
