import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../topology/flow/ports.ts'
import { backoff } from '../topology/flow/retry.ts'
import type { Stop } from '../topology/flow/stop.ts'

/** How a part is doing, for readiness and `/api/info`. */
export type Health = Readonly<{
  role: string
  state: 'running' | 'restarting' | 'stopped'
  error: string | null
}>

/** Disposing drops what the parts have in hand and waits until they have ended. */
export type Keeper = AsyncDisposable &
  Readonly<{
    /** Runs the part, and again with backoff whenever it breaks, until the stop and until the part has come to its end. */
    keep(role: string, run: (stop: Stop) => Promise<void>): void
    /** Resolves when all parts have ended, which they do when they are stopped. */
    ended(): Promise<void>
    health(): readonly Health[]
  }>

export type KeeperOptions = Readonly<{
  stop: Stop
  logger: Logger
  /** Told of each break, for the metrics. */
  onBreak?: (role: string) => void
  /** How long to wait after so many breaks in a row, in milliseconds. */
  wait?: (breaks: number) => number
  /** A part that ran for so long before it broke begins the row anew. */
  calmMs?: number
}>

/** A part that cannot go on ends and is started again, visibly: better than to live on half dead. */
export const openKeeper = (options: KeeperOptions): Keeper => {
  const { stop: asked, logger, onBreak = () => {}, wait = backoff(500, 30_000), calmMs = 60_000 } = options
  const closing = new AbortController()
  const stop: Stop = {
    reading: AbortSignal.any([asked.reading, closing.signal]),
    working: AbortSignal.any([asked.working, closing.signal]),
  }
  const roles = new Map<string, Health>()
  const running: Promise<void>[] = []
  const set = (role: string, state: Health['state'], error: string | null = null) =>
    roles.set(role, { role, state, error })

  const isStop = (error: unknown): boolean =>
    error === stop.reading.reason ||
    error === stop.working.reason ||
    (error instanceof Error && error.name === 'AbortError')

  const keep = async (role: string, run: (stop: Stop) => Promise<void>): Promise<void> => {
    for (let attempt = 1; !stop.reading.aborted; attempt++) {
      const startedAt = performance.now()
      set(role, 'running')
      try {
        await run(stop)
        if (!stop.reading.aborted) throw new Error('ended without being told to')
      } catch (error) {
        if (stop.reading.aborted) {
          if (!isStop(error)) logger.error({ role, error }, `${role} broke while it was stopping`)
          break
        }
        onBreak(role)
        set(role, 'restarting', error instanceof Error ? error.message : String(error))
        logger.error({ role, error, attempt }, `${role} broke and is started again`)
        if (performance.now() - startedAt > calmMs) attempt = 1
        await sleep(wait(attempt), undefined, { signal: stop.reading }).catch(() => {}) // stopped while waiting: the loop ends
      }
    }
    set(role, 'stopped')
  }
  const ended = async (): Promise<void> => void (await Promise.all(running))

  return {
    keep: (role, run) => void running.push(keep(role, run)),
    ended,
    health: () => [...roles.values()],
    async [Symbol.asyncDispose]() {
      closing.abort(new Error('closing'))
      await ended()
    },
  }
}
