import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cells, type Columns, nativeBlock } from '../../../../sinks/clickhouse/native.ts'

const blockOf = (of: Columns, rows: readonly Cells[]) =>
  nativeBlock(
    of,
    rows.map((cells) => () => cells),
  )

const columns = {
  text: 'String',
  maybe: 'Nullable(String)',
  map: 'Map(String, String)',
  lines: 'Array(String)',
  times: "Array(DateTime64(3, 'UTC'))",
  small: 'Int32',
  count: 'UInt32',
  version: 'UInt64',
  took: 'Nullable(Float64)',
} as const satisfies Columns

const anyText = fc.string({ unit: 'binary', maxLength: 300 })
const time = fc.integer({ min: 0, max: Date.UTC(2299, 11, 31) })
const row = fc.record({
  text: fc.oneof(
    anyText,
    anyText.map((text) => Buffer.from(text)),
  ),
  maybe: fc.option(anyText),
  map: fc.dictionary(anyText, anyText, { maxKeys: 3 }),
  lines: fc.array(anyText, { maxLength: 4 }),
  times: fc.array(time, { maxLength: 4 }),
  small: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  count: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  version: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  took: fc.option(fc.double({ noNaN: true })),
})

describe('a block of rows', () => {
  test('holds them as ClickHouse documents its format Native', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 5 }), async (rows) => {
        expect(readBlock((await blockOf(columns, rows)).bytes)).toEqual(rows.map(plain))
      }),
    )
  })

  test('holds any number of them, in their order', async () => {
    const rows = Array.from({ length: 1_000 }, (_, count) => ({ count }))
    expect(readBlock((await blockOf({ count: 'UInt32' }, rows)).bytes)).toEqual(rows)
  })

  test('has what a column has for nothing where a row has none', async () => {
    const nothing = {
      text: '',
      maybe: null,
      map: {},
      lines: [],
      times: [],
      small: 0,
      count: 0,
      version: 0n,
      took: null,
    }
    expect(readBlock((await blockOf(columns, [{}])).bytes)).toEqual([nothing])
  })

  test('knows texts of every length, and says which columns it holds', async () => {
    const texts = [0, 1, 42, 43, 127, 128, 5_461, 5_462, 16_383, 16_384, 700_000, 2_097_152]
      .flatMap((length) => ['a', 'é', '患', '🦀'].map((unit) => unit.repeat(length)))
      .map((text) => ({ text }))
    const block = await blockOf({ text: 'String' }, texts)
    expect(readBlock(block.bytes)).toEqual(texts)
    expect(block.columns).toEqual(['text'])
  })

  test('makes half a surrogate a text', async () => {
    const block = await blockOf({ text: 'String' }, [{ text: 'half \ud800\0' }])
    expect(readBlock(block.bytes)).toEqual([{ text: 'half \ufffd\0' }])
  })

  test.each<[string, Cells]>([
    ['small: 1e+300 is no whole number', { small: 1e300 }],
    ['small: 1.5 is no whole number', { small: 1.5 }],
    ['count: -1 is no whole number', { count: -1 }],
    ['count: 4294967296 is no whole number', { count: 2 ** 32 }],
    ['took: long is no number', { took: 'long' }],
    ['text: 5 is no text', { text: 5 }],
    ['lines: 5 is no text', { lines: [5] }],
  ])('is refused with %s', async (why, cells) => {
    await expect(blockOf(columns, [{}, cells])).rejects.toThrow(
      expect.objectContaining({ code: 'row-refused', message: expect.stringContaining(why) }),
    )
  })
})

test('a row that cannot be worked out is refused', async () => {
  const broken = (): Cells => JSON.parse('no JSON')
  await expect(nativeBlock(columns, [() => ({}), broken])).rejects.toThrow(
    expect.objectContaining({ code: 'row-refused' }),
  )
})

const plain = (cells: Cells): object => ({
  ...cells,
  text: wellFormed(String(cells['text'])),
  maybe: cells['maybe'] === null ? null : wellFormed(String(cells['maybe'])),
  map: Object.fromEntries(Object.entries(cells['map'] as object).map((entry) => entry.map(wellFormed))),
  lines: (cells['lines'] as readonly string[]).map(wellFormed),
})
const wellFormed = (text: string): string => text.toWellFormed()

/** Reads a block back, by the format's documentation. */
const readBlock = (pieces: readonly Buffer[]): readonly object[] => {
  const bytes = Buffer.concat(pieces)
  let at = 0
  const length = (): number => {
    for (let value = 0, factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }
  const text = (): string => {
    const count = length()
    at += count
    return bytes.toString('utf8', at - count, at)
  }
  const fixed =
    <T>(size: number, read: (at: number) => T) =>
    (): T => {
      at += size
      return read(at - size)
    }
  const readers: Readonly<Record<string, () => unknown>> = {
    String: text,
    Int32: fixed(4, (at) => bytes.readInt32LE(at)),
    UInt32: fixed(4, (at) => bytes.readUInt32LE(at)),
    UInt64: fixed(8, (at) => bytes.readBigUInt64LE(at)),
    Float64: fixed(8, (at) => bytes.readDoubleLE(at)),
    "DateTime64(3, 'UTC')": fixed(8, (at) => Number(bytes.readBigInt64LE(at))),
  }
  const many = (type: string, count: number): readonly unknown[] => {
    const [, outer, inner = type] = /^(Nullable|Array|Map)\((.*)\)$/.exec(type) ?? []
    if (outer === undefined) return Array.from({ length: count }, () => readers[inner]?.())
    if (outer === 'Nullable') {
      const isNull = Array.from({ length: count }, () => bytes[at++] === 1)
      return many(inner, count).map((value, n) => (isNull[n] ? null : value))
    }
    const ends = Array.from({ length: count }, () => Number(readers['UInt64']?.()))
    const slices = (all: readonly unknown[]) => ends.map((end, n) => all.slice(ends[n - 1] ?? 0, end))
    if (outer === 'Array') return slices(many(inner, ends.at(-1) ?? 0))
    const [keys, values] = [many('String', ends.at(-1) ?? 0), many('String', ends.at(-1) ?? 0)].map(slices)
    return ends.map((_, n) =>
      Object.fromEntries((keys?.[n] ?? []).map((key, k) => [String(key), values?.[n]?.[k]] as const)),
    )
  }
  const [columns, rows] = [length(), length()]
  const read: Record<string, unknown>[] = Array.from({ length: rows }, () => ({}))
  for (let column = 0; column < columns; column++) {
    const [name, type] = [text(), text()]
    for (const [n, value] of many(type, rows).entries()) Object.assign(read[n] ?? {}, { [name]: value })
  }
  expect(at).toBe(bytes.length)
  return read
}
