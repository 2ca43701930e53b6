import type { Job } from '../../../topology/project/project.ts'
import { type Child, type ChildEnd, closedError, startChild } from './child-process.ts'
import type { Niceness } from './spawn-child.ts'

/** All child processes of a sandbox: watches their memory and their silence, and leaves none behind. */
export type Fleet = Readonly<{
  /** One for runs that are to be alone. */
  start(): Child
  /** One that is warm already, if it can be, for runs that nobody is to blame for; then another is made warm, to be the next. */
  next(): Child
  /** Makes sure that the watch is on; it ends by itself when nothing runs. */
  watch(): void
  /** Told of a child that is not to be kept: it has grown too large, or an isolate in it does not end. */
  onUnfit(listener: (child: Child) => void): void
  /** What it consists of now. */
  state(): SandboxState
  isClosed(): boolean
  close(): Promise<void>
}>

/** `memoryBytes`: of all processes together. `loaded`, `spare`: isolates, as the processes last said. */
export type SandboxState = Readonly<{ children: number; memoryBytes: number; loaded: number; spare: number }>

export type FleetOptions = Readonly<{
  script: string
  maxRssMb: number
  baseRssMb: number
  recycleRssMb: number
  silenceMs: number
  onChildEnd: (why: ChildEnd) => void
  /** Told of a job that made its process unfit. */
  onStuck: (job: Job) => void
}>

export const openFleet = (options: FleetOptions): Fleet => {
  const { script, recycleRssMb, silenceMs, onChildEnd, onStuck, ...limits } = options
  const quietChecks = Math.ceil(silenceMs / checkMs)
  const children = new Set<Child>()
  const largeFor = new WeakMap<Child, number>()
  const listeners: ((child: Child) => void)[] = []
  let timer: NodeJS.Timeout | undefined
  let spare: Child | undefined
  let closed = false
  let idle = 0

  const tellUnfit = (child: Child): void => {
    for (const listener of listeners) listener(child)
  }

  const check = (): void => {
    let running = 0
    for (const child of children) {
      const rssMb = child.check({ ...limits, quietChecks }) / 2 ** 20
      const large = rssMb > recycleRssMb ? (largeFor.get(child) ?? 0) + 1 : 0
      largeFor.set(child, large)
      if (large > largeChecks && child.isAlive()) tellUnfit(child)
      running += child.size()
    }
    idle = running > 0 ? 0 : idle + 1
    if (idle < idleChecks) return
    clearInterval(timer)
    timer = undefined
  }

  const start = (nice: Niceness): Child => {
    if (closed) throw closedError()
    const child: Child = startChild(script, {
      nice,
      onStuck: (job) => {
        onStuck(job)
        if (!closed) tellUnfit(child)
      },
    })
    children.add(child)
    void child.ended.then((why) => {
      children.delete(child)
      onChildEnd(why)
    })
    return child
  }

  const makeSpare = (): void => {
    if (!closed) spare ??= start(0)
  }

  return {
    start: () => start(19),
    next: () => {
      const child = spare?.isAlive() ? spare : start(0)
      spare = undefined
      child.ready.then(makeSpare, () => {})
      return child
    },
    watch: () => {
      idle = 0
      timer ??= setInterval(check, checkMs)
    },
    onUnfit: (listener) => {
      listeners.push(listener)
    },
    state: () => {
      const sum = (of: (child: Child) => number) => [...children].reduce((all, child) => all + of(child), 0)
      return {
        children: children.size,
        memoryBytes: sum((child) => child.memory()),
        loaded: sum((child) => child.isolates().loaded),
        spare: sum((child) => child.isolates().spare),
      }
    },
    isClosed: () => closed,
    close: async () => {
      closed = true
      clearInterval(timer)
      for (const child of children) child.kill('closed')
      await Promise.all([...children].map((child) => child.ended))
    },
  }
}

/** Memory can grow by a gigabyte a second. */
const checkMs = 100
/** For how long memory stays that no run can be blamed for any more: a new process has to make all isolates anew, which others notice. */
const largeChecks = 30
/** How long the watch goes on when no run does: an isolate that was disposed may still take memory. */
const idleChecks = 50
