import { AbortController, type AbortSignal } from './abort.ts'
import { Body, contentIn, contentOf } from './body.ts'
import { Headers, type HeadersLike } from './headers.ts'
import { URL } from './url.ts'

export type RequestInit = Readonly<{
  method?: string
  headers?: HeadersLike
  body?: unknown
  redirect?: 'follow' | 'error' | 'manual'
  signal?: AbortSignal | null
}>

/** A request as `fetch` takes it. What belongs to browsers only (mode, credentials, cache) is not there. */
export class Request extends Body {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly redirect: 'follow' | 'error' | 'manual'
  readonly signal: AbortSignal

  constructor(input: string | URL | Request, init: RequestInit = {}) {
    const given = input instanceof Request ? input : null
    if (given?.bodyUsed && init.body === undefined) throw new TypeError('The body of the request was read before')
    const method = methodOf(init.method ?? given?.method ?? 'GET')
    const content = init.body === undefined ? given && contentIn(given) : contentOf(init.body)
    if (content && (method === 'GET' || method === 'HEAD')) throw new TypeError(`A ${method} request has no body`)
    super(content)
    this.method = method
    this.url = given?.url ?? absolute(String(input))
    this.headers = new Headers(init.headers ?? given?.headers)
    if (content?.type && !this.headers.has('content-type')) this.headers.set('content-type', content.type)
    this.redirect = init.redirect ?? given?.redirect ?? 'follow'
    this.signal = init.signal ?? given?.signal ?? new AbortController().signal
  }

  clone(): Request {
    return new Request(this)
  }
}

/** The usual names are the same in small letters, others are not (Fetch Standard, "normalize a method"). */
const methodOf = (method: string): string => {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method)) throw new TypeError(`"${method}" is no HTTP method`)
  return /^(delete|get|head|options|post|put|patch)$/i.test(method) ? method.toUpperCase() : method
}

const absolute = (text: string): string => {
  const url = URL.parse(text)
  if (!url) throw new TypeError(`"${text.replace(/^(.{200}).+$/s, '$1…')}" is no absolute URL. Begin it with https://`)
  if (url.username || url.password)
    throw new TypeError('A URL with a password in it is refused. Put an Authorization header instead')
  return url.href
}
