import type { BodyEncoding, HttpAnswer, HttpCall } from '../../egress/http-call.ts'
import type { RunHost } from '../host.ts'
import type { AbortSignal } from './abort.ts'
import { bytesOf } from './blob.ts'
import { contentIn } from './body.ts'
import { Buffer } from './buffer.ts'
import { Headers } from './headers.ts'
import { Request, type RequestInit } from './request.ts'
import { type Response, received } from './response.ts'
import type { URL } from './url.ts'

/**
 * `fetch` of a run. Rejects with the egress's own error (`code`, `message`) when there is no answer; follows five redirects at most. A signal
 * ends the waiting, not the call.
 */
export const fetchOf =
  ({ http }: Pick<RunHost, 'http'>): ((input: string | URL | Request, init?: RequestInit) => Promise<Response>) =>
  async (input, init) => {
    const request = new Request(input, init)
    request.signal.throwIfAborted()
    const answer = await unlessAborted(http(callOf(request)), request.signal)
    const redirect = answer.status >= 300 && answer.status <= 399 && answer.status !== 304
    if (redirect && request.redirect === 'error') throw new TypeError(`fetch was redirected by ${request.url}`)
    const { status, statusText, url } = answer
    const headers = new Headers(answer.headers)
    const data = answer.encoding === 'base64' ? bytesOf(Buffer.from(answer.body, 'base64')) : answer.body
    const type = headers.get('content-type')
    return received(
      { data, type },
      { status, statusText, headers, url, type: 'basic', redirected: url !== request.url },
    )
  }

const callOf = (request: Request): HttpCall => ({
  method: request.method,
  url: request.url,
  headers: [...request.headers],
  ...wireBody(contentIn(request)?.data ?? null),
  redirects: request.redirect === 'follow' ? mostRedirects : 0,
  timeoutMs: null,
})

/** A body as a call carries it. */
export const wireBody = (
  data: string | Uint8Array | null,
): Readonly<{ body: string | null; encoding: BodyEncoding }> =>
  data === null || typeof data === 'string'
    ? { body: data, encoding: 'utf8' }
    : {
        body: Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength).toString('base64'),
        encoding: 'base64',
      }

/** `semantics.md` 7. */
export const mostRedirects = 5

const unlessAborted = (answer: Promise<HttpAnswer>, signal: AbortSignal): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
