import type { Realm } from './realm-host.ts'

/**
 * Warm realms that wait for a job, because one takes longer to make than a run may wait. By memory, for a realm's limit cannot be changed later:
 * two of the usual size, and one of each size that jobs had lately.
 */
export type Spares = Readonly<{
  /** A warm one of this size, else a new one; another is made in its place, later. */
  take(memoryMb: number): Promise<Realm>
  /** Resolves when the first one is warm; rejects when it could not be made. */
  warm(): Promise<void>
  /** How many there are, also those that are still being made. */
  count(): number
}>

/** `later` calls when those who wait for a realm have had their first run: making one takes the process some milliseconds. */
export const openSpares = (
  make: (memoryMb: number) => Promise<Realm>,
  later: (work: () => void) => void = (work) => void setTimeout(work, laterMs),
): Spares => {
  const bySize = new Map<number, Promise<Realm>[]>() // the order is that of last use

  const refill = ({ memoryMb, waiting }: Shelf): void => {
    if (bySize.get(memoryMb) !== waiting || waiting.length >= (memoryMb === usualMb ? mostUsual : 1)) return
    const spare = make(memoryMb)
    waiting.push(spare)
    refillAfter(spare, { memoryMb, waiting })
  }

  const refillAfter = (made: Promise<Realm>, shelf: Shelf): void => {
    made.then(
      () => later(() => refill(shelf)),
      () => {},
    )
  }

  const forget = (memoryMb: number): void => {
    for (const spare of bySize.get(memoryMb) ?? [])
      spare.then(
        ({ dispose }) => dispose(),
        () => {},
      )
    bySize.delete(memoryMb)
  }

  const waitingOf = (memoryMb: number): Promise<Realm>[] => {
    const waiting = bySize.get(memoryMb) ?? []
    bySize.delete(memoryMb)
    bySize.set(memoryMb, waiting)
    const others = [...bySize.keys()].filter((size) => size !== usualMb)
    if (others.length > mostOtherSizes && others[0] !== undefined) forget(others[0])
    return waiting
  }

  refill({ memoryMb: usualMb, waiting: waitingOf(usualMb) })
  return {
    take(memoryMb) {
      const waiting = waitingOf(memoryMb)
      const realm = waiting.shift() ?? make(memoryMb)
      refillAfter(realm, { memoryMb, waiting })
      return realm
    },
    warm: async () => void (await bySize.get(usualMb)?.[0]),
    count: () => [...bySize.values()].reduce((sum, { length }) => sum + length, 0),
  }
}

type Shelf = Readonly<{ memoryMb: number; waiting: Promise<Realm>[] }>

const laterMs = 100

/** What a job has that does not say (`topology/project`). */
const usualMb = 128
const mostUsual = 2
const mostOtherSizes = 2
