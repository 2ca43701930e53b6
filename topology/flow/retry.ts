import { setTimeout as sleep } from 'node:timers/promises'
import { type Fault, isRetryable } from './fault.ts'

export type Retry = <T>(act: () => T | Promise<T>, signal: AbortSignal) => Promise<T>

/** Tries again for as long as it takes, but only for faults that are worth it. `onRetry` is told of each wait. */
export const retryFaults =
  (waitMs: (attempt: number) => number, onRetry: (error: Fault, attempt: number) => void = () => {}): Retry =>
  async (act, signal) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await act()
      } catch (error) {
        if (!isRetryable(error)) throw error
        onRetry(error, attempt)
        await sleep(waitMs(attempt), undefined, { signal })
      }
    }
  }

/** Exponential with full jitter: spreads the retries of many, so that they do not come back together. */
export const backoff =
  (firstMs: number, maxMs: number) =>
  (attempt: number): number =>
    spread(Math.min(maxMs, firstMs * 2 ** (attempt - 1)))

/** Full jitter: anything up to that. */
export const spread = (ms: number): number => Math.random() * ms
