import type { Outcome } from '../../../topology/words/run.ts'

/** Outcomes of runs that could not tell of their own end (`semantics.md` 7). */
export const timedOut = (timeoutMs: number): Outcome =>
  ended('killed', 2, { name: 'TimeoutError', message: `The job took more than ${timeoutMs} ms and did not yield` })

export const outOfMemory = (memoryMb: number): Outcome =>
  ended('killed', 134, { name: 'OOMError', message: `The job needed more memory than it may have (${memoryMb} MB)` })

/** The run took its process with it again and again; `message` says how. */
export const crashLoop = (message: string): Outcome =>
  ended('crashed', crashLoopCode, { name: 'CrashLoopError', message })

export const isCrashLoop = ({ status, exitCode }: Outcome): boolean =>
  status === 'crashed' && exitCode === crashLoopCode

/** Whether a run with this outcome, had when it was alone, may be why its process had died. One that only failed was a neighbour. */
export const mayHaveTaken = (outcome: Outcome): boolean => outcome.status === 'killed' || isCrashLoop(outcome)

const crashLoopCode = 4

/** The job, or its adaptor, cannot be run at all. */
export const notRunnable = ({ name, message, line = null, column = null }: NotRunnable): Outcome =>
  ended('crashed', 1, { name, message, line, column })

export type NotRunnable = Readonly<{
  name: 'SyntaxError' | 'ImportError'
  message: string
  line?: number | null
  column?: number | null
}>

/** An outcome without a state and a log. */
export const ended = (
  status: Outcome['status'],
  exitCode: number,
  error: Readonly<{ name: string; message: string; line?: number | null; column?: number | null }>,
): Outcome => ({
  status,
  exitCode,
  error: { line: null, column: null, operation: null, details: null, ...error },
  state: null,
  log: [],
})
