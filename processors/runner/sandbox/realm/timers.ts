/** The timers of one run. They fire when the host gives the realm a turn, and end with the run. */
export type Timers = Readonly<{
  setTimeout(action: unknown, ms?: unknown, ...args: unknown[]): number
  setInterval(action: unknown, ms?: unknown, ...args: unknown[]): number
  clear(id: unknown): void
  /** When the next one is due, by `Date.now()`; Infinity when none waits. */
  due(): number
  /** Calls the first one that is due, if any. What it throws is thrown. */
  fire(now: number): boolean
  end(): void
}>

type Timer = Readonly<{ at: number; every: number | null; action: (...args: unknown[]) => unknown; args: unknown[] }>

export const openTimers = (): Timers => {
  const waiting = new Map<number, Timer>()
  let last = 0
  let ended = false

  const add = (action: unknown, ms: unknown, rest: Readonly<{ args: unknown[]; repeat: boolean }>): number => {
    if (typeof action !== 'function') throw new TypeError('a timer needs a function')
    const wait = Math.min(Math.max(Number(ms) || 0, rest.repeat ? 1 : 0), longest)
    const timer = {
      at: Date.now() + wait,
      every: rest.repeat ? wait : null,
      action: action as Timer['action'],
      args: rest.args,
    }
    if (!ended) waiting.set(++last, timer)
    return last
  }

  const first = (): readonly [number, Timer] | undefined => {
    let found: readonly [number, Timer] | undefined
    for (const entry of waiting) if (!found || entry[1].at < found[1].at) found = entry
    return found
  }

  return {
    setTimeout: (action, ms, ...args) => add(action, ms, { args, repeat: false }),
    setInterval: (action, ms, ...args) => add(action, ms, { args, repeat: true }),
    clear: (id) => void waiting.delete(Number(id)),
    due: () => (waiting.size === 0 ? Number.POSITIVE_INFINITY : (first()?.[1].at ?? Number.POSITIVE_INFINITY)),
    fire: (now) => {
      const next = first()
      if (!next || next[1].at > now) return false
      const [id, { every, action, args }] = next
      if (every === null) waiting.delete(id)
      else waiting.set(id, { ...next[1], at: now + every })
      action(...args)
      return true
    },
    end: () => {
      ended = true
      waiting.clear()
    },
  }
}

/** As in browsers and Node: what a 32-bit number of milliseconds holds. */
const longest = 2 ** 31 - 1
