import { answerOf, wrong } from '../../language/functions/arguments.ts'
import { composeNextState } from '../../language/functions/references.ts'
import { resolved } from '../../language/functions/resolve.ts'
import type { RunHost } from '../../language/host.ts'
import { asRecord } from '../../language/http/options.ts'
import type { Operation, State } from '../../language/operation.ts'
import type { Callback } from '../next-state.ts'
import { askDatabase, type Came } from './ask.ts'
import { recordsIn, rowsIn } from './columns.ts'
import { nameFrom } from './names.ts'
import { findOf, insertsOf, type Row, type Statement } from './statements.ts'
import { alterOf, type Column, createOf, describeOf } from './tables.ts'
import { boundValue } from './values.ts'

/**
 * Operations for PostgreSQL. Rows become `data`, and the old `data` the newest of `references`; a statement without rows leaves both alone. What is
 * known beside the rows is `result`, and `response` as it was called before: `command`, `rowCount`, `fields`. All of a run goes by one connection. `options`: `writeSql` keeps the
 * statement in `queries`, `execute: false` does no more than that, `logValues` logs it with its values, `setNull` names texts that stand for NULL
 * (`'undefined'` unless said; `false`: none).
 */
export type PostgresqlOperations = Readonly<{
  /** A statement, with `values` for its `$1`, `$2` … in the options, or `{ text, values, rowMode }`. Without values it may be several. */
  sql(query: unknown, options?: unknown, callback?: Callback): Operation
  insert(table: unknown, record: unknown, options?: unknown, callback?: Callback): Operation
  insertMany(table: unknown, records: unknown, options?: unknown, callback?: Callback): Operation
  /** `uuid`: the column that makes a row one that is there already, several (`'a, b'`), or `ON CONSTRAINT name`. */
  upsert(table: unknown, uuid: unknown, record: unknown, options?: unknown, callback?: Callback): Operation
  upsertIf(
    logical: unknown,
    table: unknown,
    uuid: unknown,
    record: unknown,
    options?: unknown,
    callback?: Callback,
  ): Operation
  upsertMany(table: unknown, uuid: unknown, data: unknown, options?: unknown, callback?: Callback): Operation
  /** The column `uuid` of the first row of `relation` for which `where` holds becomes `data`; null when there is none. */
  findValue(filter: unknown): Operation
  describeTable(table: unknown, options?: unknown, callback?: Callback): Operation
  insertTable(table: unknown, columns: unknown, options?: unknown, callback?: Callback): Operation
  modifyTable(table: unknown, columns: unknown, options?: unknown, callback?: Callback): Operation
}>

