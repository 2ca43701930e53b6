import { CallFailure } from './call-failure.ts'
import type { HttpCall } from './http-call.ts'

/** What came out of a realm, as a call or as the failure that it is: nothing is taken on trust that users' code may have made. */
export const parseCall = (asked: unknown): HttpCall | CallFailure =>
  isCall(asked)
    ? asked
    : new CallFailure('INVALID_CALL', 'A request must have method, url, headers, body, encoding, redirects')

const isCall = (asked: unknown): asked is HttpCall => {
  if (typeof asked !== 'object' || asked === null) return false
  const { method, url, headers, body, encoding, redirects, timeoutMs } = asked as Record<keyof HttpCall, unknown>
  return (
    typeof method === 'string' &&
    typeof url === 'string' &&
    Array.isArray(headers) &&
    headers.every(isHeader) &&
    (body === null || typeof body === 'string') &&
    (encoding === 'utf8' || encoding === 'base64') &&
    Number.isInteger(redirects) &&
    (timeoutMs === null || typeof timeoutMs === 'number')
  )
}

const isHeader = (pair: unknown): boolean =>
  Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string')
