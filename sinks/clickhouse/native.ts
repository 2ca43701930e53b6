import { Fault } from '../../topology/flow/fault.ts'
import type { NativeBlock } from '../../topology/flow/ports.ts'

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
 * is escaped here to be parsed there, as in JSON. Half a surrogate becomes U+FFFD. Throws Fault `row-refused` for a value that its column
 * cannot hold.
 */
export const nativeBlock = (columns: Columns, rows: readonly Cells[]): NativeBlock => {
  const out = openBytes(1_024 * (rows.length + 1))
  const all = Object.entries(columns)
  out.length(all.length)
  out.length(rows.length)
  for (const [name, type] of all) {
    out.text(name)
    out.text(type)
    const column = rows.map((row) => row[name])
    try {
      writeColumn(out, { type, column })
    } catch (cause) {
      throw cause instanceof RangeError ? new Fault('row-refused', `${name}: ${cause.message}`, { cause }) : cause
    }
  }
  return { columns: Object.keys(columns), bytes: out.written() }
}

const writeColumn = (out: Bytes, { type, column }: Readonly<{ type: ColumnType; column: readonly Cell[] }>): void => {
  const [, outer, inner = type] = /^(Nullable|Array|Map)\((.*)\)$/.exec(type) ?? []
  if (outer === 'Map') {
    const maps = column.map((cell) => Object.entries(cell ?? {}))
    writeEnds(out, maps)
    for (const at of [0, 1] as const) for (const map of maps) for (const entry of map) out.text(entry[at])
    return
  }
  const write = writers[inner as Scalar]
  if (outer === 'Array') {
    const arrays = column.map((cell) => (Array.isArray(cell) ? (cell as readonly Item[]) : []))
    writeEnds(out, arrays)
    for (const array of arrays) for (const item of array) write(out, item)
    return
  }
  if (outer === 'Nullable') for (const cell of column) out.byte(cell === null || cell === undefined ? 1 : 0)
  for (const cell of column) write(out, cell as Item)
}

/** Where each of them ends when all lie behind one another. */
const writeEnds = (out: Bytes, all: readonly (readonly unknown[])[]): void => {
  let end = 0
  for (const { length } of all) {
    end += length
    out.int64(end)
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

type Bytes = ReturnType<typeof openBytes>

/** Bytes that grow as they are written. */
const openBytes = (capacity: number) => {
  let bytes = Buffer.allocUnsafe(capacity)
  let end = 0

  const need = (count: number): void => {
    if (end + count <= bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * bytes.length, end + count))
    bytes.copy(larger, 0, 0, end)
    bytes = larger
  }
  const length = (count: number): void => {
    need(10)
    let rest = count
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[end++] = (rest & 0x7f) | 0x80
    bytes[end++] = rest
  }
  const text = (value: string | Buffer): void => {
    if (typeof value !== 'string') {
      length(value.length)
      need(value.length)
      end += value.copy(bytes, end)
      return
    }
    need(3 * value.length + 10)
    const from = end
    length(value.length)
    const written = bytes.write(value, end)
    if (written > value.length) {
      end = from
      length(written) // not ASCII: the length is another, and may take more bytes
      bytes.write(value, end)
    }
    end += written
  }

  return {
    length,
    text,
    byte(value: number): void {
      need(1)
      bytes[end++] = value
    },
    int32(value: number): void {
      need(4)
      bytes.writeInt32LE(value | 0, end)
      end += 4
    },
    /** Of a whole number from 0 on. */
    int64(value: number): void {
      need(8)
      bytes.writeUInt32LE(value % 2 ** 32, end)
      bytes.writeUInt32LE(Math.floor(value / 2 ** 32), end + 4)
      end += 8
    },
    uint64(value: bigint): void {
      need(8)
      bytes.writeBigUInt64LE(BigInt.asUintN(64, value), end)
      end += 8
    },
    float64(value: number): void {
      need(8)
      bytes.writeDoubleLE(value, end)
      end += 8
    },
    written: (): Buffer => bytes.subarray(0, end),
  }
}