export const postgresqlOperations = (host: RunHost): PostgresqlOperations => {
  /** An operation that asks what `make` makes of the state and of the options; nothing where that is no statement at all. */
  const asking =
    ({ options, callback, make, dataOf }: Asking): Operation =>
    async (state) => {
      const given = asRecord(resolved(state, options))
      const statements = make(state, given)
      if (given['logValues'] === true) for (const { text, values } of statements) host.console.log(text, values)
      const queries = given['writeSql'] === true ? { queries: [...queriesIn(state), ...statements.map(written)] } : {}
      const before = { ...state, ...queries }
      if (statements.length === 0 || given['execute'] === false) {
        host.console.log(
          statements.length === 0 ? 'Nothing to do: there is no row' : 'Not executed, as the options say',
        )
        return before
      }
      const came = await askDatabase(host, { state, statements })
      const data = (dataOf ?? (statements[0]?.lists ? rowsIn : recordsIn))(came)
      const next = nextState(before, came, { data })
      return callback ? callback(next) : next
    }

  const putting = (name: string, { table, uuid, rows, options, callback }: Putting): Operation =>
    asking({
      ...{ options, callback },
      make: (state, { setNull }) => {
        const given = resolved(state, rows) ?? []
        if (!Array.isArray(given) || given.some((row) => !isRow(row)))
          throw wrong(name, {
            takes: 'an object with a key for each column',
            got: Array.isArray(given) ? given.find((row) => !isRow(row)) : given,
          })
        if (given.length === 0) return []
        const conflict = uuid === undefined ? {} : { conflict: conflictIn(resolved(state, uuid)) }
        return insertsOf(nameFrom(state, table), given, { ...conflict, nulls: nullsIn(setNull) })
      },
    })

  const shaping =
    (make: (table: string, columns: readonly Column[]) => Statement): PostgresqlOperations['insertTable'] =>
    (table, columns, options, callback) =>
      asking({
        ...{ options, callback },
        make: (state) => {
          const given = resolved(state, columns)
          return Array.isArray(given) && given.length > 0 ? [make(nameFrom(state, table), given)] : []
        },
      })

  const operations: PostgresqlOperations = {
    sql: (query, options, callback) =>
      asking({
        ...{ options, callback },
        make: (state, more) => {
          const { text, values = more['values'], rowMode } = queryIn(resolved(state, query))
          return [{ text, values: listIn(values).map(boundValue), lists: rowMode === 'array' }]
        },
      }),
    insert: (table, record, options, callback) =>
      putting('insert', { table, rows: (state: State) => [resolved(state, record)], options, callback }),
    insertMany: (table, rows, options, callback) => putting('insertMany', { table, rows, options, callback }),
    upsert: (table, uuid, record, options, callback) =>
      putting('upsert', { table, uuid, rows: (state: State) => [resolved(state, record)], options, callback }),
    upsertIf: (logical, table, uuid, record, options, callback) => (state) =>
      answerOf('upsertIf', resolved(state, logical))
        ? operations.upsert(table, uuid, record, options, callback)(state)
        : state,
    upsertMany: (table, uuid, rows, options, callback) =>
      putting('upsertMany', { table, uuid, rows, options, callback }),
    findValue: (filter) =>
      asking({
        options: filter,
        make: (_, { uuid, relation, where, operator }) => {
          if (typeof uuid !== 'string' || typeof relation !== 'string')
            throw wrong('findValue', {
              takes: '{ uuid, relation, where }, two names and conditions',
              got: uuid ?? relation,
            })
          return [findOf({ uuid, relation, where: asRecord(where), operator: asRecord(operator) })]
        },
        dataOf: (came) => rowsIn(came)[0]?.[0] ?? null,
      }),
    describeTable: (table, options, callback) =>
      asking({ options, callback, make: (state) => [describeOf(nameFrom(state, table))] }),
    insertTable: shaping(createOf),
    modifyTable: shaping(alterOf),
  }
  return operations
}

type Asking = Readonly<{
  options: unknown
  callback?: Callback | undefined
  make: (state: State, options: Row) => readonly Statement[]
  /** What becomes `data`; the rows, unless said. */
  dataOf?: (came: Came) => unknown
}>

type Putting = Readonly<{
  table: unknown
  uuid?: unknown
  rows: unknown
  options: unknown
  callback: Callback | undefined
}>

/**
 * Rows stand in the state once; whoever looks for them in the result, as jobs for OpenFn do, finds them while the run lasts. A statement that has
 * no rows to give leaves `data` alone, so that the next one still finds the message there.
 */
const nextState = (state: State, { rows: _, ...facts }: Came, { data }: Readonly<{ data: unknown }>): State => {
  const result: object = Object.defineProperties(facts, { rows: { value: data }, body: { get: () => result } })
  return { ...(facts.fields.length > 0 ? composeNextState(state, data) : state), response: result, result }
}

const queryIn = (given: unknown): Readonly<{ text: string; values?: unknown; rowMode?: unknown }> => {
  if (typeof given === 'string') return { text: given }
  const { text, values, rowMode } = asRecord(given)
  if (typeof text === 'string') return { text, values, rowMode }
  throw wrong('sql', { takes: 'a statement as text, or { text, values }', got: given })
}

const listIn = (values: unknown): readonly unknown[] => {
  if (values === undefined || values === null) return []
  if (Array.isArray(values)) return values
  throw wrong('sql', { takes: 'values as a list, one for each $1, $2 …', got: values })
}

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)

const conflictIn = (uuid: unknown): string => {
  const names = Array.isArray(uuid) ? uuid.join(', ') : uuid
  if (typeof names === 'string' && names.trim() !== '') return names
  throw wrong('upsert', {
    takes: "the column that makes a row one that is there already, or 'ON CONSTRAINT name'",
    got: uuid,
  })
}

/** Upstream replaces these in the text of the statement, so they are written with its quotes. */
const nullsIn = (setNull: unknown): readonly string[] => {
  if (setNull === false) return []
  const given: readonly unknown[] = Array.isArray(setNull) ? setNull : [setNull ?? 'undefined']
  return given.map((text) => String(text).replace(/^'(.*)'$/s, '$1'))
}

const queriesIn = ({ queries }: State): readonly unknown[] => (Array.isArray(queries) ? queries : [])

const written = ({ text, values }: Statement): unknown => (values.length === 0 ? text : { text, values })
