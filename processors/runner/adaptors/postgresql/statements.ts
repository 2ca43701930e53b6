import { chunk } from '../../language/functions/lists.ts'
import { AdaptorError } from '../../language/http/failure.ts'
import { columnIn, tableIn } from './names.ts'
import { boundValue } from './values.ts'

/** A statement, and what is bound to its `$1`, `$2` … `lists`: its rows are wanted as lists of values. */
export type Statement = Readonly<{ text: string; values: readonly (string | null)[]; lists?: boolean }>

export type Row = Readonly<Record<string, unknown>>

export type InsertOptions = Readonly<{
  /** What makes a row one that is there already: a column, several (`'a, b'`), or `ON CONSTRAINT name`. Such a row is updated then. */
  conflict?: string
  /** Texts that stand for NULL. */
  nulls: readonly string[]
}>

/**
 * Statements that put rows into a table, as few as can be: one takes 65,535 values. Columns are those of the first row; all must have the same.
 * Names are quoted and values bound, so neither can be anything else.
 */
export const insertsOf = (table: string, rows: readonly Row[], options: InsertOptions): readonly Statement[] => {
  const columns = columnsOf(rows)
  const into = `INSERT INTO ${tableIn(table)} (${columns.map(columnIn).join(', ')}) VALUES `
  const after = options.conflict === undefined ? '' : updateOn(options.conflict, columns)
  return (chunk(rows, Math.floor(mostValues / columns.length)) as readonly (readonly Row[])[]).map((some) => ({
    text: `${into}${some.map((_, at) => placeholders(at * columns.length, columns.length)).join(', ')}${after}`,
    values: some.flatMap((row) => columns.map((column) => boundOrNull(row[column], options.nulls))),
  }))
}

/** `findValue`: the first value of a column where the conditions hold, `=` unless another operator is given for a column. */
export const findOf = ({ uuid, relation, where, operator }: FindFilter): Statement => {
  const conditions = Object.keys(where).map((key, at) => `${columnIn(key)} ${operatorIn(operator[key])} $${at + 1}`)
  const text = `SELECT ${columnIn(uuid)} FROM ${tableIn(relation)}${conditions.length ? ' WHERE ' : ''}${conditions.join(' AND ')}`
  return { text: `${text} LIMIT 1`, values: Object.values(where).map(boundValue) }
}

export type FindFilter = Readonly<{ uuid: string; relation: string; where: Row; operator: Row }>

const columnsOf = (rows: readonly Row[]): readonly string[] => {
  const columns = Object.keys(rows[0] ?? {})
  if (columns.length === 0)
    throw new AdaptorError('BAD_VALUE', 'A row for PostgreSQL is an object with a key for each column')
  const odd = rows.findIndex((row) => {
    const own = Object.keys(row)
    return own.length !== columns.length || own.some((key) => !columns.includes(key))
  })
  if (odd < 0) return columns
  throw new AdaptorError(
    'FIELDS_DIFFER',
    `Row ${odd + 1} has other keys than the first: all need the same (null where there is no value)`,
  )
}

const placeholders = (from: number, count: number): string =>
  `(${Array.from({ length: count }, (_, at) => `$${from + at + 1}`).join(', ')})`

const boundOrNull = (value: unknown, nulls: readonly string[]): string | null =>
  typeof value === 'string' && nulls.includes(value) ? null : boundValue(value)

const updateOn = (conflict: string, columns: readonly string[]): string => {
  const set = columns.map(columnIn).map((column) => `${column} = EXCLUDED.${column}`)
  return ` ON CONFLICT ${targetIn(conflict)} DO UPDATE SET ${set.join(', ')}`
}

const targetIn = (conflict: string): string => {
  const [, constraint] = /^\s*ON\s+CONSTRAINT\s+(.+)$/is.exec(conflict) ?? []
  if (constraint !== undefined) return `ON CONSTRAINT ${columnIn(constraint)}`
  const columns =
    conflict
      .trim()
      .replace(/^\((.*)\)$/s, '$1')
      .match(/\s*(?:"(?:[^"]|"")+"|[^",]+)\s*/g) ?? []
  return `(${columns.map(columnIn).join(', ')})`
}

const operatorIn = (given: unknown): string => {
  const operator = given === undefined || given === null ? '=' : String(given).trim()
  if (operators.test(operator)) return operator
  throw new AdaptorError(
    'BAD_OPTION',
    `${JSON.stringify(given)} is no operator that findValue knows: write one like =, <>, <, >=, like`,
  )
}

const operators = /^(=|<>|!=|<|<=|>|>=|~|~\*|!~|!~\*|@>|<@|&&|(not )?(like|ilike|similar to)|is (not )?distinct from)$/i

/** The protocol counts them in 16 bits. */
const mostValues = 65_535
