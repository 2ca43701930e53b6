import { hash } from 'node:crypto'
import type { RunId } from '../../../topology/words/ids.ts'
import { type Traceparent, traceIdOf } from '../../../topology/words/trace.ts'
import { CallFailure } from './call-failure.ts'
import type { HttpCall } from './http-call.ts'

export type Header = readonly [name: string, value: string]

/** A call that can be sent: checked, its login moved out of the URL, with what the egress says itself. */
export type Request = Readonly<{ method: string; url: URL; headers: readonly Header[]; body: Buffer | null }>

export type RequestOptions = Readonly<{
  version: string
  run: RunId
  number: number
  traceparent: Traceparent
  maxBodyBytes: number
  maxHeaderBytes: number
}>

/**
 * The request that a call asks for. What the job says itself stays as it is; else it gets `User-Agent`, `Accept`, `Accept-Encoding`, `traceparent`
 * (a span of its own, made of run and number) and, whatever its method, `Idempotency-Key` (design.md 4). Headers about the connection and the
 * length are the egress's own business and dropped, for jobs often bring them along. Throws a CallFailure that names what is wrong.
 */
export const requestOf = (call: HttpCall, options: RequestOptions): Request => {
  const method = call.method.toUpperCase()
  if (!token.test(method) || unsent.has(method)) throw invalid('The method of a request must be one like GET or POST')
  const { url, login } = urlOf(call.url)
  const body = call.body === null ? null : Buffer.from(call.body, call.encoding)
  if ((body?.length ?? 0) > options.maxBodyBytes) {
    throw new CallFailure('REQUEST_TOO_LARGE', `The body of a request may have ${options.maxBodyBytes} bytes at most`)
  }
  const own = call.headers.flatMap((header) => headerOf(header, url))
  const headers = withDefaults(own, [...login, ...added(options)])
  if (sizeOf(headers) > options.maxHeaderBytes) {
    throw new CallFailure(
      'REQUEST_TOO_LARGE',
      `The headers of a request may have ${options.maxHeaderBytes} bytes at most`,
    )
  }
  return { method, url, headers, body }
}

/** An absolute URL of http or https, and the `Authorization` that its login stands for. */
export const urlOf = (written: string, base?: URL): Readonly<{ url: URL; login: readonly Header[] }> => {
  if (written.length > maxUrl) throw invalid(`The URL of a request may have ${maxUrl} characters at most`)
  const url = URL.parse(written, base?.href)
  if (!url) throw invalid('The URL of a request must be absolute, like https://api.example/items')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new CallFailure('EGRESS_REFUSED', `Only http and https can be called, not ${url.protocol}`)
  }
  const { username, password } = url
  url.username = url.password = url.hash = ''
  url.hostname = url.hostname.replace(/\.$/, '') // the root's dot, which certificates do not have
  if (username === '' && password === '') return { url, login: [] }
  const basic = Buffer.from(`${unescaped(username)}:${unescaped(password)}`).toString('base64')
  return { url, login: [['authorization', `Basic ${basic}`]] }
}

/** The headers, and of the others those whose names are not there yet. */
export const withDefaults = (headers: readonly Header[], others: readonly Header[]): readonly Header[] => {
  const there = new Set(headers.map(([name]) => name.toLowerCase()))
  return [...headers, ...others.filter(([name]) => !there.has(name))]
}

/** In characters. */
export const maxUrl = 65_536

const added = ({ version, run, number, traceparent }: RequestOptions): readonly Header[] => {
  const span = hash('sha256', `${run}:${number}`, 'hex').slice(0, 16)
  return [
    ['user-agent', `Penstock/${version}`],
    ['accept', '*/*'],
    ['accept-encoding', 'gzip, deflate, br'],
    ['idempotency-key', `${run}:${number}`],
    ['traceparent', `00-${traceIdOf(traceparent)}-${span}-${traceparent.slice(53, 55)}`],
  ]
}

const headerOf = ([name, value]: Header, url: URL): readonly Header[] => {
  const lower = name.toLowerCase()
  if (!token.test(name)) throw invalid('The name of a header has characters that HTTP does not allow')
  if (!sendable.test(value)) throw invalid(`The header ${name} has characters that HTTP cannot carry`)
  if (lower === 'host' && value.trim().toLowerCase() !== url.host) {
    throw invalid('The header Host must be the host of the URL: leave it out')
  }
  return dropped.has(lower) ? [] : [[name, value.trim()]]
}

const dropped: ReadonlySet<string> = new Set(
  'host connection keep-alive proxy-connection proxy-authenticate te trailer transfer-encoding upgrade content-length expect http2-settings'.split(
    ' ',
  ),
)
/** CONNECT and TRACE are for proxies and for looking at what they add (Fetch standard, forbidden methods). */
const unsent: ReadonlySet<string> = new Set(['CONNECT', 'TRACE', 'TRACK'])
const token = /^[\w!#$%&'*+.^`|~-]+$/
const sendable = /^[\t\x20-\x7e\x80-\xff]*$/

const sizeOf = (headers: readonly Header[]): number =>
  headers.reduce((size, [name, value]) => size + name.length + value.length + 4, 0)

const unescaped = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const invalid = (message: string): CallFailure => new CallFailure('INVALID_CALL', message)
