import { isUtf8 } from 'node:buffer'
import type { RequestHead } from '../../topology/http.ts'

/**
 * The headers of a request that may be kept, shown to people and given to jobs. An allow-list: the usual ones and everything a sender may
 * name for itself, but nothing that looks like a secret, and nothing that would pass for one of ours.
 */
export const shownHeaders = (headers: RequestHead['headers']): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => allowed.test(name) && !secret.test(name) && !ours.test(name))
      .map(([name, value]) => [name, cleaned(String(value)).slice(0, maxLength)]),
  )

/** Node gives the bytes of a header one by one; most senders mean UTF-8. */
export const headerText = (value: string): string => {
  const bytes = Buffer.from(value, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : value
}

const cleaned = (value: string): string => headerText(value).replace(/[\r\n\0]/g, '')

const maxLength = 2_000

const usual =
  'accept|accept-language|content-type|content-length|date|from|host|idempotency-key|origin|referer|user-agent'
const allowed = new RegExp(`^(?:${usual}|traceparent|tracestate|forwarded|via|(?:x|ce|webhook|openrosa)-.{1,100})$`)
const secret = /auth|cookie|credential|csrf|key(?<!^idempotency-key)|otp|passw|secret|session|signature|token|xsrf/
const ours = /^x-meta-/
