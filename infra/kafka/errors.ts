import { findErrorBy, ProtocolError, protocolErrors, protocolErrorsCodesById } from '@platformatic/kafka'
import { Fault } from '../../topology/flow/fault.ts'

/** Kafka's name of an error code: `NOT_LEADER_OR_FOLLOWER`; `NONE` for 0. */
export const codeName = (code: number): string =>
  code === 0 ? 'NONE' : (protocolErrorsCodesById[code] ?? `ERROR_${code}`)

/** The error that a code stands for, as the client throws it. */
export const errorOf = (code: string): Error =>
  code in protocolErrors ? new ProtocolError(code as keyof typeof protocolErrors) : new Error(code)

/** Whether the error, or one of those that it is made of, has one of these names. */
export const hasCode = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof Error && names.some((name) => findErrorBy(error, 'apiId', name) !== null)

/** The client throws an answer away when any part of it is an error; the answer is in the error, though, and its other parts are good. */
export const responseOf = <T>(error: unknown): T | undefined => {
  if (!(error instanceof Error)) return undefined
  if ('response' in error && error.response) return error.response as T
  const parts: readonly unknown[] = error instanceof AggregateError ? error.errors : []
  for (const part of parts) {
    const response = responseOf<T>(part)
    if (response) return response
  }
  return undefined
}

/** What went wrong with the brokers, as the fault that the house knows. */
export const unavailable = (cause: unknown, text = `Kafka: ${textOf(cause)}`): Fault =>
  cause instanceof Fault ? cause : new Fault('log-unavailable', text, { cause })

/** Trouble that no waiting here mends: what we may do is wrong. A login that is refused may be a broker's that has not heard of it yet. */
export const isHopeless = (error: unknown): boolean =>
  hasCode(error, 'GROUP_AUTHORIZATION_FAILED', 'TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED')

/** What of the cluster's we may not use, and who says what we need. */
export const forbidden = (error: unknown): Error =>
  new Error(`Kafka refuses: ${textOf(error)} penstock provision --print lists the rights that each role needs.`, {
    cause: error,
  })

/** The names of all that an error is made of: Kafka's, Node's, OpenSSL's; the text of what has none. */
export const codesOf = (error: unknown): readonly string[] => {
  if (!(error instanceof Error)) return []
  const { apiId, code } = error as Readonly<{ apiId?: string; code?: string }>
  const own = apiId ?? (code === undefined || code.startsWith('PLT_') ? error.message : code)
  const parts: readonly unknown[] = error instanceof AggregateError ? error.errors : []
  return [own, ...codesOf(error.cause), ...parts.flatMap(codesOf)]
}

/** The innermost reasons of an error, which the client wraps several times. */
export const textOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map(textOf))].join('; ').slice(0, 500)
  if (error instanceof Error) return error.cause instanceof Error ? textOf(error.cause) : error.message || error.name
  return String(error)
}
