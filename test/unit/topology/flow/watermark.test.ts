import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mostStarted, type Watermark, watermarkAt } from '../../../../topology/flow/watermark.ts'
import type { Tried } from '../../../../topology/words/run.ts'

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

  it.each([
    '',
    'f',
    'g1,1',
    'f1,,1',
    'anything',
    'f-1,2',
    'b',
    'bA',
    'b!',
    'fzzzzzzzzzz,1',
    ';',
    ';0,',
    'f1,1;',
    'f;0',
    ';0:',
    ';0:12',
    '!',
    '!towmou',
    '!towmou,0010',
    '!towmou,00102zzz,',
    '!zzzzzzzz,001020u00',
  ])('takes metadata %j of others for none', (metadata) => {
    const mark = watermarkAt(10n, metadata)
    expect([10n, 11n, 12n].some(mark.wasFinished)).toBe(false)
    expect([10n, 11n, 12n].map(mark.startsOf)).toEqual([0, 0, 0])
    expect([10n, 11n, 12n].map(mark.triedOf)).toEqual([undefined, undefined, undefined])
  })

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

  it('says how often the work on a record has started without an end, life after life', () => {
    const first = watermarkAt(10n)
    for (const offset of [10n, 11n, 12n]) first.begin(offset)
    for (const offset of [12n, 10n, 10n]) first.start(offset)
    expect([10n, 11n, 12n].map(first.startsOf)).toEqual([1, 0, 1])
    expect([first.lowest(), first.encode()]).toEqual([10n, ';0,2'])

    const second = watermarkAt(10n, first.encode())
    for (const offset of [10n, 11n, 12n]) second.begin(offset)
    second.start(12n)
    expect([10n, 11n, 12n].map(second.startsOf)).toEqual([1, 0, 2])
    second.finish(11n)
    expect(second.encode()).toBe('f1,1;0,2:2')
    second.finish(10n)
    expect([second.lowest(), second.encode()]).toEqual([12n, ';0:2'])
    second.finish(12n)
    expect([second.lowest(), second.encode()]).toEqual([13n, ''])
  })

  it('takes back what was started in this life, not what was in those before', () => {
    const mark = watermarkAt(0n, ';0,1:3')
    for (const offset of [0n, 1n, 2n]) mark.begin(offset)
    for (const offset of [0n, 2n]) mark.start(offset)
    expect(mark.encode()).toBe(';0:2,1:3,1')
    mark.takeBackStarts()
    expect(mark.encode()).toBe(';0,1:3')
  })

  it('takes nothing back of what was started for good', () => {
    const mark = watermarkAt(0n, ';0')
    for (const offset of [0n, 1n, 2n]) mark.begin(offset)
    mark.start(0n)
    for (const offset of [1n, 2n, 3n]) mark.startForGood(offset)
    expect([...mark.startedHere().keys()]).toEqual([0n])
    mark.takeBackStarts()
    expect([0n, 1n, 2n, 3n].map(mark.startsOf)).toEqual([1, 1, 1, 0])
    mark.finish(2n)
    expect(mark.encode()).toBe('f2,1;0,1')
    const again = watermarkAt(0n, mark.encode(), { ours: mark.startedHere() })
    expect([0n, 1n].map(again.startsOf)).toEqual([1, 1])
  })

  it('says what is to be tried again, and that it is not started meanwhile', () => {
    const mark = watermarkAt(10n)
    for (const offset of [10n, 11n, 12n]) mark.begin(offset)
    for (const offset of [10n, 12n]) mark.start(offset)
    mark.tryAgain(10n, { attempts: 1, starts: 2, waitedMs: 29_500, dueAt: 1_795_000_030_000 })
    mark.tryAgain(12n, { attempts: 37, starts: 40, waitedMs: 900_000, dueAt: 1_795_000_000_500 })
    expect([10n, 12n].map(mark.startsOf)).toEqual([0, 0])
    mark.finish(11n)
    expect(mark.encode()).toBe('f1,1!top2vy,001020u00,21114p00t')

    const again = watermarkAt(10n, mark.encode())
    for (const offset of [10n, 12n]) again.begin(offset)
    expect(again.triedOf(10n)).toEqual({ attempts: 1, starts: 2, waitedMs: 30_000, dueAt: 1_795_000_030_000 })
    expect(again.triedOf(12n)).toEqual({ attempts: 37, starts: 40, waitedMs: 900_000, dueAt: 1_795_000_001_000 })
    again.start(10n)
    const third = watermarkAt(10n, again.encode())
    expect([third.startsOf(10n), third.triedOf(10n)?.attempts]).toEqual([1, 1])
    for (const offset of [10n, 12n]) again.finish(offset)
    expect([again.lowest(), again.encode()]).toEqual([13n, ''])
  })

  it('keeps what was tried when starts are taken back, and forgets it with what the log does not hold any more', () => {
    const mark = watermarkAt(0n)
    for (const offset of [0n, 1n, 2n]) mark.begin(offset)
    for (const offset of [0n, 1n, 2n]) mark.tryAgain(offset, tried(1))
    mark.start(1n)
    mark.takeBackStarts()
    const again = watermarkAt(0n, mark.encode())
    expect([again.startsOf(1n), again.triedOf(1n)]).toEqual([0, tried(1)])
    again.begin(1n)
    again.passTo(20n)
    expect([0n, 1n, 2n].map((offset) => again.triedOf(offset)?.attempts)).toEqual([undefined, 1, undefined])
  })

  it('takes who is due long before the last for due, however long', () => {
    const mark = watermarkAt(0n)
    for (const offset of [0n, 1n]) mark.begin(offset)
    mark.tryAgain(0n, { ...tried(1), dueAt: 1_000_000_000_000 })
    mark.tryAgain(1n, { ...tried(1), dueAt: 1_795_000_900_000 })
    expect(watermarkAt(0n, mark.encode()).triedOf(0n)?.dueAt).toBe(1_794_999_605_000)
  })

  it('takes nothing new while a commit could hardly name more that is to be tried again', () => {
    const mark = watermarkAt(0n)
    for (let offset = 0n; offset < 200n; offset++) mark.begin(offset)
    for (let offset = 0n; offset < 95n; offset++) mark.tryAgain(offset, tried(1))
    expect(mark.fits(200n)).toBe(true)
    mark.tryAgain(95n, tried(1))
    expect([mark.fits(200n), mark.fits(7n)]).toEqual([false, true])
    const again = watermarkAt(0n, mark.encode())
    for (let offset = 0n; offset < 96n; offset++) expect(again.triedOf(offset)).toEqual(tried(1))
    mark.finish(0n)
    expect(mark.fits(200n)).toBe(true)
  })

  it('names, of more to be tried again than there is room for, those that were tried most often', () => {
    const mark = watermarkAt(0n, '', { maxBytes: 60, mostStarts: 0 })
    for (let offset = 0n; offset < 9n; offset++) mark.begin(offset)
    for (let offset = 0n; offset < 9n; offset++) mark.tryAgain(offset, tried(Number(offset)))
    expect(mark.encode().length).toBeLessThanOrEqual(60)
    const again = watermarkAt(0n, mark.encode(), { maxBytes: 60, mostStarts: 0 })
    expect([3n, 4n, 5n, 6n, 7n, 8n].map((offset) => again.triedOf(offset)?.attempts)).toEqual([
      ...[undefined, 4, 5, 6, 7, 8],
    ])
  })

  it('counts no start of what is not in hand', () => {
    const mark = watermarkAt(0n)
    mark.start(0n)
    mark.begin(0n)
    mark.finish(0n)
    mark.start(0n)
    expect([mark.startsOf(0n), mark.encode()]).toEqual([0, ''])
  })

  it('forgets starts of what the log does not hold any more', () => {
    const mark = watermarkAt(0n, ';1,4,4')
    mark.begin(5n)
    expect(mark.encode()).toBe(';0,4')
    mark.passTo(20n)
    expect(mark.encode()).toBe('f1,e;0')
  })

  it('keeps room for all starts that there may be, also where the commit is fullest', () => {
    const mark = watermarkAt(0n)
    let end = 0n
    while (mark.fits(end)) mark.begin(end++)
    for (let offset = 1n; offset < end; offset += 2n) mark.finish(offset)
    const starts = Array.from({ length: mostStarted }, (_, n) => 2n * BigInt(Math.floor((n * Number(end)) / 200)))
    let again = mark
    for (let life = 0; life < 3; life++) {
      for (let offset = 0n; offset < end; offset += 2n) again.begin(offset)
      for (const offset of starts) again.start(offset)
      expect(again.encode().length).toBeLessThanOrEqual(4_000)
      again = watermarkAt(again.lowest(), again.encode())
    }
    expect(starts.map(again.startsOf)).toEqual(starts.map(() => 3))
    const done = Array.from({ length: Number(end) }, (_, n) => again.wasFinished(BigInt(n)))
    expect(done).toEqual(done.map((_, n) => n % 2 === 1))
  })

  it('tells, of more starts than there is room for, those of what was started most often', () => {
    const limits = { maxBytes: 40, mostStarts: 2 }
    const mark = watermarkAt(0n, ';9:3,1:2', limits)
    for (let offset = 0n; offset < 30n; offset++) mark.begin(offset)
    for (let offset = 0n; offset < 30n; offset++) mark.start(offset)
    const again = watermarkAt(0n, mark.encode(), limits)
    expect(mark.encode().length).toBeLessThanOrEqual(40)
    expect([again.startsOf(9n), again.startsOf(10n)]).toEqual([4, 3])
  })

  it('agrees with a list of all offsets and starts, over restarts, whatever the order and the gaps', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 4 }), limits, (lives, most) => {
        let mark = watermarkAt(100n, '', most)
        let naive: Naive = { ...nothing(), next: 100n }
        for (const life of lives) {
          play(mark, naive, { life, maxBytes: most.maxBytes })
          const again = watermarkAt(mark.lowest(), mark.encode(), most)
          const before = new Map<bigint, number>()
          const left: Naive = { ...nothing(), next: mark.lowest(), before }
          const lost: number[] = []
          const forgotten: number[] = []
          for (let offset = mark.lowest(); offset < naive.next + 200n; offset++) {
            const done = naive.done.has(offset) || (offset < naive.next && !naive.open.has(offset))
            expect(again.wasFinished(offset)).toBe(done)
            if (done) left.done.add(offset)
            const starts = startsOf(naive, offset)
            if (again.startsOf(offset) > 0) before.set(offset, starts)
            else if (starts > 0) lost.push(starts)
            if (before.has(offset)) expect(again.startsOf(offset)).toBe(starts)
            const noted = again.triedOf(offset)
            if (noted) left.tried.set(offset, noted.attempts)
            if (noted) expect(noted).toEqual(tried(naive.tried.get(offset) ?? 0))
            else if (naive.tried.has(offset)) forgotten.push(naive.tried.get(offset) ?? 0)
          }
          if (before.size + lost.length <= most.mostStarts) expect(lost).toEqual([])
          expect(Math.max(0, ...lost)).toBeLessThanOrEqual(Math.min(...before.values()))
          expect(Math.max(0, ...forgotten)).toBeLessThanOrEqual(Math.min(...left.tried.values()))
          mark = again
          naive = left
        }
      }),
    )
  })
})

