import { Fault } from '../../topology/flow/fault.ts'
import type { Delivery } from '../../topology/flow/ports.ts'
import type { Incoming, Outgoing } from '../../topology/words/record.ts'
import { placeKey } from './desk.ts'
import { type Hold, startsCommitted, untilLeaving } from './hold.ts'
import { pause } from './pause.ts'

/** Who writes what deliveries are settled with, and who may. */
export type Writing = Readonly<{
  /** Asked before each write, and when the work on a record begins: throws Fault `membership-lost` when this member may no longer own what it read. */
  permit: () => void
  /** Resolves when it can be known again who owns what; undefined when it is known. */
  unsure: () => Promise<void> | undefined
  write: (records: readonly Outgoing[], permit: () => void) => Promise<void>
  /** Commits what has begun and what is done; what is not taken then may be later. */
  commit: () => Promise<void>
}>

export type HandingOptions = Writing &
  Readonly<{
    /** The work on a record has begun, or is to begin again later. */
    onBegun: (hold: Hold) => void
    /** All that a record was settled with is acknowledged; the partition may be gone by now. */
    onDone: (hold: Hold, record: Incoming) => void
  }>

export type Handing = Readonly<{
  /** Puts a record of a partition into somebody's hand. */
  hand(hold: Hold, record: Incoming): Delivery
  /** Resolves when nothing is being written that a delivery was settled with. */
  settled(): Promise<void>
}>

export const openHanding = (options: HandingOptions): Handing => {
  const waiting: (() => void)[] = []
  let settling = 0

  const hand = (hold: Hold, record: Incoming): Delivery => {
    let settled: Promise<void> | undefined
    const needHeld = (): void => {
      if (hold.lost.signal.aborted) throw new Fault('membership-lost', `${placeKey(hold.place)} is somebody else's now`)
    }
    const permit = (): void => {
      needHeld()
      options.permit()
    }
    const write = async (steps: readonly (readonly Outgoing[])[]): Promise<void> => {
      if (steps.length === 0) permit()
      for (const step of steps) {
        const unsure = hold.retired ? undefined : options.unsure()
        if (unsure) await untilLeaving(hold, unsure)
        permit()
        await options.write(step, permit)
      }
    }
    const writeAll = async (steps: readonly (readonly Outgoing[])[]): Promise<void> => {
      settling++
      try {
        await write(steps)
      } finally {
        if (--settling === 0) for (const resolve of waiting.splice(0)) resolve()
      }
    }
    const settle = async (steps: readonly (readonly Outgoing[])[]): Promise<void> => {
      try {
        await writeAll(steps)
        options.onDone(hold, record)
      } catch (error) {
        settled = undefined // what could not be written may be tried again
        throw error
      }
    }
    // Who was stopped for long, and goes on before any clock of its own, must not do what others have done. In a rebalance no heartbeat
    // goes out, and that tells nothing: what comes of it is written when the group has settled, if at all.
    const permitBegin = (): void => {
      if (options.unsure()) needHeld()
      else permit()
    }
    return {
      record,
      lost: hold.lost.signal,
      begun: hold.mark.startsOf(record.offset),
      begin() {
        permitBegin()
        hold.mark.start(record.offset)
        options.onBegun(hold)
        return hold.mark.startsOf(record.offset)
      },
      async beginForGood() {
        permitBegin()
        hold.mark.startForGood(record.offset)
        options.onBegun(hold)
        const starts = hold.mark.startsOf(record.offset)
        for (;;) {
          await options.commit()
          permitBegin()
          if (startsCommitted(hold, record.offset) >= starts) return starts
          await pause(commitAgainMs)
        }
      },
      settle(steps = []) {
        settled ??= settle(steps)
        return settled
      },
      tried: hold.mark.triedOf(record.offset),
      async again(steps, tried) {
        await writeAll(steps)
        hold.mark.tryAgain(record.offset, tried)
        options.onBegun(hold)
      },
    }
  }

  return {
    hand,
    settled: () => (settling === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  }
}

const commitAgainMs = 20
