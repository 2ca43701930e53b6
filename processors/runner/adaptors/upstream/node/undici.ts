import type { HttpAnswer, HttpCall } from '../../../egress/http-call.ts'
import { refuseCertificates } from './certificates.ts'
import { type Answered, answered } from './undici-answer.ts'
import { type Sent, sent } from './undici-body.ts'

/** What adaptors use of `undici`, on the run's one way out. Connections, pools and interceptors are the egress's business. */
export const { fetch, FormData, Headers, Request, Response, File } = globalThis

export type RequestOptions = Readonly<{
  origin?: string | URL
  path?: string
  query?: object
  method?: string
  headers?: unknown
  body?: unknown
  maxRedirections?: number
  headersTimeout?: number
  bodyTimeout?: number
  signal?: AbortSignal | null
  throwOnError?: boolean
  dispatcher?: Dispatcher
}>

declare const $http: (call: HttpCall) => Promise<HttpAnswer>

/** A request to a URL; `path` and `query` in the options add to it. */
export const request = async (url: string | URL | RequestOptions, options: RequestOptions = {}): Promise<Answered> => {
  const given = typeof url === 'string' || url instanceof URL ? { ...options, url: String(url) } : url
  const call = await callOf(given, given.dispatcher?.settings ?? {})
  given.signal?.throwIfAborted()
  return answered(await unlessAborted($http(call), given.signal))
}

type Settings = Readonly<{ origin?: string; maxRedirections?: number }>

/** An agent, a pool, a client: whatever it is called, it sends requests. */
export class Dispatcher {
  readonly settings: Settings

  constructor(first?: unknown, second?: unknown) {
    const isOrigin = typeof first === 'string' || first instanceof URL
    const { connect, maxRedirections } = ((isOrigin ? second : first) ?? {}) as Record<string, unknown>
    refuseCertificates(connect)
    this.settings = {
      ...(isOrigin ? { origin: new URL(first).origin } : {}),
      ...(typeof maxRedirections === 'number' ? { maxRedirections } : {}),
    }
  }

  request(options: RequestOptions): Promise<Answered> {
    return request({ ...options, dispatcher: this })
  }

  /** Of the interceptors only `redirect` says something that is not done anyway. */
  compose(...interceptors: unknown[]): Dispatcher {
    const told = interceptors.flat().map((one) => (one as { settings?: Settings } | null)?.settings ?? {})
    return Object.assign(new Dispatcher(), { settings: Object.assign({}, this.settings, ...told) })
  }

  async close(): Promise<void> {}
  async destroy(): Promise<void> {}
  on(): this {
    return this
  }
}
export {
  Dispatcher as Agent,
  Dispatcher as Client,
  Dispatcher as EnvHttpProxyAgent,
  Dispatcher as Pool,
  Dispatcher as RetryAgent,
}

const passing = (): object => ({})
export const interceptors: object = {
  ...{ decompress: passing, dns: passing, dump: passing, responseError: passing, retry: passing, cache: passing },
  redirect: ({ maxRedirections }: Settings = {}) => ({ settings: maxRedirections ? { maxRedirections } : {} }),
}

let usual: Dispatcher | undefined
export const setGlobalDispatcher = (): void => {}
export const getGlobalDispatcher = (): Dispatcher => (usual ??= new Dispatcher())

/** What imitates servers in tests. */
export class MockAgent {
  constructor() {
    throw new Error('undici.MockAgent is not available in a job: its requests are made. Set test_mode to make none')
  }
}
export { MockAgent as MockClient, MockAgent as MockPool, MockAgent as ProxyAgent }
export const errors: object = {}

const callOf = async (options: RequestOptions & Readonly<{ url?: string }>, settings: Settings): Promise<HttpCall> => {
  const { method = 'GET', headersTimeout, bodyTimeout } = options
  const url = new URL(
    options.path ?? options.url ?? '/',
    String(options.url ?? options.origin ?? settings.origin ?? ''),
  )
  for (const [name, value] of Object.entries(options.query ?? {}))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) url.searchParams.append(name, one === null ? '' : String(one))
  const { type, ...body }: Sent = await sent(options.body)
  const headers = headersIn(options.headers)
  const named = headers.some(([name]) => name.toLowerCase() === 'content-type')
  return {
    ...{ method: method.toUpperCase(), url: url.href, ...body },
    headers: type !== null && !named ? [...headers, ['content-type', type]] : headers,
    redirects: Math.min(mostRedirects, options.maxRedirections ?? settings.maxRedirections ?? 0),
    timeoutMs: Math.max(headersTimeout ?? 0, bodyTimeout ?? 0) || null,
  }
}

/** `semantics.md` 7. */
const mostRedirects = 5

/** An object, pairs, or names and values by turns. */
const headersIn = (headers: unknown): (readonly [string, string])[] => {
  if (typeof headers !== 'object' || headers === null) return []
  const list: unknown[] = Symbol.iterator in headers ? [...(headers as Iterable<unknown>)] : Object.entries(headers)
  const pairs = Array.isArray(list[0])
    ? (list as [unknown, unknown][])
    : Array.from({ length: list.length / 2 }, (_, at) => [list[at * 2], list[at * 2 + 1]] as const)
  return pairs.flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((one) => one !== undefined && one !== null)
      .map((one): readonly [string, string] => [String(name), String(one)]),
  )
}

const unlessAborted = <T>(answer: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> =>
  new Promise((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    answer.then(resolve, reject)
  })
