import type { Message } from './batch-bytes.ts'
import type { Producer } from './produce.ts'
import { openQueue } from './queue.ts'

/** The way into one partition: first in, first out, one batch on its way at a time. */
export type Lane = {
  readonly topic: string
  readonly partition: number
  /** Records that wait, those of the batch on its way included. */
  readonly length: number
  /** A request with the batch is under way. */
  busy: boolean
  /** It waits before it tries again. */
  resting: boolean
  attempts: number
  /** The producer whose numbers this lane has lost count of: it must never number a batch of it again. */
  readonly spent: Producer | undefined
  push(entry: Entry): void
  /** The batch to send now: the one that was not acknowledged, as it was, or else a new one. */
  next(current: Producer, fail: (entry: Entry, error: Error) => void): Batch | undefined
  /** The batch is in the log. */
  written(): void
  /** The batch will not be taken as it is: its records go in halves from now on. False when it is a single record. */
  halve(): boolean
  /** The batch's records wait again, to be sent as new ones. */
  dissolve(): void
  /** Gives up the batch; with `all`, what waits behind it, too. */
  drop(all?: boolean): readonly Entry[]
  /** Gives up, of what waits behind the batch, what nobody wants to have written any more. */
  prune(fail: (entry: Entry, error: Error) => void): void
}

/** A record on its way, and whom to tell. */
export type Entry = {
  readonly topic: string
  readonly message: Message
  readonly bytes: number
  readonly permit: (() => void) | undefined
  readonly done: () => void
  readonly failed: (error: Error) => void
  state: 'waiting' | 'sent' | 'withdrawn' | 'over'
}

/** What is sent in one piece. `sequence` numbers its first record; the same again is the same batch (KIP-98). */
export type Batch = Readonly<{
  lane: Lane
  entries: readonly Entry[]
  bytes: number
  producer: Producer
  sequence: number
}>

export const openLane = ({ topic, partition }: Readonly<{ topic: string; partition: number }>): Lane => {
  const queue = openQueue<Entry>()
  let batch: Batch | undefined
  let producer: Producer | undefined
  let spent: Producer | undefined
  let sequence = 0
  let most = batchRecords

  const form = (current: Producer, fail: (entry: Entry, error: Error) => void): Batch | undefined => {
    if (producer !== current) {
      producer = current
      sequence = 0
    }
    if (sequence > lastSequence) spent = current
    if (current === spent) return undefined
    const entries: Entry[] = []
    let bytes = 0
    for (let entry = queue.shift(); entry; entry = queue.shift()) {
      const refusal = refusalOf(entry)
      if (refusal) {
        fail(entry, refusal)
        continue
      }
      if (entries.length > 0 && (entries.length >= most || bytes + entry.bytes > batchBytes)) {
        queue.putBack([entry])
        break
      }
      entry.state = 'sent'
      entries.push(entry)
      bytes += entry.bytes
    }
    return entries.length > 0 ? { lane, entries, bytes, producer: current, sequence } : undefined
  }

  const dissolve = (): void => {
    if (!batch) return
    for (const entry of batch.entries) if (entry.state === 'sent') entry.state = 'waiting'
    queue.putBack(batch.entries)
    spent = batch.producer
    batch = undefined
  }

  const lane: Lane = {
    topic,
    partition,
    get length() {
      return queue.length + (batch?.entries.length ?? 0)
    },
    busy: false,
    resting: false,
    attempts: 0,
    get spent() {
      return spent
    },
    push: queue.push,
    next(current, fail) {
      // Who may no longer write must not have it sent again either; what is left is another batch then.
      if (batch?.entries.some((entry) => refusalOf(entry) !== undefined)) dissolve()
      batch ??= form(current, fail)
      return batch
    },
    written() {
      sequence = (batch?.sequence ?? 0) + (batch?.entries.length ?? 0)
      most = Math.min(batchRecords, most * 2)
      batch = undefined
    },
    halve() {
      const count = batch?.entries.length ?? 0
      if (count < 2) return false
      most = count >> 1
      dissolve()
      spent = undefined // the broker refused the batch, so its numbers are still free
      return true
    },
    dissolve,
    drop(all = false) {
      const entries = [...(batch?.entries ?? [])]
      batch = undefined
      for (let entry = all ? queue.shift() : undefined; entry; entry = queue.shift()) entries.push(entry)
      return entries
    },
    prune(fail) {
      const entries: Entry[] = []
      for (let entry = queue.shift(); entry; entry = queue.shift()) entries.push(entry)
      queue.putBack(wanted(entries, fail))
    },
  }
  return lane
}

const batchRecords = 1_000
const lastSequence = 0x7fffffff - batchRecords
const batchBytes = 900_000

/** Those that may still be written; the others are told why not. */
export const wanted = (entries: readonly Entry[], fail: (entry: Entry, error: Error) => void): readonly Entry[] =>
  entries.filter((entry) => {
    const refusal = refusalOf(entry)
    if (refusal) fail(entry, refusal)
    return refusal === undefined
  })

const refusalOf = (entry: Entry): Error | undefined => {
  if (entry.state === 'withdrawn') return new Error('withdrawn')
  try {
    entry.permit?.()
    return undefined
  } catch (error) {
    return error as Error
  }
}
