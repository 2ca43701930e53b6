import { createRecordsBatch, NumericMap } from '@platformatic/kafka'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { recordsIn } from '../../../../infra/kafka/batch-records.ts'

const place = { topic: 't', partition: 3 }
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const message = fc.record({
  key: fc.oneof(bytes, fc.constant(null)),
  value: fc.oneof(bytes, fc.constant(null)),
  timestamp: fc.bigInt({ min: 1_700_000_000_000n, max: 1_701_000_000_000n }),
  headers: fc.array(fc.tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), bytes), { maxLength: 12 }),
})
type Message = typeof message extends fc.Arbitrary<infer T> ? T : never

/** As the client writes them: at the offset, of the kind that `attributes` say. */
const batchOf = (messages: readonly Message[], { offset = 0n, attributes = 0, compression = 'none' } = {}): Buffer => {
  const batch = createRecordsBatch(
    messages.map(({ key, value, timestamp, headers }) => ({
      topic: 't',
      partition: 3,
      timestamp,
      key: key as Buffer,
      value: value as Buffer,
      headers: new Map(headers.map(([name, header]) => [Buffer.from(name), header] as const)),
    })),
    { sequences: new NumericMap(), producerId: 7n, compression: compression as 'none' },
  ).buffer
  batch.writeBigInt64BE(offset, 0)
  batch.writeInt16BE(batch.readInt16BE(21) | attributes, 21)
  return batch
}
const plain = (value: string): Message => ({ key: null, value: Buffer.from(value), timestamp: 5n, headers: [] })
const read = (all: readonly Buffer[], from = 0n, aborts: Parameters<typeof recordsIn>[2]['aborts'] = []) => {
  const { records, next } = recordsIn(place, from, { bytes: Buffer.concat(all), aborts })
  return { values: records.map(({ value }) => String(value)), next }
}
const transactional = 1 << 4
const control = 1 << 5
const appendTime = 1 << 3

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
  'what the client has written is read as it was: %s',
  (compression) => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 50 }), (messages) => {
        const { records, next } = recordsIn(place, 40n, {
          bytes: batchOf(messages, { offset: 40n, compression }),
          aborts: [],
        })
        expect(next).toBe(40n + BigInt(messages.length))
        expect(records.map(({ headers, ...record }) => ({ ...record, headers: [...headers] }))).toEqual(
          messages.map(({ key, value, timestamp, headers }, n) => ({
            ...place,
            offset: 40n + BigInt(n),
            timestamp: Number(timestamp),
            key,
            value,
            headers: [...new Map(headers)],
          })),
        )
        for (const [n, { headers }] of messages.entries())
          for (const [name, value] of new Map(headers))
            if (/^[\x20-\x7e]+$/.test(name)) expect(records[n]?.headers.get(name)).toEqual(value)
        expect(records[0]?.headers.get('no such name, for it is too long')).toBeUndefined()
      }),
    )
  },
)

test('of two headers with one name the later counts', () => {
  const batch = batchOf([
    {
      ...plain('v'),
      headers: [
        ['aa', Buffer.from('1')],
        ['ab', Buffer.from('2')],
      ],
    },
  ])
  batch.write('aa', batch.indexOf('ab'))
  const [record] = recordsIn(place, 0n, { bytes: batch, aborts: [] }).records
  expect([String(record?.headers.get('aa')), [...(record?.headers ?? [])].map(String)]).toEqual(['2', ['aa,2']])
})

test('a batch may begin before the place, and the last one may be cut off', () => {
  const [first, second] = [batchOf(['a', 'b', 'c'].map(plain)), batchOf([plain('d')], { offset: 3n })]
  expect(read([first, second], 1n)).toEqual({ values: ['b', 'c', 'd'], next: 4n })
  expect(read([first, second.subarray(0, -1)], 1n)).toEqual({ values: ['b', 'c'], next: 3n })
  expect(read([first, second.subarray(0, 7)])).toEqual({ values: ['a', 'b', 'c'], next: 3n })
  expect(read([])).toEqual({ values: [], next: 0n })
})

test.each<[string, (batch: Buffer) => void]>([
  ['a length that is too short', (batch) => batch.writeInt32BE(-12, 8)],
  ['a length beyond what came', (batch) => batch.writeInt32BE(1_000_000, 8)],
  ['another format', (batch) => batch.writeInt8(1, 16)],
])('what is damaged is an error, not waited for: %s', (_, damage) => {
  const batch = batchOf([plain('a')])
  damage(batch)
  expect(() => read([batch])).toThrow(/a batch (is damaged|ends too early)/)
})

test('a batch that compaction has emptied is passed over', () => {
  const empty = batchOf(['a', 'b'].map(plain)).subarray(0, 61)
  empty.writeInt32BE(61 - 12, 8)
  empty.writeInt32BE(0, 57)
  expect(read([empty, batchOf([plain('c')], { offset: 2n })])).toEqual({ values: ['c'], next: 3n })
})

test('records of aborted transactions are left out, those of committed ones and of others are not', () => {
  const marker = (type: number, offset: bigint) =>
    batchOf([{ ...plain(''), key: Buffer.from([0, 0, 0, type]) }], { offset, attributes: transactional | control })
  const all = [
    batchOf([plain('aborted')], { offset: 0n, attributes: transactional }),
    batchOf([plain('outside')], { offset: 1n }),
    marker(0, 2n),
    batchOf([plain('committed')], { offset: 3n, attributes: transactional }),
    marker(1, 4n),
  ]
  const aborts = [{ producerId: 7n, firstOffset: 0n }]
  expect(read(all, 0n, aborts)).toEqual({ values: ['outside', 'committed'], next: 5n })
})

test('the time is that of the append where the topic says so', () => {
  const messages = [plain('a'), { ...plain('b'), timestamp: 9n }]
  const times = (attributes: number) =>
    recordsIn(place, 0n, { bytes: batchOf(messages, { attributes }), aborts: [] }).records.map((one) => one.timestamp)
  expect([times(0), times(appendTime)]).toEqual([
    [5, 9],
    [9, 9],
  ])
})

test('a way to compress that nobody knows is an error that names it', () => {
  expect(() => read([batchOf([plain('a')], { attributes: 7 })])).toThrow('compressed in a way that is not known (7)')
})
