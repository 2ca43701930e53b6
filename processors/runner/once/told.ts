import type { LogLine, Outcome } from '../../../topology/words/run.ts'
import { offsetOf, problemAt } from '../language/problem.ts'
import { problemText } from '../language/told.ts'
import type { Ran } from './run-once.ts'

/** Lines of the log of a run, a line each. */
export const logText = (lines: readonly LogLine[]): string =>
  lines.map(({ level, message }) => `${level.padEnd(5)} ${harmless(message)}\n`).join('')

/** Without the characters by which a job, or a server that it asked, would command the terminal. */
const harmless = (text: string): string =>
  text.replace(/[\p{Cc}--[\t\n]]/gv, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** How a run ended, for a person: of an error where it is, the line with a mark, and what else is known of it. */
export const endText = ({ outcome, calls, ms }: Ran, job: Readonly<{ file: string; code: string }>): string => {
  const { status, exitCode } = outcome
  const called = calls.length === 0 ? '' : `, ${calls.length === 1 ? 'one call' : `${calls.length} calls`}`
  return `${harmless(errorText(outcome, job))}${status} in ${ms} ms${called}${exitCode === 0 ? '' : `, exit code ${exitCode}`}\n`
}

const errorText = ({ error }: Outcome, { file, code }: Readonly<{ file: string; code: string }>): string => {
  if (!error) return ''
  const { name, message, line, column, operation, details } = error
  const said = `${name}${operation === null ? '' : ` in ${operation}(…)`}: ${message}`
  const place = line === null ? undefined : offsetOf(code, { line, column: column ?? 1 })
  const told = place === undefined ? `${file}: ${said}\n` : problemText(file, problemAt(code, place, said))
  return details === null ? told : `${told}${JSON.stringify(details, null, 2)}\n`
}

/** The final state, as people read JSON; nothing where a run left none. */
export const stateText = ({ state }: Outcome): string =>
  state === null ? '' : `${JSON.stringify(JSON.parse(state), null, 2)}\n`

/** All of it, under the names that the API has for it. */
export const wholeText = ({ outcome, calls, ms }: Ran): string => {
  const { status, exitCode, error, state, log } = outcome
  const whole = {
    status,
    exit_code: exitCode,
    error,
    duration_ms: ms,
    calls,
    log,
    final_state: state && JSON.parse(state),
  }
  return `${JSON.stringify(whole, null, 2)}\n`
}
