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

  it.each(['', 'f', 'g1,1', 'f1,,1', 'anything', 'f-1,2', 'b', 'bA', 'b!', 'fzzzzzzzzzz,1'])(
    'takes metadata %j of others for none',
    (metadata) => {
      const mark = watermarkAt(10n, metadata)
      expect([10n, 11n, 12n].some(mark.wasFinished)).toBe(false)
    },
  )

  it('has room for whatever comes while it is near, and for few when the lowest is far behind', () => {
    const mark = watermarkAt(0n, '', { maxBytes: 40, mostStarts: 0 })
    const near = 8 * 29
    for (let offset = 0; offset < near; offset++) {
      expect(mark.fits(BigInt(offset))).toBe(true)
      mark.begin(BigInt(offset))
    }
    expect(mark.fits(BigInt(near))).toBe(false)
    for (let offset = 3; offset < near; offset++) mark.finish(BigInt(offset))
    expect(mark.fits(BigInt(near))).toBe(true)
  })

  it('says all that is done, in whatever order thousands are', () => {
    const mark = watermarkAt(0n)
    for (let offset = 0n; offset < 20_000n; offset++) mark.begin(offset)
    for (let offset = 1n; offset < 20_000n; offset += 2n) mark.finish(offset)
    expect(mark.encode().length).toBeLessThanOrEqual(4_000)
    const again = watermarkAt(mark.lowest(), mark.encode())
    for (let offset = 0n; offset < 20_000n; offset++) expect(again.wasFinished(offset)).toBe(offset % 2n === 1n)
  })

  it('has room, after the fullest commit, for all that this leaves open', () => {
    const mark = watermarkAt(0n)
    let end = 0n
    while (mark.fits(end)) mark.begin(end++)
    for (let offset = 1n; offset < end; offset += 2n) mark.finish(offset)
    const again = watermarkAt(mark.lowest(), mark.encode())
    for (let offset = 0n; offset < end; offset += 2n) {
      expect(again.fits(offset)).toBe(true)
      again.begin(offset)
    }
    expect(again.fits(end)).toBe(false)
    again.finish(0n)
    expect(again.fits(end)).toBe(true)
  })

  it('forgets what an earlier life left open and the log does not hold any more', () => {
    const mark = watermarkAt(0n, 'f3,1,2,1')
    mark.begin(1n)
    expect(mark.lowest()).toBe(1n)
    mark.passTo(6n)
    expect([mark.lowest(), mark.encode()]).toEqual([1n, 'f1,5'])
    mark.finish(1n)
    expect([mark.lowest(), mark.encode()]).toEqual([7n, ''])
  })

  it('agrees with a list of all offsets, over restarts, whatever the order and the gaps', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 4 }), fc.integer({ min: 30, max: 400 }), (lives, maxBytes) => {
        let mark = watermarkAt(100n, '', { maxBytes, mostStarts: 0 })
        let naive: Naive = { next: 100n, open: new Set(), done: new Set() }
        for (const life of lives) {
          play(mark, naive, { life, maxBytes })
          const again = watermarkAt(mark.lowest(), mark.encode(), { maxBytes, mostStarts: 0 })
          const left: Naive = { next: mark.lowest(), open: new Set(), done: new Set() }
          for (let offset = mark.lowest(); offset < naive.next + 200n; offset++) {
            const done = naive.done.has(offset) || (offset < naive.next && !naive.open.has(offset))
            expect(again.wasFinished(offset)).toBe(done)
            if (done) left.done.add(offset)
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
      const done = naive.done.has(offset)
      expect(mark.wasFinished(offset)).toBe(done)
      if (!done && !mark.fits(offset)) continue
      naive.next = offset + 1n
      if (done) mark.passTo(offset + 1n)
      else {
        mark.begin(offset)
        naive.open.add(offset)
      }
    } else if (naive.open.size > 0) {
      const offset = [...naive.open][pick % naive.open.size] ?? 0n
      naive.open.delete(offset)
      mark.finish(offset)
    }
    expect(mark.lowest()).toBe(lowestOf(naive))
    expect(mark.encode().length).toBeLessThanOrEqual(maxBytes)
  }
}

/** What no record was read for yet is open unless an earlier life finished it. */
const lowestOf = ({ next, open, done }: Naive): bigint => {
  const lowest = [...open].sort(ascending)[0]
  if (lowest !== undefined) return lowest
  let at = next
  while (done.has(at)) at++
  return at
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : 1)
