import { getRandomValues } from 'node:crypto'
import { hash64 } from './hash64.ts'

/** What one partition's reader remembers of the ids that it has seen, to know a repeat when it meets one. */
export type Repeats = Readonly<{
  /**
   * True when the id was seen at a lower offset within the window; then, and otherwise, it is remembered.
   * The same offset again is a redelivery, not a repeat. Timestamps are the records' own, in milliseconds.
   */
  isRepeat(id: string, offset: bigint, timestamp: number): boolean
}>

export type RepeatsWindow = Readonly<{ ms: number; records: number }>

/**
 * Remembers at least the last `ms`, but not more than twice `records` ids: two generations of hashes, of which the older is forgotten as a
 * whole. 64 bits stand for an id, by seeds that nobody can know: two different ids of one window meet once in 10^13 records.
 */
export const repeatsWithin = (window: RepeatsWindow): Repeats => {
  let young = openTable()
  let old = openTable()
  let youngFrom = Number.NEGATIVE_INFINITY

  const turn = (timestamp: number): void => {
    old = young
    young = openTable()
    youngFrom = timestamp
  }

  return {
    isRepeat(id, offset, timestamp) {
      if (youngFrom === Number.NEGATIVE_INFINITY) youngFrom = timestamp
      if (timestamp - youngFrom > window.ms || young.size() >= window.records) turn(timestamp)
      hash64(id, { seeds, into: hashed })
      const [high = 0, low = 0] = hashed
      const at = Number(offset)
      const seen = Math.min(young.get(high, low), old.get(high, low))
      young.put(high, low, Math.min(seen, at))
      return seen < at
    },
  }
}

const seeds = getRandomValues(new Uint32Array(2))
const hashed = new Uint32Array(2)

type Table = Readonly<{
  /** The lowest offset that the hash was seen at; infinite for never. */
  get(high: number, low: number): number
  put(high: number, low: number, offset: number): void
  size(): number
}>

/** Open addressing in typed arrays: 16 bytes an id and slot, and nothing for the garbage collector to walk. */
const openTable = (): Table => {
  let slots = 1_024
  let hashes = new Uint32Array(2 * slots)
  let offsets = new Float64Array(slots).fill(free)
  let used = 0

  const slotOf = (high: number, low: number): number => {
    let slot = low & (slots - 1)
    while (offsets[slot] !== free && (hashes[2 * slot] !== high || hashes[2 * slot + 1] !== low))
      slot = (slot + 1) & (slots - 1)
    return slot
  }

  const set = (high: number, low: number, offset: number): void => {
    const slot = slotOf(high, low)
    if (offsets[slot] === free) used++
    hashes[2 * slot] = high
    hashes[2 * slot + 1] = low
    offsets[slot] = offset
  }

  const grow = (): void => {
    const [oldHashes, oldOffsets] = [hashes, offsets]
    slots *= 2
    hashes = new Uint32Array(2 * slots)
    offsets = new Float64Array(slots).fill(free)
    used = 0
    for (const [slot, offset] of oldOffsets.entries())
      if (offset !== free) set(oldHashes[2 * slot] ?? 0, oldHashes[2 * slot + 1] ?? 0, offset)
  }

  return {
    get(high, low) {
      return offsets[slotOf(high, low)] ?? free
    },
    put(high, low, offset) {
      if (2 * used >= slots) grow()
      set(high, low, offset)
    },
    size: () => used,
  }
}

const free = Number.POSITIVE_INFINITY
