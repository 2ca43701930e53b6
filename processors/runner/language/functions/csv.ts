import { type CsvFormat, csvRecords } from '../csv-records.ts'
import type { Operation, State } from '../operation.ts'
import { Buffer } from '../web/buffer.ts'
import { kindOf, mustBeFunction, stateAfter } from './arguments.ts'
import { composeNextState } from './references.ts'
import { resolved } from './resolve.ts'

/**
 * `parseCsv(csv, options, callback)`: an operation that reads CSV, a text or something that gives texts, into objects. Both may be functions of the
 * state. Without a callback they become `data` (`composeNextState`); with one it is called with the state and at most `chunkSize` of them at a time,
 * and gives the next state. Gives a promise.
 *
 * Options and what they are if not given: `delimiter` (`,`, or a list), `quote` and `escape` (`"`; null: none), `columns` (true: the first line names
 * them; a list of names, null leaves one out; false: rows are lists), `bom`, `trim`, `ltrim`, `rtrim`, `skip_empty_lines` (true), `chunkSize` (all).
 */
export const parseCsv = (
  csv: unknown,
  options: unknown = {},
  callback?: (state: State, rows: readonly unknown[]) => unknown,
): Operation => {
  if (callback !== undefined) mustBeFunction('parseCsv', callback)
  return async (state) => {
    const chosen = chosenFrom(resolved(state, options))
    const text = await textOf(resolved(state, csv))
    let current: unknown = state
    let rows: unknown[] = []
    let emptied = false
    const empty = async (): Promise<void> => {
      const given = stateAfter('parseCsv', current)
      current = await (callback ?? composeNextState)(given, rows)
      rows = []
      emptied = true
    }
    for (const row of rowsOf(text, chosen)) {
      rows.push(row)
      if (rows.length === chosen.chunkSize) await empty()
    }
    if (rows.length > 0 || !(emptied || callback)) await empty()
    return current
  }
}

type Chosen = CsvFormat & Readonly<{ columns: boolean | readonly Column[]; bom: boolean; chunkSize: number }>
type Column = string | null

function* rowsOf(text: string, chosen: Chosen): Generator<unknown> {
  let columns = Array.isArray(chosen.columns) ? (chosen.columns as readonly Column[]) : undefined
  let expected = columns?.length
  for (const { fields, line } of csvRecords(chosen.bom ? text.replace(/^\ufeff/, '') : text, chosen)) {
    if (chosen.columns === true && columns === undefined) {
      columns = fields
      expected = fields.length
      continue
    }
    expected ??= fields.length
    if (fields.length !== expected) {
      const what = columns ? 'columns' : 'fields in the line before'
      throw new Error(`Line ${line} of the CSV has ${fields.length} fields, and there are ${expected} ${what}`)
    }
    const named = columns?.map((name, at) => [name, fields[at]] as const).filter(([name]) => name !== null)
    yield named ? Object.fromEntries(named) : fields
  }
}

const chosenFrom = (given: unknown): Chosen => {
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`parseCsv takes its options as an object, not ${kindOf(given)}`)
  const options = given as Readonly<Record<string, unknown>>
  const flag = (name: string): boolean => (options[name] ?? true) === true
  const delimiter: readonly unknown[] = [options['delimiter'] ?? ','].flat()
  if (!delimiter.every((one) => typeof one === 'string' && one !== ''))
    throw new TypeError("parseCsv takes a delimiter that is a text such as ';', or a list of such texts")
  const chunkSize = options['chunkSize'] ?? Number.POSITIVE_INFINITY
  if (!(typeof chunkSize === 'number' && chunkSize >= 1))
    throw new TypeError(`parseCsv takes a chunkSize of at least 1, not ${String(chunkSize)}`)
  return {
    delimiter: delimiter as readonly string[],
    quote: mark('quote', options),
    escape: mark('escape', options),
    ltrim: flag('trim') && flag('ltrim'),
    rtrim: flag('trim') && flag('rtrim'),
    skipEmptyLines: flag('skip_empty_lines'),
    columns: columnsFrom(options['columns'] ?? true),
    bom: flag('bom'),
    chunkSize: Math.floor(chunkSize),
  }
}

const mark = (name: string, options: Readonly<Record<string, unknown>>): string => {
  const { [name]: value = '"' } = options
  if (value === null || value === false || value === '') return ''
  if (typeof value === 'string') return value
  throw new TypeError(`parseCsv takes a ${name} that is a character, or null, not ${kindOf(value)}`)
}

const columnsFrom = (columns: unknown): boolean | readonly Column[] => {
  if (typeof columns === 'boolean') return columns
  if (!Array.isArray(columns))
    throw new TypeError(`parseCsv takes columns as true, false or a list, not ${kindOf(columns)}`)
  return columns.map((column: unknown) => {
    if (column === null || column === undefined || column === false) return null
    if (typeof column !== 'object') return String(column)
    const { name, disabled } = column as { name?: unknown; disabled?: unknown }
    return disabled === true ? null : String(name)
  })
}

/** A text, bytes of one, or whatever gives them piece by piece. */
const textOf = async (csv: unknown): Promise<string> => {
  if (typeof csv === 'string') return csv
  if (csv instanceof Uint8Array) return Buffer.from(csv).toString('utf8')
  if (typeof csv !== 'object' || csv === null || !(Symbol.iterator in csv || Symbol.asyncIterator in csv))
    throw new TypeError(`parseCsv takes a CSV text, not ${kindOf(csv)}`)
  let text = ''
  for await (const part of csv as AsyncIterable<unknown>) text += await textOf(part)
  return text
}
