import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { repeatsWithin } from '../../../../topology/flow/repeats.ts'

const wide = { ms: 1_000_000, records: 1_000_000 }

describe('repeats', () => {
  it('knows an id that it saw at a lower offset', () => {
    const repeats = repeatsWithin(wide)
    expect(repeats.isRepeat('a', 1n, 0)).toBe(false)
    expect(repeats.isRepeat('b', 2n, 0)).toBe(false)
    expect(repeats.isRepeat('a', 3n, 0)).toBe(true)
  })

  it('takes the same offset for a redelivery', () => {
    const repeats = repeatsWithin(wide)
    repeats.isRepeat('a', 1n, 0)
    expect(repeats.isRepeat('a', 1n, 0)).toBe(false)
    repeats.isRepeat('a', 5n, 0)
    expect(repeats.isRepeat('a', 1n, 0)).toBe(false)
    expect(repeats.isRepeat('a', 5n, 0)).toBe(true)
  })

  it('keeps many apart', () => {
    const repeats = repeatsWithin(wide)
    for (let offset = 0n; offset < 20_000n; offset++) expect(repeats.isRepeat(`id-${offset}`, offset, 0)).toBe(false)
    for (let offset = 0n; offset < 20_000n; offset++)
      expect(repeats.isRepeat(`id-${offset}`, offset + 20_000n, 0)).toBe(true)
  })

  it('forgets in the end, by time and by number', () => {
    const byTime = repeatsWithin({ ms: 100, records: 1_000_000 })
    byTime.isRepeat('a', 1n, 0)
    byTime.isRepeat('b', 2n, 101)
    byTime.isRepeat('c', 3n, 202)
    expect(byTime.isRepeat('a', 4n, 203)).toBe(false)
    const byNumber = repeatsWithin({ ms: 1_000_000, records: 10 })
    for (let offset = 0n; offset < 30n; offset++) byNumber.isRepeat(`id-${offset}`, offset, 0)
    expect(byNumber.isRepeat('id-0', 31n, 0)).toBe(false)
  })

  it('never calls a first one a repeat, and misses none within the window', () => {
    const records = fc.array(
      fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e'), wait: fc.nat(60), back: fc.boolean() }),
      { maxLength: 200 },
    )
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 20 }), (script, size) => {
        const window = { ms: 100, records: size }
        const repeats = repeatsWithin(window)
        const seen: { id: string; offset: number; time: number }[] = []
        let [offset, time] = [0, 0]
        for (const { id, wait, back } of script) {
          time += wait
          const again = back ? seen.at(-1) : undefined
          const record = again ? { ...again, time } : { id, offset: offset++, time }
          const lower = seen.filter((other) => other.id === record.id && other.offset < record.offset)
          const lately = seen.slice(-size).filter((other) => time - other.time <= window.ms)
          const answer = repeats.isRepeat(record.id, BigInt(record.offset), time)
          if (lower.length === 0) expect(answer).toBe(false)
          if (lower.some((other) => lately.includes(other))) expect(answer).toBe(true)
          seen.push(record)
        }
      }),
    )
  })
})
