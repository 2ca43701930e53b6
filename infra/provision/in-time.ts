import { backoff, retryFaults } from '../../topology/flow/retry.ts'
import { StartProblem } from '../start-problem.ts'

/** Tries for half a minute while something is away; then, or when trying is of no use, throws a StartProblem that says where and why. */
export const inTime = async <T>(where: string, act: () => Promise<T>, stop: AbortSignal): Promise<T> => {
  let last: unknown
  const retry = retryFaults(backoff(200, 2_000), (error) => {
    last = error
  })
  const late = AbortSignal.timeout(patienceMs)
  try {
    return await retry(act, AbortSignal.any([stop, late]))
  } catch (error) {
    stop.throwIfAborted()
    if (error instanceof StartProblem) throw error
    throw new StartProblem(`${where}: ${textOf(late.aborted ? (last ?? error) : error)}`, { cause: error })
  }
}

const patienceMs = 30_000

const textOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && !error.message.includes(error.cause.message)
    ? `${error.message} (${error.cause.message})`
    : error.message
}