const tried = (attempts: number): Tried => ({ attempts, starts: attempts, waitedMs: 5_000, dueAt: 1_795_000_000_000 })

/** `done`: what an earlier life finished; `before`: what earlier lives started, and how often; `tried`: after how many attempts. */
type Naive = {
  next: bigint
  readonly open: Set<bigint>
  readonly done: Set<bigint>
  readonly before: Map<bigint, number>
  readonly started: Set<bigint>
  readonly tried: Map<bigint, number>
}
const nothing = (): Naive => ({
  next: 0n,
  open: new Set(),
  done: new Set(),
  before: new Map(),
  started: new Set(),
  tried: new Map(),
})
type Step = Readonly<{ act: 'begin' | 'start' | 'finish' | 'take back' | 'try again'; gap: bigint; pick: number }>

const steps = fc.array(
  fc.record({
    act: fc.constantFrom('begin', 'begin', 'begin', 'start', 'start', 'finish', 'finish', 'take back', 'try again'),
    gap: fc.constantFrom(0n, 0n, 0n, 1n, 5n),
    pick: fc.nat(1_000),
  }),
  { maxLength: 120 },
)
const limits = fc.record({ maxBytes: fc.integer({ min: 40, max: 400 }), mostStarts: fc.nat(8) })

const startsOf = ({ before, started }: Naive, offset: bigint): number =>
  (before.get(offset) ?? 0) + (started.has(offset) ? 1 : 0)

