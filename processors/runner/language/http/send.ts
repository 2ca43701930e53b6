import type { HttpAnswer, HttpCall } from '../../egress/http-call.ts'
import type { RunHost } from '../host.ts'
import { Buffer } from '../web/buffer.ts'
import { mostRedirects, wireBody } from '../web/fetch.ts'
import type { URL } from '../web/url.ts'
import { type Address, addressOf } from './address.ts'
import { headersOf } from './answer-headers.ts'
import { cookiesOf } from './cookies.ts'
import { AdaptorError } from './failure.ts'
import { type ParseAs, readBody } from './read-body.ts'
import { type Headers, headerIn, withHeader, writtenBody } from './written-body.ts'

/** A request, all of it known. */
export type Request = Readonly<{
  method: string
  url: URL
  query: Readonly<Record<string, unknown>>
  headers: Headers
  body: unknown
  /** The Content-Type of text, and of what has none by itself; null: none but JSON's. */
  contentType: string | null
  errors: ErrorMap
  timeoutMs: number | null
  parseAs: ParseAs
  /** How many are followed; `refused`: an answer that redirects is an error. */
  redirects: number | 'refused'
  keepCookie: boolean
}>

/** Which answers are errors: none, or by status: yes, no, or yes with this message. Else 400 and above are. */
export type ErrorMap = false | Readonly<Record<string, unknown>>

/** An answer as a job sees it. Names of headers are in small letters; what came more than once is a list. */
export type Response = Readonly<{
  method: string
  url: string
  statusCode: number
  statusMessage: string
  headers: Readonly<Record<string, string | readonly string[]>>
  body: unknown
  /** In milliseconds. */
  duration: number
  query?: Readonly<Record<string, unknown>>
}>

/** Sends a request. Rejects with `AdaptorError`: the egress's own when there is no answer, ours when the answer is an error. */
export const send = async (host: RunHost, request: Request): Promise<Response> => {
  const began = Date.now()
  const address = addressOf(request.url, request.query)
  const answer = await host.http(callOf(host, request, address)).catch((error: Error) => {
    throw Object.assign(error, { method: request.method, url: address.shown, duration: Date.now() - began })
  })
  const facts = {
    method: request.method,
    url: address.given,
    statusCode: answer.status,
    statusMessage: answer.statusText,
    duration: Date.now() - began,
    headers: headersOf(answer.headers),
  }
  throwIfError(answer, request, { ...facts, url: address.shown })
  if (request.keepCookie) cookiesOf(host).keep(request.url, setCookies(answer))
  const query = Object.keys(address.query).length > 0 ? { query: address.query } : {}
  return { ...facts, ...query, body: readBody(answer, request.parseAs) }
}

const setCookies = ({ headers }: Pick<HttpAnswer, 'headers'>): readonly string[] =>
  headers.filter(([name]) => name.toLowerCase() === 'set-cookie').map(([, value]) => value)

const callOf = (host: RunHost, request: Request, { url }: Address): HttpCall => {
  const { method, redirects, timeoutMs } = request
  const { data, headers } = writtenBody(request)
  const cookie = cookiesOf(host).headerFor(request.url)
  const all = cookie && headerIn(headers, 'cookie') === undefined ? withHeader(headers, 'Cookie', cookie) : headers
  return {
    ...{ method, url, timeoutMs },
    headers: Object.entries(all).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)]),
    ),
    ...wireBody(data),
    redirects: redirects === 'refused' ? 0 : Math.min(redirects, mostRedirects),
  }
}

const throwIfError = (answer: HttpAnswer, request: Request, facts: Omit<Response, 'body'>): void => {
  const { errors, method } = request
  const { statusCode: status, url, statusMessage } = facts
  if (errors === false) return
  const said = errors[status]
  if (said || (said !== false && status >= 400)) {
    const full = { ...facts, body: readBody(answer, 'try-auto') }
    const own = typeof said === 'function' ? said(full) : said
    const message = typeof own === 'string' ? own : `${method} to ${url} returned ${status}: ${statusMessage}`
    throw new AdaptorError(`HTTP_${status}`, message, full)
  }
  if (request.redirects === 'refused' && redirects.has(status)) {
    const remedy = 'Set maxRedirections to follow it, or errors: false to take the answer as it is'
    throw new AdaptorError(`HTTP_${status}`, `${method} to ${url} was redirected (${status}). ${remedy}`, facts)
  }
  if (request.redirects !== 'refused' && request.redirects > 0 && redirects.has(status) && facts.headers['location'])
    throw new AdaptorError('TOO_MANY_REDIRECTS', `${method} to ${url} was redirected too often`, facts)
}

const redirects: ReadonlySet<number> = new Set([300, 301, 302, 303, 304, 305, 307, 308])

/** An `Authorization` header for a name and a password (RFC 7617), in UTF-8. */
export const basicAuth = (username: unknown, password: unknown): string =>
  `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
