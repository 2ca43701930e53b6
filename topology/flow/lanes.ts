/** Tasks of one key run one after another, in the order of the calls; keys do not wait for each other. */
export type Lanes = Readonly<{
  /** What the task comes to. A task that fails does not stop the next one of its lane. */
  run<T>(key: string, task: () => Promise<T>): Promise<T>
  /** How many lanes have work. */
  open(): number
}>

/** A lane is there while it has work, so memory does not grow with the keys that were ever seen. */
export const lanes = (): Lanes => {
  const ends = new Map<string, Promise<void>>()
  return {
    run(key, task) {
      const before = ends.get(key)
      const done = before ? before.then(task) : task()
      const end: Promise<void> = done.then(leave, leave)
      function leave() {
        if (ends.get(key) === end) ends.delete(key)
      }
      ends.set(key, end)
      return done
    },
    open: () => ends.size,
  }
}

/** A gate that many groups go through. */
export type FairGate = Readonly<{ run<T>(group: string, task: () => Promise<T>): Promise<T> }>

/**
 * Lets so many tasks run at once, the groups taking turns; the last `kept` places are only for groups that have no other, so that those who
 * keep theirs for long hold up nobody else.
 */
export const fairGate = ({ places, kept }: Readonly<{ places: number; kept: number }>): FairGate => {
  const inside = new Map<string, number>()
  const waiting = new Map<string, Set<() => void>>() // in the order of their turns
  let taken = 0

  const hasPlace = (group: string): boolean => taken < (inside.has(group) ? places - kept : places)
  const enter = (group: string): void => {
    taken++
    inside.set(group, (inside.get(group) ?? 0) + 1)
  }
  const wait = (group: string): Promise<void> =>
    new Promise((admit) => {
      const queue = waiting.get(group) ?? new Set()
      waiting.set(group, queue.add(admit))
    })
  const leave = (group: string): void => {
    taken--
    const left = (inside.get(group) ?? 0) - 1
    if (left > 0) inside.set(group, left)
    else inside.delete(group)
    // Two may come for one that goes: who is next, and who has none now.
    for (const [next, queue] of waiting) {
      if (taken === places) return
      if (!hasPlace(next)) continue
      const [admit] = queue
      waiting.delete(next)
      if (!admit) continue
      queue.delete(admit)
      if (queue.size > 0) waiting.set(next, queue)
      enter(next)
      admit()
    }
  }

  return {
    async run(group, task) {
      if (hasPlace(group)) enter(group)
      else await wait(group)
      try {
        return await task()
      } finally {
        leave(group)
      }
    },
  }
}

export type Gate = Readonly<{
  run<T>(task: () => Promise<T>): Promise<T>
  /** So many places from now on; whoever is inside stays. */
  resize(places: number): void
}>

/** Lets so many tasks run at once; the others wait, first come, first served. */
export const gate = (places: number): Gate => {
  let size = places
  let taken = 0
  const waiting = new Set<() => void>() // a queue: a set keeps the order, and its head is taken off in constant time

  const enter = (): Promise<void> | undefined => {
    if (taken >= size) return new Promise((admit) => waiting.add(admit))
    taken++
    return undefined
  }
  /** At once, so that nobody who comes later gets in between. */
  const admit = (): void => {
    for (const next of waiting) {
      if (taken >= size) return
      waiting.delete(next)
      taken++
      next()
    }
  }

  return {
    async run(task) {
      await enter()
      try {
        return await task()
      } finally {
        taken--
        admit()
      }
    },
    resize(places) {
      size = places
      admit()
    },
  }
}
