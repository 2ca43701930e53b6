import type { Job } from '../../topology/project/project.ts'
import { isJsonObject } from '../../topology/words/json.ts'
import type { Outcome, Tried } from '../../topology/words/run.ts'
import { isCrashLoop } from './sandbox/killed.ts'

export type Attempt = Readonly<{
  outcome: Outcome
  /** How often the run was started so far, and what came of it before this attempt. */
  starts: number
  tried: Tried | undefined
  now: number
  /** Makes of the longest wait the one that is taken. */
  spread: (ms: number) => number
}>

/**
 * When a run whose attempt came to this is tried again; undefined when it has ended (`semantics.md` 7). In place its waits add up to 15 minutes
 * at most, because others wait behind it, else to 3 days; a wait that would go beyond is not begun.
 */
export const nextTry = ({ retry, order }: Job, attempt: Attempt): Tried | undefined => {
  const { outcome, starts, tried, now, spread } = attempt
  const attempts = (tried?.attempts ?? 0) + 1
  if (attempts >= retry.attempts || !isWorthIt(retry.on, outcome)) return undefined
  const longest = retry.backoffMs[attempts - 1] ?? retry.backoffMs.at(-1) ?? 0
  const waitMs = Math.round(spread(longest))
  const waitedMs = (tried?.waitedMs ?? 0) + waitMs
  if (waitedMs > (order === 'none' ? mostElsewhereMs : mostInPlaceMs)) return undefined
  return { attempts, starts, waitedMs, dueAt: now + waitMs }
}

/** What a process died of is not tried again, whatever it is called, nor is what a person or nobody ended. */
const isWorthIt = (on: readonly string[] | null, outcome: Outcome): boolean => {
  const { status, error } = outcome
  if (!error || isCrashLoop(outcome) || status === 'cancelled' || status === 'unknown') return false
  if (on === null) return status === 'failed' || error.name === 'TimeoutError'
  const code = isJsonObject(error.details) ? error.details['code'] : undefined
  return on.includes(error.name) || (typeof code === 'string' && on.includes(code))
}

const mostInPlaceMs = 15 * 60_000
const mostElsewhereMs = 3 * 86_400_000
