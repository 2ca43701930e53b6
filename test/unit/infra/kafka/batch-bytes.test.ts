import { createRecordsBatch, NumericMap, Reader, readRecordsBatch } from '@platformatic/kafka'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchOf, messageOf } from '../../../../infra/kafka/batch-bytes.ts'
import type { Outgoing } from '../../../../topology/words/record.ts'

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const text = fc.string({ unit: 'binary', maxLength: 200 })

const record: fc.Arbitrary<Outgoing> = fc.record({
  topic: fc.constant('t'),
  key: text,
  value: fc.oneof(text, bytes, fc.constant(null)),
  headers: fc.dictionary(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), fc.oneof(text, bytes), {
    noNullPrototype: true,
  }),
})
const facts = fc.record({
  producerId: fc.bigInt({ min: -1n, max: 2n ** 62n }),
  producerEpoch: fc.integer({ min: -1, max: 32_767 }),
  sequence: fc.integer({ min: 0, max: 0x7fffffff }),
  timestamp: fc.integer({ min: 0, max: 4_000_000_000_000 }),
})

const bytesOf = (value: string | Buffer | null): Buffer | null =>
  typeof value === 'string' ? Buffer.from(value) : value

test('a batch is, byte by byte, what the client makes of the same records', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 200 }), facts, (records, facts) => {
      const { producerId, producerEpoch, sequence, timestamp } = facts
      const messages = records.map(({ topic, key, value, headers }) => ({
        topic,
        partition: 0,
        timestamp: BigInt(timestamp),
        key: Buffer.from(key),
        value: bytesOf(value) as Buffer,
        headers: new Map(
          Object.entries(headers).map(([name, header]) => [Buffer.from(name), bytesOf(header) as Buffer] as const),
        ),
      }))
      const sequences = new NumericMap([['t:0', sequence]])
      const expected = createRecordsBatch(messages, { producerId, producerEpoch, sequences }).buffer
      expect(batchOf(records.map(messageOf), facts).equals(expected)).toBe(true)
    }),
  )
})

test('lengths that need more than one byte of a number are right', () => {
  const value = 'ü'.repeat(100_000)
  const batch = batchOf([messageOf({ topic: 't', key: 'k', value, headers: { empty: '' } })], {
    producerId: 1n,
    producerEpoch: 0,
    sequence: 0,
    timestamp: 1,
  })
  const [read] = readRecordsBatch(Reader.from(batch)).records
  expect(String(read?.value)).toBe(value)
  expect(read?.headers.map(([name, header]) => [String(name), String(header)])).toEqual([['empty', '']])
})
