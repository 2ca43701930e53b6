import type { Tried } from '../words/run.ts'
import {
  bitmapOf,
  bitsWithin,
  decode,
  nothing,
  type Range,
  runsAtMost,
  runsOf,
  startsAtMost,
  startsIn,
  startsWithin,
} from './watermark-text.ts'
import { triedAtMost, triedWithin } from './watermark-tried.ts'

/**
 * Which offsets of one partition are done, in whatever order that happens, and which have begun without an end. What is committed is the
 * lowest offset that is not done, and with it, as text, the rest: so a crash repeats only what was in hand, and it is known how often.
 */
export type Watermark = Readonly<{
  /** Whether the commit can still say what is done when this offset is in hand, too, in whatever order all that is in hand is finished. */
  fits(offset: bigint): boolean
  /** The record at this offset is in hand. Offsets rise; those left out hold nothing to do. */
  begin(offset: bigint): void
  /** The work on a record in hand starts, which may take the process with it. Saying it twice changes nothing. */
  start(offset: bigint): void
  /** As `start`, but for good: it counts in the lives to come, also when this one goes on or ends in good order. */
  startForGood(offset: bigint): void
  /** How often the work on it has started without an end: in this life, and in those before. */
  startsOf(offset: bigint): number
  /** What was started in this life and has not ended, and how often it had been before. */
  startedHere(): ReadonlyMap<bigint, number>
  /** What was started in this life was called off in good order: that is as if it had not been. */
  takeBackStarts(): void
  /** An attempt has ended, and the record is to be tried again: until then it counts as not started. */
  tryAgain(offset: bigint, tried: Tried): void
  /** What was noted of its attempts, in this life or before. */
  triedOf(offset: bigint): Tried | undefined
  /** The record is done. Saying it twice, or of an offset that was never begun, does nothing. */
  finish(offset: bigint): void
  /** Everything below this offset has been read, and what of it was not begun holds nothing to do. */
  passTo(offset: bigint): void
  /** Whether the commit that this watermark started from says that the offset is done. */
  wasFinished(offset: bigint): boolean
  /** What to commit: every offset below is done. */
  lowest(): bigint
  /**
   * For the commit's metadata: the done offsets above `lowest()`, each of them, if `fits` was true before every `begin`; then the starts,
   * each of them, if there are no more than `mostStarts`, else as many as find room, those first that were started most often; then what is to
   * be tried again, likewise.
   */
  encode(): string
}>

export type WatermarkLimits = Readonly<{
  maxBytes?: number
  /** For how many started records a commit keeps room. */
  mostStarts?: number
  /** What an earlier watermark of this same life says it has started: who lives on was not killed by that, so it does not count. */
  ours?: ReadonlyMap<bigint, number> | undefined
}>

