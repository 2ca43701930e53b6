import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { watermarkAt } from '../../../../topology/flow/watermark.ts'

describe('watermark', () => {
  it('stands at its start until something is read', () => {
    expect(watermarkAt(7n).lowest()).toBe(7n)
  })

  it('waits at the lowest open offset and says what is done above', () => {
    const mark = watermarkAt(10n)
    for (const offset of [10n, 11n, 12n, 13n]) mark.begin(offset)
    mark.finish(12n)
    expect([mark.lowest(), mark.encode()]).toEqual([10n, 'f2,1'])
    mark.finish(10n)
    expect([mark.lowest(), mark.encode()]).toEqual([11n, 'f1,1'])
    mark.finish(11n)
    mark.finish(13n)
    expect([mark.lowest(), mark.encode()]).toEqual([14n, ''])
  })

  it('starts again without what was finished', () => {
    const mark = watermarkAt(10n, 'f2,1')
    expect([10n, 11n, 12n, 13n].map(mark.wasFinished)).toEqual([false, false, true, false])
  })

  it.each(['', 'f', 'g1,1', 'f1,,1', 'anything', 'f-1,2'])('takes metadata %j of others for none', (metadata) => {
    const mark = watermarkAt(10n, metadata)
    expect([10n, 11n, 12n].some(mark.wasFinished)).toBe(false)
  })

  it('has no room when the commit has none, and has again when the gaps close', () => {
    const mark = watermarkAt(0n, '', 40)
    for (let offset = 0n; offset < 30n; offset++) mark.begin(offset)
    expect(mark.fits()).toBe(true)
    for (let offset = 1n; offset < 30n; offset += 2n) mark.finish(offset)
    expect(mark.fits()).toBe(false)
    expect(mark.encode().length).toBeLessThanOrEqual(40)
    for (let offset = 0n; offset < 30n; offset += 2n) mark.finish(offset)
    expect(mark.fits()).toBe(true)
  })

  it('agrees with a list of all offsets, over a restart, whatever the order and the gaps', () => {
    fc.assert(
      fc.property(steps, steps, fc.integer({ min: 20, max: 200 }), (first, second, maxBytes) => {
        const before = play(watermarkAt(100n, '', maxBytes), naiveAt(100n), first, maxBytes)
        const { mark, naive } = before
        const again = watermarkAt(mark.lowest(), mark.encode(), maxBytes)
        const kept = naiveAt(mark.lowest())
        for (let offset = mark.lowest(); offset < naive.next; offset++) {
          if (again.wasFinished(offset)) kept.inherited.add(offset)
          // Never says done what is not; and says all of it when it fitted.
          if (again.wasFinished(offset)) expect(naive.open.has(offset)).toBe(false)
          else if (mark.fits()) expect(naive.open.has(offset)).toBe(true)
        }
        play(again, kept, second, maxBytes)
      }),
    )
  })
})

type Naive = { next: bigint; open: Set<bigint>; inherited: Set<bigint> }
const naiveAt = (next: bigint): Naive => ({ next, open: new Set(), inherited: new Set() })

const steps = fc.array(
  fc.record({ begin: fc.boolean(), gap: fc.constantFrom(0n, 0n, 0n, 1n, 5n), pick: fc.nat(1_000) }),
  { maxLength: 80 },
)

const play = (
  mark: ReturnType<typeof watermarkAt>,
  naive: Naive,
  script: readonly { begin: boolean; gap: bigint; pick: number }[],
  maxBytes: number,
) => {
  for (const { begin, gap, pick } of script) {
    if (begin) {
      const offset = naive.next + gap
      naive.next = offset + 1n
      if (mark.wasFinished(offset)) mark.passTo(offset + 1n)
      else {
        mark.begin(offset)
        naive.open.add(offset)
      }
    } else if (naive.open.size > 0) {
      const offset = [...naive.open][pick % naive.open.size] ?? 0n
      naive.open.delete(offset)
      mark.finish(offset)
    }
    expect(mark.lowest()).toBe([...naive.open].sort(ascending)[0] ?? naive.next)
    expect(mark.encode().length).toBeLessThanOrEqual(maxBytes)
  }
  return { mark, naive }
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : 1)
