import { Body, type Content, contentIn, contentOf } from './body.ts'
import { Headers, type HeadersLike } from './headers.ts'

export type ResponseInit = Readonly<{ status?: number; statusText?: string; headers?: HeadersLike }>

/** What a server answered, or a job's own making of one. */
export class Response extends Body {
  readonly status: number
  readonly statusText: string
  readonly headers: Headers
  readonly type: string = 'default'
  /** Where the answer came from, after redirects; empty when a job made it. */
  readonly url: string = ''
  readonly redirected: boolean = false

  constructor(body?: unknown, { status = 200, statusText = '', headers }: ResponseInit = {}) {
    if (!Number.isInteger(status) || status < 200 || status > 599)
      throw new RangeError(`The status of a response is a number from 200 to 599, not ${status}`)
    const content = contentOf(body)
    super(content)
    this.status = status
    this.statusText = statusText
    this.headers = new Headers(headers)
    if (content?.type && !this.headers.has('content-type')) this.headers.set('content-type', content.type)
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299
  }

  clone(): Response {
    if (this.bodyUsed) throw new TypeError('The body of the response was read before')
    return received(contentIn(this), this)
  }

  static json(data: unknown, init: ResponseInit = {}): Response {
    const headers = new Headers(init.headers)
    if (!headers.has('content-type')) headers.set('content-type', 'application/json')
    return new Response(JSON.stringify(data), { ...init, headers })
  }

  static error(): Response {
    return received(null, {
      status: 0,
      statusText: '',
      headers: new Headers(),
      type: 'error',
      url: '',
      redirected: false,
    })
  }
}

type Facts = Pick<Response, 'status' | 'statusText' | 'headers' | 'type' | 'url' | 'redirected'>

/** A response with facts that no constructor takes. */
export const received = (content: Content | null, facts: Facts): Response => {
  const { status, statusText, type, url, redirected } = facts
  const response = new Response(content?.data, { statusText })
  const own = { status, type, url, redirected, headers: new Headers(facts.headers) }
  for (const [name, value] of Object.entries(own))
    Object.defineProperty(response, name, { value, enumerable: true, configurable: true })
  return response
}
