import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Watermark, watermarkAt } from '../../../../topology/flow/watermark.ts'

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

  it('counts offsets that hold nothing among the gaps', () => {
    const mark = watermarkAt(0n, '', 40)
    for (let offset = 0n; offset < 60n; offset += 2n) mark.begin(offset)
    expect(mark.fits()).toBe(false)
  })

  it('agrees with a list of all offsets, over restarts, whatever the order and the gaps', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 4 }), fc.integer({ min: 20, max: 400 }), (lives, maxBytes) => {
        let mark = watermarkAt(100n, '', maxBytes)
        let naive: Naive = { next: 100n, open: new Set(), done: new Set() }
        for (const life of lives) {
          play(mark, naive, { life, maxBytes })
          const again = watermarkAt(mark.lowest(), mark.encode(), maxBytes)
          const left: Naive = { next: mark.lowest(), open: new Set(), done: new Set() }
          for (let offset = mark.lowest(); offset < naive.next + 200n; offset++) {
            const done = naive.done.has(offset) || (offset < naive.next && !naive.open.has(offset))
            // Never says done what is not; and says all of it when it fitted.
            if (!done || mark.fits()) expect(again.wasFinished(offset)).toBe(done)
            if (again.wasFinished(offset)) left.done.add(offset)
          }
          mark = again
          naive = left
        }
      }),
    )
  })
})

/** `done`: what an earlier life finished. */
type Naive = { next: bigint; readonly open: Set<bigint>; readonly done: Set<bigint> }
type Step = Readonly<{ begin: boolean; gap: bigint; pick: number }>

const steps = fc.array(
  fc.record({ begin: fc.boolean(), gap: fc.constantFrom(0n, 0n, 0n, 1n, 5n), pick: fc.nat(1_000) }),
  { maxLength: 80 },
)

const play = (
  mark: Watermark,
  naive: Naive,
  { life, maxBytes }: Readonly<{ life: readonly Step[]; maxBytes: number }>,
): void => {
  for (const { begin, gap, pick } of life) {
    if (begin) {
      const offset = naive.next + gap
      naive.next = offset + 1n
      expect(mark.wasFinished(offset)).toBe(naive.done.has(offset))
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
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : 1)
