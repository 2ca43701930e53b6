import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Request } from '../../topology/http.ts'

/**
 * A request as rooms see it; `body` is empty until it has been read. A class, because of `signal`: an object that brings a getter of its own
 * has a shape of its own, by which V8 keeps it, and all that hangs on it, until the next full collection (a fifth of the time of a webhook).
 */
export class Asked implements Request {
  readonly method: string
  readonly url: string
  readonly params: Request['params']
  readonly query: Request['query']
  readonly headers: Request['headers']
  body: Buffer = nothing
  readonly #reply: FastifyReply

  constructor(request: FastifyRequest, { query, reply }: Readonly<{ query: Request['query']; reply: FastifyReply }>) {
    this.method = request.method
    this.url = request.url
    this.params = request.params as Record<string, string>
    this.query = query
    this.headers = request.raw.headers as Record<string, string>
    this.#reply = reply
  }

  /** Made only for who asks: that its caller has gone. */
  get signal(): AbortSignal {
    const { raw } = this.#reply
    const gone = new AbortController()
    raw.once('close', () => raw.writableFinished || gone.abort())
    return gone.signal
  }
}

const nothing = Buffer.alloc(0)
