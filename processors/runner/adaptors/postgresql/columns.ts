import type { SqlResult } from '../../egress/postgresql/sql-call.ts'
import { Buffer } from '../../language/web/buffer.ts'

/** Rows as lists of values, by the types of their columns. */
export const rowsIn = ({ fields, rows }: Pick<SqlResult, 'fields' | 'rows'>): readonly (readonly unknown[])[] => {
  const readers = fields.map(({ type }) => readerOf(type))
  return rows.map((row) => row.map((text, at) => (text === null ? null : (readers[at] ?? asItCame)(text))))
}

/** Rows as objects; of two columns with one name the last counts. */
export const recordsIn = (result: Pick<SqlResult, 'fields' | 'rows'>): readonly Readonly<Record<string, unknown>>[] => {
  const names = result.fields.map(({ name }) => name)
  return rowsIn(result).map((row) => Object.fromEntries(row.map((value, at) => [names[at], value])))
}

type Reader = (text: string) => unknown

/**
 * What is exact as a number is one; `int8` and `numeric` are texts, for a number would lose digits. Times are ISO 8601 with all digits that they
 * have: with a zone in UTC, without one as they are. What is not known is as PostgreSQL writes it.
 */
const readerOf = (type: number): Reader => {
  const of = elements.get(type)
  if (of === undefined) return readers.get(type) ?? asItCame
  const read = readers.get(of) ?? asItCame
  return (text) => listIn(text, read)
}

const asItCame: Reader = (text) => text

/** What no JSON has (`NaN`, `Infinity`) stays a text. */
const numberIn: Reader = (text) => (Number.isFinite(Number(text)) ? Number(text) : text)

const bytesIn: Reader = (text) => (text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex').toString('base64') : text)

const timeIn: Reader = (text) => {
  const [, date, time, fraction = '', zone] = timestamp.exec(text) ?? []
  if (!date || !time) return text
  const digits = fraction.padEnd(3, '0')
  if (zone === undefined) return `${date}T${time}.${digits}`
  const utc = new Date(`${date}T${time}${zone.length === 3 ? `${zone}:00` : zone}`)
  return Number.isNaN(utc.getTime()) ? text : `${utc.toISOString().slice(0, -5)}.${digits}Z`
}

/** In PostgreSQL's `DateStyle` ISO, which is the usual one; years of four digits. */
const timestamp = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?([+-]\d\d(?::\d\d)?)?$/

/** `{1,"a, b",NULL,{2,3}}`, with or without bounds before it (`[0:1]={1,2}`). */
const listIn = (text: string, read: Reader): unknown => {
  const tokens = text.slice(text.indexOf('{')).matchAll(/[{}]|"((?:[^"\\]|\\.)*)"|[^{},"]+/gs)
  const open: unknown[][] = [[]]
  for (const [token, quoted] of tokens) {
    if (token === '{') open.push([])
    else if (token === '}') open.at(-2)?.push(open.pop())
    else if (quoted !== undefined) open.at(-1)?.push(read(quoted.replace(/\\(.)/gs, '$1')))
    else open.at(-1)?.push(token === 'NULL' ? null : read(token))
  }
  return open[0]?.[0]
}

const readers: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  [16, (text) => text === 't'],
  [17, bytesIn],
  [21, numberIn],
  [23, numberIn],
  [26, numberIn],
  [114, (text) => JSON.parse(text)],
  [700, numberIn],
  [701, numberIn],
  [1114, timeIn],
  [1184, timeIn],
  [3802, (text) => JSON.parse(text)],
])

/** Types of arrays, and of what is in them: bool, bytea, char, name, int8, int2, int4, text, oid, json … as PostgreSQL's `pg_type` has them. */
const elements: ReadonlyMap<number, number> = new Map([
  ...([
    [1000, 16],
    [1001, 17],
    [1002, 18],
    [1003, 19],
    [1016, 20],
    [1005, 21],
    [1007, 23],
    [1009, 25],
  ] as const),
  ...([
    [1028, 26],
    [199, 114],
    [1021, 700],
    [1022, 701],
    [1014, 1042],
    [1015, 1043],
    [1182, 1082],
  ] as const),
  ...([
    [1183, 1083],
    [1115, 1114],
    [1185, 1184],
    [1231, 1700],
    [2951, 2950],
    [3807, 3802],
  ] as const),
])
