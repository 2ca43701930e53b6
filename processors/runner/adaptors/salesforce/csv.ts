import { csvRecords } from '../../language/csv-records.ts'
import { wrong } from '../../language/functions/arguments.ts'
import { asRecord } from '../../language/http/options.ts'

/** A record as the Bulk API gives it back: every value is text. */
export type Row = Readonly<Record<string, string>>

/**
 * Records as the CSV that the Bulk API takes: names of fields first, lines that end with LF. `null` is `#N/A`, which empties the field; what a
 * record does not have is left out, which leaves the field as it is. A relationship, `{ Clinic__r: { Code__c: 'x' } }`, has its column `Clinic__r.Code__c`;
 * a list is written `a;b`, as picklists of several values take it.
 */
export const csvOf = (records: readonly unknown[]): string => {
  const rows = records.map((record) => new Map(cellsOf(asRecord(record))))
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))]
  const lines = rows.map((row) => columns.map((column) => quoted(row.get(column) ?? '')).join())
  return `${[columns.map(quoted).join(), ...lines].join('\n')}\n`
}

/** Reads the CSV that the Bulk API answers with. */
export const rowsOf = (text: string): readonly Row[] => {
  const [names, ...records] = [...csvRecords(text, format)].map(({ fields }) => fields)
  return records.map((fields) => Object.fromEntries((names ?? []).map((name, at) => [name, fields[at] ?? ''])))
}

const cellsOf = (record: Readonly<Record<string, unknown>>): readonly (readonly [string, string])[] =>
  Object.entries(record).flatMap(([name, value]) => {
    if (value === undefined) return []
    if (value === null) return [[name, '#N/A'] as const]
    if (value instanceof Date) return [[name, value.toISOString()] as const]
    if (Array.isArray(value)) return [[name, picksIn(name, value)] as const]
    if (typeof value !== 'object') return [[name, String(value)] as const]
    return cellsOf(asRecord(value)).map(([inner, cell]) => [`${name}.${inner}`, cell] as const)
  })

const picksIn = (name: string, picks: readonly unknown[]): string => {
  const odd = picks.find((pick) => typeof pick === 'object')
  if (odd === undefined) return picks.join(';')
  throw wrong('bulk', { takes: `texts in the list ${name}`, got: odd })
}

const quoted = (cell: string): string => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

const format = {
  ...{ delimiter: [','], quote: '"', escape: '"' },
  ...{ ltrim: false, rtrim: false, skipEmptyLines: true },
}
