import { isUtf8 } from 'node:buffer'
import type { RequestHead } from '../../topology/http.ts'
import { ofFew } from './of-few.ts'

/**
 * The headers of a request that may be kept, shown to people and given to jobs. An allow-list: the usual ones and everything a sender may
 * name for itself, but nothing that looks like a secret, and nothing that would pass for one of ours.
 */
export const shownHeaders = (headers: RequestHead['headers']): Readonly<Record<string, string>> => {
  const shown: Record<string, string> = {}
  for (const name in headers) if (isShown(name)) shown[name] = cleaned(String(headers[name])).slice(0, maxLength)
  return shown
}

/** Node gives the bytes of a header one by one; most senders mean UTF-8. */
export const headerText = (value: string): string => {
  if (!beyondAscii.test(value)) return value // nearly always
  const bytes = Buffer.from(value, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : value
}

const cleaned = (value: string): string => (plain.test(value) ? value : headerText(value).replace(/[\r\n\0]/g, ''))

const plain = /^[ -~]*$/
const beyondAscii = /[\u0080-\uffff]/
const maxLength = 2_000

const isShown = ofFew((name) => allowed.test(name) && !secret.test(name) && !ours.test(name))

const usual =
  'accept|accept-language|content-type|content-length|date|from|host|idempotency-key|origin|referer|user-agent'
const allowed = new RegExp(`^(?:${usual}|traceparent|tracestate|forwarded|via|(?:x|ce|webhook|openrosa)-.{1,100})$`)
const secret = /auth|cookie|credential|csrf|key(?<!^idempotency-key)|otp|passw|secret|session|signature|token|xsrf/
const ours = /^x-meta-/
