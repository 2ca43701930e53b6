import { CallFailure } from '../call-failure.ts'
import { notPostgresql } from './messages.ts'
import type { SqlFacts } from './sql-call.ts'

/** What is said of an error of the driver: PostgreSQL's own words, with its code (SQLSTATE) and what it names. Never throws. */
export const failureIn = (error: unknown, host: string): CallFailure =>
  isOfServer(error) ? new CallFailure(error.code, textOf(error.message), factsIn(error)) : notPostgresql(host)

/** The same for a login, of which the driver has something to say itself. None of it holds the password. */
export const loginFailureIn = (error: unknown, host: string): CallFailure =>
  error instanceof Error && !isOfServer(error)
    ? new CallFailure('LOGIN_FAILED', `${host} could not be logged in to: ${textOf(error.message)}`)
    : failureIn(error, host)

type OfServer = Error & Readonly<{ code: string } & Record<string, unknown>>

const isOfServer = (error: unknown): error is OfServer =>
  error instanceof Error &&
  'severity' in error &&
  'code' in error &&
  typeof error.code === 'string' &&
  /^[0-9A-Z]{5}$/.test(error.code)

const factsIn = (error: OfServer): SqlFacts => {
  const texts = named.flatMap((name) => (typeof error[name] === 'string' ? [[name, textOf(error[name])]] : []))
  const position = Number(error['position'])
  return { ...Object.fromEntries(texts), ...(position > 0 && { position }) }
}

const named = ['severity', 'detail', 'hint', 'schema', 'table', 'column', 'dataType', 'constraint'] as const

const textOf = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}…` : text)

/** In characters; a server may write what it likes. */
const longest = 2_000
