import { CallFailure } from './call-failure.ts'

/** A signal that aborts with the run's own, or when the time of a call is over. */
export const timeLimit = (run: AbortSignal, ms: number): Disposable & Readonly<{ signal: AbortSignal }> => {
  const over = new AbortController()
  const end = (): void => over.abort(run.reason)
  const late = (): void => over.abort(new CallFailure('ETIMEDOUT', `There was no whole answer within ${ms} ms`))
  run.addEventListener('abort', end, { once: true })
  const timer = ms > 0 ? setTimeout(late, ms) : late()
  return {
    signal: over.signal,
    [Symbol.dispose]() {
      clearTimeout(timer ?? undefined)
      run.removeEventListener('abort', end)
    },
  }
}
