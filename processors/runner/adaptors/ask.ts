import type { RunHost } from '../language/host.ts'
import { urlOf } from '../language/http/address.ts'
import { AdaptorError } from '../language/http/failure.ts'
import { logResponse } from '../language/http/log-response.ts'
import type { ParseAs } from '../language/http/read-body.ts'
import { type Response, send } from '../language/http/send.ts'
import type { Headers } from '../language/http/written-body.ts'

/** A request to a destination. `path` begins at `base`, and its parts are written as a URL wants them (`pathOf`). */
export type Ask = Readonly<{
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  base: string
  path: string
  query?: Readonly<Record<string, unknown>>
  headers: Headers
  /** Sent as JSON, unless it is text. */
  body?: unknown
  contentType?: string
  parseAs?: ParseAs
  /** Statuses that are errors beside 400 and above. */
  errors?: Readonly<Record<string, boolean>>
  keepCookie?: boolean
  /** Makes of the plain error of a status one that says what the destination said. */
  tell: (error: Refused) => Told
}>

/** The error of an answer's status, as `send` throws it; `body` is the answer as it was read. */
export type Refused = AdaptorError & Readonly<{ statusCode: number; body: unknown }>

/** What the destination said in its own words; `facts` are stored with the error. */
export type Told = Readonly<{ code: string; message: string; facts?: Readonly<Record<string, unknown>> }>

/** Asks a destination, and logs that it did: no query and no body, for there may be patients in it. Rejects with `AdaptorError`. */
export const ask = async (host: RunHost, request: Ask): Promise<Response> => {
  const { method, base, path, query = {}, headers, body, contentType = null, parseAs = 'try-auto' } = request
  const { errors = {}, keepCookie = false } = request
  try {
    const url = urlOf(path, base)
    const parts = { method, url, query, headers, body, contentType, errors, parseAs, keepCookie }
    return logResponse(host, await send(host, { ...parts, timeoutMs: null, redirects: 5 }))
  } catch (error) {
    if (!isRefused(error)) throw error instanceof Error ? logResponse(host, error) : error
    const said = request.tell(error)
    logResponse(host, toldError(error, { ...said, facts: {} }))
    throw toldError(error, said)
  }
}

/** A failure of a request that was answered, in the words of the destination. */
export const toldError = (
  { method, url, statusCode, statusMessage, duration }: Partial<Response>,
  { code, message, facts }: Told,
): AdaptorError => new AdaptorError(code, message, { method, url, statusCode, statusMessage, duration, ...facts })

const isRefused = (error: unknown): error is Refused =>
  error instanceof AdaptorError && typeof (error as Partial<Refused>).statusCode === 'number'

/** Parts of a path, each with its slashes kept and all else written as a URL wants it. What asks for something has its own place. */
export const pathOf = (...parts: readonly unknown[]): string => {
  const asking = parts.find((part) => String(part).includes('?'))
  if (asking !== undefined)
    throw new AdaptorError(
      'BAD_PATH',
      `${JSON.stringify(asking)} is a path with a query. Put what is behind the ? into query, the argument after the path`,
    )
  return parts
    .flatMap((part) => String(part).split('/'))
    .filter((part) => part !== '')
    .map(segmentOf)
    .join('/')
}

/** One part of a path, slashes and all. A URL would take `.` and `..` for a way to somewhere else, however they are written. */
export const segmentOf = (part: unknown): string => {
  const text = typeof part === 'string' || typeof part === 'number' ? String(part) : ''
  if (text !== '' && text !== '.' && text !== '..') return encodeURIComponent(text)
  throw new AdaptorError('BAD_PATH', `${JSON.stringify(part)} can be no part of an address`)
}