const play = (
  mark: Watermark,
  naive: Naive,
  { life, maxBytes }: Readonly<{ life: readonly Step[]; maxBytes: number }>,
): void => {
  for (const { act, gap, pick } of life) {
    const picked = [...naive.open][pick % naive.open.size] ?? -1n
    switch (act) {
      case 'begin': {
        const offset = naive.next + gap
        const done = naive.done.has(offset)
        expect(mark.wasFinished(offset)).toBe(done)
        if (!done && !mark.fits(offset)) continue
        naive.next = offset + 1n
        for (const known of [naive.before, naive.tried])
          for (const left of known.keys()) if (left < offset && !naive.open.has(left)) known.delete(left)
        if (done) mark.passTo(offset + 1n)
        else {
          mark.begin(offset)
          naive.open.add(offset)
        }
        break
      }
      case 'start':
        mark.start(picked)
        if (naive.open.has(picked)) naive.started.add(picked)
        expect(mark.startsOf(picked)).toBe(startsOf(naive, picked))
        break
      case 'finish':
        mark.finish(picked)
        naive.open.delete(picked)
        naive.before.delete(picked)
        naive.started.delete(picked)
        naive.tried.delete(picked)
        break
      case 'try again': {
        const attempts = (naive.tried.get(picked) ?? 0) + 1
        mark.tryAgain(picked, tried(attempts))
        if (!naive.open.has(picked)) continue
        naive.before.delete(picked)
        naive.started.delete(picked)
        naive.tried.set(picked, attempts)
        break
      }
      case 'take back':
        mark.takeBackStarts()
        naive.started.clear()
        break
      default:
        act satisfies never
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
