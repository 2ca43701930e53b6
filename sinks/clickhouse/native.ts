import { Fault } from '../../topology/flow/fault.ts'
import type { NativeBlock } from '../../topology/flow/ports.ts'
import { turns } from '../../topology/flow/turns.ts'
import { type Bytes, openBytes } from './bytes.ts'

/** A value of a row. Times are milliseconds since 1970, buffers hold UTF-8; what is null or absent becomes what its column has for nothing. */
export type Cell = Item | readonly Item[] | Readonly<Record<string, string>>
export type Cells = Readonly<Record<string, Cell>>
type Item = string | Buffer | number | bigint | null | undefined

/** The columns of a table that are written, each with its type as ClickHouse spells it; what is `LowCardinality` there is plain here. */
export type Columns = Readonly<Record<string, ColumnType>>
export type ColumnType = Scalar | `Nullable(${Scalar})` | `Array(${Scalar})` | 'Map(String, String)'
type Scalar = keyof typeof writers

/**
 * Rows as one block of ClickHouse's format Native: column after column, numbers little-endian, each text with its length before it. So nothing
 * is escaped here to be parsed there, as in JSON. Half a surrogate becomes U+FFFD. A row is worked out when it is written, and is garbage then.
 * Throws Fault `row-refused` for one that cannot be worked out, or has a value that its column cannot hold.
 */
export const nativeBlock = async (columns: Columns, rows: readonly (() => Cells)[]): Promise<NativeBlock> => {
  const names = Object.keys(columns)
  const open = Object.entries(columns).map(([name, type]) => ({ name, type, ...openColumn(type) }))
  const turn = turns(sliceMs)
  for (let at = 0; at < rows.length; at += rowsAtOnce) {
    await turn()
    let writing = ''
    try {
      const some = rows.slice(at, at + rowsAtOnce).map((row) => row())
      for (const { name, write } of open) {
        writing = `${name}: `
        for (const cells of some) write(cells[name])
      }
    } catch (cause) {
      throw new Fault('row-refused', `${writing}${cause instanceof Error ? cause.message : cause}`, { cause })
    }
  }
  const head = openBytes()
  head.length(names.length)
  head.length(rows.length)
  const parts = open.flatMap(({ name, type, parts }) => {
    const title = openBytes()
    title.text(name)
    title.text(type)
    return [title, ...parts]
  })
  return { columns: names, bytes: [head, ...parts].flatMap((part) => part.written()) }
}

const rowsAtOnce = 64
const sliceMs = 2

/** A column that is being written, and the pieces that it will be made of, in their order. */
type Column = Readonly<{ write: (cell: Cell) => void; parts: readonly Bytes[] }>

const openColumn = (type: ColumnType): Column => {
  const [, outer, inner = type] = /^(Nullable|Array|Map)\((.*)\)$/.exec(type) ?? []
  const writeItem = writers[inner as Scalar]
  const [first, items, values] = [openBytes(), openBytes(), openBytes()]
  let end = 0
  switch (outer) {
    case 'Map':
      return {
        parts: [first, items, values],
        write(cell) {
          for (const [key, value] of Object.entries(cell ?? {})) {
            end++
            items.text(key)
            values.text(value)
          }
          first.int64(end)
        },
      }
    case 'Array':
      return {
        parts: [first, items],
        write(cell) {
          const array = (cell ?? []) as readonly Item[]
          for (const item of array) writeItem(items, item)
          end += array.length
          first.int64(end) // where this one ends when all lie behind one another
        },
      }
    case 'Nullable':
      return {
        parts: [first, items],
        write(cell) {
          first.byte(cell === null || cell === undefined ? 1 : 0)
          writeItem(items, cell as Item)
        },
      }
    default:
      return { parts: [items], write: (cell) => writeItem(items, cell as Item) }
  }
}

const writers = {
  String(out: Bytes, item: Item): void {
    if (typeof item === 'string' || Buffer.isBuffer(item)) out.text(item)
    else out.text(item === null || item === undefined ? '' : refuse(item, 'text'))
  },
  Int32: (out: Bytes, item: Item): void => out.int32(whole(item, { least: -(2 ** 31), most: 2 ** 31 - 1 })),
  UInt32: (out: Bytes, item: Item): void => out.int32(whole(item, { least: 0, most: 2 ** 32 - 1 })),
  UInt64: (out: Bytes, item: Item): void =>
    typeof item === 'bigint' ? out.uint64(item) : out.int64(whole(item, { least: 0, most: Number.MAX_SAFE_INTEGER })),
  Float64: (out: Bytes, item: Item): void =>
    out.float64(typeof item === 'number' ? item : item === null || item === undefined ? 0 : refuse(item, 'number')),
  "DateTime64(3, 'UTC')": (out: Bytes, item: Item): void =>
    out.int64(whole(item, { least: 0, most: Number.MAX_SAFE_INTEGER })),
} as const

const whole = (item: Item, { least, most }: Readonly<{ least: number; most: number }>): number => {
  if (item === null || item === undefined) return 0
  if (typeof item === 'number' && Number.isInteger(item) && item >= least && item <= most) return item
  return refuse(item, `whole number from ${least} to ${most}`)
}

const refuse = (item: unknown, wanted: string): never => {
  throw new RangeError(`${String(item).slice(0, 100)} is no ${wanted}`)
}
