/**
 * A column of an export. `sql` gives its value; in CSV `text` is guarded against being taken for a formula, and `json` (lists, maps) is
 * written as JSON text.
 */
export type Column = Readonly<{ name: string; kind: 'text' | 'number' | 'time' | 'json'; sql: string }>

/** `raw`: text goes into CSV as it is. JSON lines are never guarded. */
export type Cells = Readonly<{ format: 'CSV' | 'JSONEachRow'; raw: boolean }>

/** The columns as the list of a SELECT, in their order. */
export const cellsOf = (columns: readonly Column[], cells: Cells): string =>
  columns.map((column) => `${cellOf(column, cells)} AS \`${column.name}\``).join(',\n  ')

/** The first line of a CSV file (RFC 4180). */
export const headerOf = (columns: readonly Column[]): string => `${columns.map(({ name }) => name).join(',')}\r\n`

/** Spreadsheets take a cell that begins like this for a formula (`semantics.md` 8); a quote before it makes it text. Numbers are none: -1 stays. */
export const guarded = (sql: string): string =>
  `if(substring(${sql}, 1, 1) IN ('=', '+', '-', '@', '\\t', '\\r'), concat('\\'', ${sql}), ${sql})`

const cellOf = ({ kind, sql }: Column, { format, raw }: Cells): string => {
  if (format === 'JSONEachRow') return sql
  const text = kind === 'json' ? `toJSONString(${sql})` : sql
  return raw || kind === 'number' || kind === 'time' ? text : guarded(text)
}
