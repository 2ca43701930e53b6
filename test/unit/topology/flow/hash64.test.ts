import { expect, test } from 'vitest'
import { hash64 } from '../../../../topology/flow/hash64.ts'
import { messageIdOfRecord } from '../../../../topology/words/ids.ts'

const count = 100_000

/** How many of the texts have a hash of 32 bits that another had, in each half, and how many the whole. */
const meetings = (textOf: (n: number) => string, seeds: Uint32Array) => {
  const seen = [new Set<number>(), new Set<number>(), new Set<number>()] as const
  const into = new Uint32Array(2)
  for (let n = 0; n < count; n++) {
    hash64(textOf(n), { seeds, into })
    const [a = 0, b = 0] = into
    seen[0].add(a)
    seen[1].add(b)
    seen[2].add(a + (b & 0xfffff) * 2 ** 32)
  }
  return seen.map(({ size }) => count - size)
}

const texts: readonly (readonly [string, (n: number) => string])[] = [
  ['numbers', (n) => String(n)],
  [
    'ids of neighbours',
    (n) => messageIdOfRecord({ topic: 't', partition: 0, offset: BigInt(n) }, 1_700_000_000_000 + n),
  ],
  ['one id and many attempts', (n) => `018f2b1c-0000-7000-8000-00000000be0c/${n}`],
  ['texts that differ in two places', (n) => `finished/${n % 500}/018f2b1c-0000-7000-8000/${Math.floor(n / 500)}`],
]

// Of 100,000 random numbers of 32 bits 1.2 meet another, and more than ten once in 10^7 times.
test.each(texts)('hashes of %s meet as seldom as random numbers, in either half', (_, textOf) => {
  const [first = 0, second = 0, whole = 0] = meetings(textOf, Uint32Array.of(0x9747b28c, 0x12345678))
  expect(first).toBeLessThan(11)
  expect(second).toBeLessThan(11)
  expect(whole).toBe(0)
})

test('another seed gives other hashes', () => {
  const [one, other] = [new Uint32Array(2), new Uint32Array(2)]
  hash64('id', { seeds: Uint32Array.of(1, 2), into: one })
  hash64('id', { seeds: Uint32Array.of(3, 4), into: other })
  expect(other[0]).not.toBe(one[0])
  expect(other[1]).not.toBe(one[1])
})
