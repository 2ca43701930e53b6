import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../topology/flow/ports.ts'
import { backoff } from '../topology/flow/retry.ts'
import type { Stop } from '../topology/flow/stop.ts'

/** How a part is doing, for readiness and `/api/info`. */
export type Health = Readonly<{
  role: string
  state: 'starting' | 'running' | 'restarting' | 'stopped'
  error: string | null
}>

export type Keeper = Readonly<{
  /** Runs the part, and again with backoff whenever it breaks, until `stop.reading` aborts and the part has come to its end. */
  keep(role: string, run: (stop: Stop) => Promise<void>): Promise<void>
  health(): readonly Health[]
}>

/** A part that cannot go on ends and is started again, visibly: better than to live on half dead. */
export const openKeeper = ({ stop, logger }: Readonly<{ stop: Stop; logger: Logger }>): Keeper => {
  const roles = new Map<string, Health>()
  const set = (role: string, state: Health['state'], error: string | null = null) =>
    roles.set(role, { role, state, error })

  const keep = async (role: string, run: (stop: Stop) => Promise<void>): Promise<void> => {
    for (let attempt = 1; !stop.reading.aborted; attempt++) {
      const startedAt = performance.now()
      set(role, 'running')
      try {
        await run(stop)
        if (!stop.reading.aborted) throw new Error('ended without being told to')
      } catch (error) {
        if (stop.reading.aborted) break
        set(role, 'restarting', error instanceof Error ? error.message : String(error))
        logger.error({ role, err: error, attempt }, `${role} broke and is started again`)
        if (performance.now() - startedAt > calmMs) attempt = 1
        await sleep(wait(attempt), undefined, { signal: stop.reading }).catch(() => {}) // stopped while waiting: the loop ends
      }
    }
    set(role, 'stopped')
  }

  return { keep, health: () => [...roles.values()] }
}

const wait = backoff(500, 30_000)
/** A part that ran for so long before it broke begins the backoff anew. */
const calmMs = 60_000
