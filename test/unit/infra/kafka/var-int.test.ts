import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterVarInt, readVarInt, readVarLong, varIntLength, writeVarInt } from '../../../../infra/kafka/var-int.ts'

test('a number of 32 bits is read as it was written, and it is known where it ends', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(5), (value, at) => {
      const bytes = Buffer.alloc(20, 0xff)
      const end = writeVarInt(bytes, at, value)
      expect(end - at).toBe(varIntLength(value))
      expect([readVarInt(bytes, at), readVarLong(bytes, at), afterVarInt(bytes, at)]).toEqual([value, value, end])
    }),
  )
})

test('a number of 64 bits is read up to 2^53', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 52n), max: 2n ** 52n - 1n }), (value) => {
      const bytes: number[] = []
      let left = value < 0n ? -2n * value - 1n : 2n * value
      for (; left > 0x7fn; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80)
      bytes.push(Number(left))
      expect(readVarLong(Buffer.from(bytes), 0)).toBe(Number(value))
    }),
  )
})
