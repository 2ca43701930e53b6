import { describe, expect, test } from 'vitest'
import { openExport, type Sheet, slicesOf } from '../../../../sinks/clickhouse/read/export.ts'

const row = (n: number, bytes = 1): { id: string; at: number; bytes: number } => ({
  id: `id${n}`,
  at: 1_000 - n,
  bytes,
})
const rowsOf = (count: number, bytes = 1) => Array.from({ length: count }, (_, n) => row(n, bytes))

describe('the slices of an export', () => {
  test.each([
    ['nothing', [], []],
    ['a few rows', rowsOf(3), [3]],
    ['many small rows', rowsOf(20_000), [8_000, 8_000, 4_000]],
    ['large rows', rowsOf(5, 3_000_000), [2, 2, 1]],
    ['rows that are too large for any slice', rowsOf(2, 50_000_000), [1, 1]],
  ])('of %s are as large as memory allows', (_what, rows, lengths) => {
    const slices = slicesOf(rows)
    expect([slices.map(({ length }) => length), slices.flat()]).toEqual([lengths, rows])
  })
})

describe('an export', () => {
  const sheet: Sheet = {
    table: 't',
    time: 'at',
    bytes: 'size',
    where: { sql: 'true', params: {} },
    columns: [{ name: 'a', kind: 'text', sql: 'a' }],
    rows: ({ which }) => ({ sql: 'rows', params: which.params }),
  }
  const options = { sheet, format: 'CSV', raw: false, signal: new AbortController().signal } as const
  const windowOf = (rows: readonly { id: string; at: number; bytes: number }[]): readonly Buffer[] => [
    Buffer.from(rows.map(({ id, at, bytes }) => `${JSON.stringify([id, at, bytes])}\n`).join('')),
  ]

  test('asks for rows only as they are taken, one slice ahead', async () => {
    const asked: string[] = []
    const read = async (sql: string, { params }: Readonly<{ params: Readonly<Record<string, unknown>> }>) => {
      asked.push(sql.startsWith('rows') ? String(params['newest_id']) : 'window')
      return sql.startsWith('rows')
        ? [Buffer.from(`${params['newest_id']}\r\n`)]
        : windowOf(asked.length === 1 ? rowsOf(5, 9e6) : [])
    }
    const chunks = (await openExport({ read }, options))[Symbol.asyncIterator]()
    const next = async (): Promise<string> => Buffer.from((await chunks.next()).value ?? '').toString()
    expect([await next(), asked]).toEqual(['a\r\n', ['window']])
    expect([await next(), asked]).toEqual(['id0\r\n', ['window', 'id0', 'id1']])
    expect([await next(), asked]).toEqual(['id1\r\n', ['window', 'id0', 'id1', 'id2']])
    expect([await next(), await next(), await next()]).toEqual(['id2\r\n', 'id3\r\n', 'id4\r\n'])
    expect([(await chunks.next()).done, asked.filter((what) => what === 'window').length > 1]).toEqual([true, true])
  })

  test('asks twice when there is nothing: of late, and at all', async () => {
    const asked: unknown[] = []
    const read = async (_sql: string, { params }: Readonly<{ params: Readonly<Record<string, unknown>> }>) => {
      asked.push(params['window_since'])
      return []
    }
    for await (const _ of await openExport({ read }, { ...options, format: 'JSONEachRow' }));
    expect(asked).toEqual([expect.any(Number), undefined])
  })

  test('says that the store is away before it begins', async () => {
    const read = () => Promise.reject(new Error('away'))
    await expect(openExport({ read }, options)).rejects.toThrow('away')
  })
})
