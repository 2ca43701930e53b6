import { CallFailure, failureOf } from '../call-failure.ts'
import type { SqlFacts } from './sql-call.ts'

/**
 * What is said of an error of the driver: PostgreSQL's own words, with its code (SQLSTATE) and what it names; else that the login failed, for the
 * driver has no other errors without a code. None of them holds the password.
 */
export const failureIn = (error: unknown, host: string): CallFailure => {
  if (error instanceof CallFailure) return error
  if (!(error instanceof Error)) return new CallFailure('EGRESS_FAILED', `${host} could not be asked`)
  if (isOfServer(error)) return new CallFailure(error.code, textOf(error.message), factsIn(error))
  if ('code' in error) return failureOf(error, host)
  return new CallFailure('LOGIN_FAILED', `${host} could not be logged in to: ${textOf(error.message)}`)
}

type OfServer = Error & Readonly<{ code: string } & Record<string, unknown>>

const isOfServer = (error: Error): error is OfServer =>
  'severity' in error && 'code' in error && typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code)

const factsIn = (error: OfServer): SqlFacts => {
  const texts = named.flatMap((name) => (typeof error[name] === 'string' ? [[name, textOf(error[name])]] : []))
  const position = Number(error['position'])
  return { ...Object.fromEntries(texts), ...(position > 0 && { position }) }
}

const named = ['severity', 'detail', 'hint', 'schema', 'table', 'column', 'dataType', 'constraint'] as const

const textOf = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}…` : text)

/** In characters; a server may write what it likes. */
const longest = 2_000
