import { readdirSync, readFileSync } from 'node:fs'
import { setPriority } from 'node:os'

/**
 * Looks at the threads of this process, in which isolates run and V8 collects their garbage. To be called often while some isolate has been
 * `busy` for long, and once when none is.
 */
export type LookAtThreads = (busy: boolean) => void

/**
 * Puts a thread that works without a pause behind all others, until it rests: a run in an isolate that loops must not keep those of other
 * isolates waiting for a processor. On Linux only, and only where this process may raise what it has lowered (root, `CAP_SYS_NICE`, or a
 * limit `nice` of 20): a thread that stayed behind would later be slow for somebody else.
 */
export const openThreads = (): LookAtThreads => (mayRaise() ? openWatch() : () => {})

const openWatch = (): LookAtThreads => {
  const known = new Map<string, Thread>()
  let lookedAt: number | undefined

  return (busy) => {
    if (!busy) {
      for (const [id, thread] of known) if (thread.behind) move(id, { thread, behind: false })
      lookedAt = undefined
      return
    }
    const now = performance.now()
    const since = lookedAt === undefined ? undefined : now - lookedAt
    lookedAt = now
    for (const id of readdirSync(tasks)) {
      if (id === main) continue
      const wantedMs = wantedMsOf(id)
      const thread = known.get(id)
      if (thread === undefined || since === undefined) {
        known.set(id, { wantedMs, behind: thread?.behind ?? false })
        continue
      }
      const share = (wantedMs - thread.wantedMs) / since
      thread.wantedMs = wantedMs
      if (share > restless && !thread.behind) move(id, { thread, behind: true })
      else if (share < resting && thread.behind) move(id, { thread, behind: false })
    }
  }
}

type Thread = { wantedMs: number; behind: boolean }

const move = (id: string, { thread, behind }: Readonly<{ thread: Thread; behind: boolean }>): void => {
  thread.behind = behind
  try {
    setPriority(Number(id), behind ? lowest : ordinary) // Linux: of the thread alone
  } catch {} // it has ended meanwhile
}

/** How long it ran, and how long it waited for a processor (proc(5), `schedstat`, in nanoseconds): in all, how long it wanted to run. */
const wantedMsOf = (id: string): number => {
  try {
    const [ran = 0, waited = 0] = readFileSync(`${tasks}/${id}/schedstat`, 'latin1').split(' ').map(Number)
    return (ran + waited) / 1e6
  } catch {
    return 0 // it has ended
  }
}

const mayRaise = (): boolean => {
  try {
    readFileSync(`${tasks}/${main}/schedstat`)
    setPriority(1)
    setPriority(ordinary)
    return true
  } catch {
    return false
  }
}

const tasks = '/proc/self/task'
const main = String(process.pid)
const [ordinary, lowest] = [0, 19]
/** Parts of the time between two looks in which a thread wanted to run. */
const [restless, resting] = [0.85, 0.5]
