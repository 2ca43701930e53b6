import type { Store } from '../../../topology/flow/ports.ts'
import type { Sheet } from './export.ts'
import { conditions, type Query } from './page.ts'

/** A row that an export will hold, and about how large it is. */
export type Found = Place & Readonly<{ bytes: number }>

/**
 * The ids of all rows, newest first, a window of time after another. How far back the next one looks follows from how many rows the one
 * before held; after one that held none comes the one before the newest row that is left.
 */
export async function* windowsOf(store: Pick<Store, 'read'>, of: Asking): AsyncGenerator<readonly Found[]> {
  let span = firstSpanMs
  let before: Place | undefined
  for (let newest: number | null = Date.now(); newest !== null; ) {
    const since = Math.max(0, newest - span)
    const found = await idsOf(store, { ...of, since, before })
    yield found
    const last = found.length === windowRows ? found.at(-1) : undefined
    if (found.length > 0) span = Math.max(1, Math.ceil((newest - (last?.at ?? since)) * growth(found.length)))
    before = last ?? { at: since, id: '' }
    newest = found.length > 0 ? before.at : await newestOf(store, { ...of, before })
  }
}

type Asking = Readonly<{ sheet: Sheet; signal: AbortSignal }>

const idsOf = async (
  store: Pick<Store, 'read'>,
  { sheet, signal, since, before }: Asking & Readonly<{ since: number; before: Place | undefined }>,
): Promise<readonly Found[]> => {
  const { table, time, bytes, where } = sheet
  const { sql, params } = conditions(
    where,
    { sql: `${time} >= ${instant('window_since')}`, params: { window_since: since } },
    before && isBefore(time, before),
  )
  const rows = await linesOf<[id: string, at: number, bytes: number]>(store, {
    sql: `SELECT id, toUnixTimestamp64Milli(${time}), ${bytes}
FROM ${table} FINAL
WHERE ${sql}
ORDER BY ${time} DESC, id DESC
LIMIT ${windowRows}`,
    params,
    signal,
  })
  return rows.map(([id, at, bytes]) => ({ id, at, bytes }))
}

/** When the newest row came that is left; null when none is. Reads no wide column, as a window over all that is left would. */
const newestOf = async (
  store: Pick<Store, 'read'>,
  { sheet: { table, time, where }, signal, before }: Asking & Readonly<{ before: Place }>,
): Promise<number | null> => {
  const { sql, params } = conditions(where, isBefore(time, before))
  const newest = `SELECT maxOrNull(toUnixTimestamp64Milli(${time})) FROM ${table} FINAL WHERE ${sql}`
  const [row] = await linesOf<[number | null]>(store, { sql: newest, params, signal })
  return row?.[0] ?? null
}

/** The first half says nothing new, but the index by time understands it. */
const isBefore = (time: string, { at, id }: Place): Query => ({
  sql: `${time} <= ${instant('before_time')} AND (${time}, id) < (${instant('before_time')}, {before_id:String})`,
  params: { before_time: at, before_id: id },
})

const linesOf = async <Line>(
  store: Pick<Store, 'read'>,
  { sql, params, signal }: Query & Readonly<{ signal: AbortSignal }>,
): Promise<readonly Line[]> => {
  const asked = `${sql}\nSETTINGS output_format_json_quote_64bit_integers = 0`
  const lines = await store.read(asked, { format: 'JSONCompactEachRow', params, signal })
  const text = Buffer.concat(lines).toString('utf8').trimEnd().replaceAll('\n', ',')
  return JSON.parse(`[${text}]`) as readonly Line[]
}

/** A bound number of milliseconds as a time. */
export const instant = (name: string): string => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`

type Place = Readonly<{ at: number; id: string }>

const firstSpanMs = 60_000
const windowRows = 24_000

/** Aims at windows that are half full, and does not trust a thin one too far. */
const growth = (found: number): number => Math.min(8, windowRows / 2 / found)