/** Starts where a commit left off. Metadata of anybody else's making is the same as none. */
export const watermarkAt = (start: bigint, metadata = '', limits: WatermarkLimits = {}): Watermark => {
  const { maxBytes = 4_000, mostStarts = mostStarted, ours } = limits
  const before = metadata.length > maxBytes ? nothing(start) : decode(start, metadata)
  const open = new Set(before.open) // in the order of the offsets
  const started = new Set<bigint>()
  const forGood = new Set<bigint>()
  const startedBefore = ours ? withoutOurs(before.starts, ours) : new Map(before.starts)
  const tried = new Map(before.tried)
  const offsetsTold = [...new Set([...startedBefore.keys(), ...tried.keys()])].toSorted((a, b) => (a < b ? -1 : 1))
  const near = bitsWithin(maxBytes - startsAtMost(mostStarts, bitsWithin(maxBytes)))
  const lastTold = offsetsTold.at(-1) ?? start
  let order = [...open]
  let head = 0
  let met = 0 // how many of `before.open` have been begun or passed
  let metTold = 0 // how many of `offsetsTold` have
  let next = before.end

  const lowest = (): bigint => {
    for (let first = order[head]; first !== undefined; first = order[++head]) if (open.has(first)) return first
    return next
  }

  const passTo = (offset: bigint): void => {
    for (let left = before.open[met]; left !== undefined && left < offset; left = before.open[++met]) open.delete(left)
    for (let left = offsetsTold[metTold]; left !== undefined && left < offset; left = offsetsTold[++metTold]) {
      startedBefore.delete(left)
      tried.delete(left)
    }
    if (offset > next) next = offset
  }

  function* doneAbove(): Generator<Range> {
    let from = lowest()
    for (const to of open) {
      if (to > from) yield { from, to }
      from = to + 1n
    }
    if (next > from) yield { from, to: next }
  }

  const startsOf = (offset: bigint): number => (startedBefore.get(offset) ?? 0) + (started.has(offset) ? 1 : 0)

  return {
    fits(offset) {
      if (open.size === 0 || open.has(offset)) return true
      if (tried.size >= mostTried) return false
      const from = lowest()
      const span = Number(offset + 1n - from)
      const far = offset > lastTold ? span : Number(lastTold + 1n - from)
      if (far <= near && tried.size === 0) return true
      const room = maxBytes - startsAtMost(mostStarts, far) - triedAtMost(tried.size, far)
      return span <= bitsWithin(room) || runsAtMost(open.size + 1, span) <= room
    },
    begin(offset) {
      passTo(offset)
      if (before.open[met] === offset) met++
      if (offsetsTold[metTold] === offset) metTold++
      if (offset < next) return
      open.add(offset)
      next = offset + 1n
      if (order.length > 2 * open.size + 1_000) [order, head] = [[...open], 0]
      else order.push(offset)
    },
    start(offset) {
      if (open.has(offset)) started.add(offset)
    },
    startForGood(offset) {
      if (!open.has(offset)) return
      started.add(offset)
      forGood.add(offset)
    },
    startsOf,
    startedHere: () =>
      new Map([...started.difference(forGood)].map((offset) => [offset, startedBefore.get(offset) ?? 0])),
    takeBackStarts() {
      for (const offset of started) if (!forGood.has(offset)) started.delete(offset)
    },
    tryAgain(offset, now) {
      if (!open.has(offset)) return
      started.delete(offset)
      startedBefore.delete(offset)
      tried.set(offset, now)
    },
    triedOf: (offset) => tried.get(offset),
    finish(offset) {
      open.delete(offset)
      if (tried.size > 0) tried.delete(offset)
      if (forGood.size > 0) forGood.delete(offset)
      if (started.size > 0) started.delete(offset)
      if (startedBefore.size > 0) startedBefore.delete(offset)
    },
    passTo,
    wasFinished: (offset) => start <= offset && offset < before.end && !open.has(offset),
    lowest,
    encode() {
      const from = lowest()
      const starts = [...new Set([...startedBefore.keys(), ...started])].map((offset) => ({
        offset,
        times: startsOf(offset),
      }))
      const runs = runsOf(from, doneAbove())
      const startsText = startsIn(from, starts)
      const withTried = (text: string): string => text + triedWithin(maxBytes - text.length, { from, tried })
      if (runs.length + startsText.length <= maxBytes) return withTried(runs + startsText)
      const bits = bitmapOf(from, doneAbove(), bitsWithin(maxBytes))
      const tellsAll = next - from <= BigInt(bitsWithin(maxBytes))
      const done = runs.length > maxBytes || (tellsAll && bits.length < runs.length) ? bits : runs
      return withTried(done + startsWithin(maxBytes - done.length, { from, starts }))
    },
  }
}

/** How many records of a partition may be started at once, so that a commit can name them all. */
export const mostStarted = 96

/** How many records of a partition may wait to be tried again before it takes no new ones: so many a commit can name, too. */
const mostTried = 96

/** A start of ours that no commit told of is not in what the commit says: then there is nothing to take off. */
const withoutOurs = (starts: ReadonlyMap<bigint, number>, ours: ReadonlyMap<bigint, number>): Map<bigint, number> => {
  const left = new Map(starts)
  for (const [offset, before] of ours) {
    const times = starts.get(offset) ?? 0
    if (times <= before) continue
    if (times > 1) left.set(offset, times - 1)
    else left.delete(offset)
  }
  return left
}
