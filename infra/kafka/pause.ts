import { setTimeout as sleep } from 'node:timers/promises'

/** Waits so many milliseconds, or until the signal aborts. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  sleep(ms, undefined, signal && { signal }).catch(() => {})

/** Waits for the promise, but not longer than this. */
export const within = async (ms: number, promise: Promise<unknown>): Promise<void> => {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, ms)
  await Promise.race([promise, late.promise])
  clearTimeout(timer)
}
