import type { Store } from '../../../topology/flow/ports.ts'
import { type Cells, type Column, cellsOf, headerOf } from './cells.ts'
import { type Found, instant, windowsOf } from './export-windows.ts'
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
  const [least, greatest] = endsOf(slice)
  return conditions(
    where,
    {
      sql: 'id BETWEEN {least_id:String} AND {greatest_id:String}',
      params: { least_id: least, greatest_id: greatest },
    }, // for the primary key
    {
      sql: `${time} BETWEEN ${instant('oldest_time')} AND ${instant('newest_time')}
  AND (${time}, id) >= (${instant('oldest_time')}, {oldest_id:String}) AND (${time}, id) <= (${instant('newest_time')}, {newest_id:String})`,
      params: { oldest_time: oldest.at, oldest_id: oldest.id, newest_time: newest.at, newest_id: newest.id },
    },
  )
}

const endsOf = (slice: Slice): readonly [string, string] => {
  let [least, greatest] = [slice[0].id, slice[0].id]
  for (const { id } of slice) {
    if (id < least) least = id
    if (id > greatest) greatest = id
  }
  return [least, greatest]
}

const asWeWrite = `SETTINGS format_csv_null_representation = '', output_format_csv_crlf_end_of_line = 1, date_time_output_format = 'iso',
  output_format_json_escape_forward_slashes = 0, output_format_json_quote_64bit_integers = 0, output_format_json_named_tuples_as_objects = 1`

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
const sliceRows = 8_000
const sliceBytes = 8_000_000
