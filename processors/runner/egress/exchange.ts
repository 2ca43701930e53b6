import { isUtf8 } from 'node:buffer'
import type { Pool } from 'undici'
import { readBody } from './body.ts'
import { CallFailure, failureOf } from './call-failure.ts'
import type { HttpAnswer } from './http-call.ts'
import type { Hold } from './places.ts'
import { hostOf, portOf } from './policy.ts'
import type { Pools } from './pools.ts'
import { redirectOf } from './redirect.ts'
import type { Header, Request } from './request.ts'

export type ExchangeOptions = Readonly<{
  pools: Pools
  /** All addresses of the URL's host, when the call may go to each of them; else it throws a CallFailure. */
  admit: (url: URL) => Promise<readonly string[]>
  /** How many redirects are followed; with none, a redirect is the answer. */
  redirects: number
  maxBodyBytes: number
  hold: Hold
  signal: AbortSignal
}>

/** What came of a request, and how large its body is in bytes. */
export type Exchanged = Readonly<{ answer: HttpAnswer; bytes: number }>

/** Sends a request and those that its redirects ask for. Each of them is admitted anew. Throws CallFailures and the signal's reason. */
export const exchange = async (first: Request, options: ExchangeOptions): Promise<Exchanged> => {
  let request = first
  for (let left = options.redirects; ; left--) {
    const came = await hop(request, options).catch((error: unknown) => {
      throw failureOf(error, { host: hostOf(request.url), port: portOf(request.url) })
    })
    if ('answer' in came) return came
    if (left === 0) throw new CallFailure('TOO_MANY_REDIRECTS', `There were more than ${options.redirects} redirects`)
    request = came.next
  }
}

const hop = async (request: Request, options: ExchangeOptions): Promise<Exchanged | Readonly<{ next: Request }>> => {
  const { pools, admit, redirects, signal } = options
  signal.throwIfAborted()
  const addresses = await admit(request.url)
  return pools.run({ origin: request.url.origin, addresses }, async (pool) => {
    const sent = await send(pool, request, signal)
    try {
      const next = redirects > 0 ? redirectOf(request, sent) : undefined
      if (!next) return await answerOf(sent, options)
      await sent.body.dump({ limit: 65_536, signal })
      return { next }
    } catch (error) {
      sent.body.destroy() // what nobody reads would hold up its connection for ever
      throw error
    }
  })
}

type Sent = Readonly<{ url: string; status: number; statusText: string; headers: readonly Header[]; body: Body }>
type Body = Awaited<ReturnType<Pool['request']>>['body']

const send = async (pool: Pool, { method, url, headers, body }: Request, signal: AbortSignal): Promise<Sent> => {
  const response = await pool.request({
    method: method as 'GET', // any token will do
    path: `${url.pathname}${url.search}`,
    headers: headers.flat(),
    body,
    responseHeaders: 'raw',
    signal,
  })
  response.body.on('error', () => {}) // told to whoever reads it, if somebody does
  const raw = response.headers as unknown as readonly string[]
  const pairs = raw.flatMap((name, at): readonly Header[] => (at % 2 ? [] : [[name.toLowerCase(), raw[at + 1] ?? '']]))
  const { statusCode: status, statusText } = response
  return { url: url.href, status, statusText, headers: pairs, body: response.body }
}

const answerOf = async (
  { url, status, statusText, headers, body }: Sent,
  options: ExchangeOptions,
): Promise<Exchanged> => {
  const codings = headers.flatMap(([name, value]) => (name === 'content-encoding' ? [value] : []))
  const { maxBodyBytes: maxBytes, hold } = options
  const bytes = await readBody(body, { encoding: codings.join(), maxBytes, hold })
  const encoding = isUtf8(bytes) && !swells(bytes) ? 'utf8' : 'base64'
  return {
    answer: { status, statusText, headers, url, body: bytes.toString(encoding), encoding },
    bytes: bytes.length,
  }
}

/** Whether a fifth of it are characters that JSON writes as six: base64 is shorter then. */
const swells = (text: Buffer): boolean => {
  let controls = 0
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] ?? 0
    if (byte < 0x08 || byte === 0x0b || (byte > 0x0d && byte < 0x20)) controls++
  }
  return controls * 5 > text.length
}
