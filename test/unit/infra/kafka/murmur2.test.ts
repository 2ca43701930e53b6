import { expect, it } from 'vitest'
import { murmur2, partitionOf } from '../../../../infra/kafka/murmur2.ts'

it.each([
  ['21', -973_932_308],
  ['foobar', -790_332_482],
  ['a-little-bit-long-string', -985_981_536],
  ['a-little-bit-longer-string', -1_486_304_829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
  ['abc', 479_470_107],
])("murmur2 of %s is what Kafka's own is", (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash)
})

it('a partition is never negative', () => {
  for (let n = 0; n < 1_000; n++) {
    const partition = partitionOf(Buffer.from(`key-${n}`), 7)
    expect(partition >= 0 && partition < 7).toBe(true)
  }
})
