/** Times by which things have to be over. One timer looks at all of them, so that each costs next to nothing. */
export type Deadlines<T> = Readonly<{
  put(item: T, withinMs: number): void
  /** It is over. */
  out(item: T): void
}>

/** Calls `late` with what is not over in time, at most `everyMs` later than that. */
export const openDeadlines = <T>(late: (item: T) => void, everyMs = 50): Deadlines<T> => {
  const times = new Map<T, number>()
  let looking = false

  const look = (): void => {
    const now = performance.now()
    for (const [item, time] of times) {
      if (time > now) continue
      times.delete(item)
      late(item)
    }
    looking = times.size > 0
    if (looking) setTimeout(look, everyMs)
  }

  return {
    put(item, withinMs) {
      times.set(item, performance.now() + withinMs)
      if (looking) return
      looking = true
      setTimeout(look, everyMs)
    },
    out: (item) => void times.delete(item),
  }
}
