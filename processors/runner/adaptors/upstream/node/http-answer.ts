import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import type { HttpAnswer } from '../../../egress/http-call.ts'
import { headersOf } from '../../../language/http/answer-headers.ts'

const { Buffer } = globalThis

/** An answer. It is there as a whole, and read as a stream; the egress has unpacked it. */
export class IncomingMessage extends Readable {
  readonly statusCode: number
  readonly statusMessage: string
  readonly headers: object
  readonly rawHeaders: readonly string[]
  readonly httpVersion = '1.1'
  readonly complete = true
  readonly url = ''
  readonly req: object
  readonly socket: Socket
  readonly connection: Socket

  constructor(answer: HttpAnswer, req: Readonly<{ socket: Socket }>) {
    super()
    const headers = answer.headers.filter(([name]) => !ofTheWay.has(name.toLowerCase()))
    this.headers = headersOf(headers)
    this.rawHeaders = headers.flat()
    this.statusCode = answer.status
    this.statusMessage = answer.statusText
    this.req = req
    this.socket = this.connection = req.socket
    if (answer.body !== '') this.push(Buffer.from(answer.body, answer.encoding))
    this.push(null)
  }

  override _read(): void {}
  setTimeout(): this {
    return this
  }
}

/** What libraries do to a connection means nothing here, but for its clock. */
export class Socket extends EventEmitter {
  readonly encrypted = true
  #clock: ReturnType<typeof setTimeout> | undefined

  setTimeout(ms: number, told?: () => void): this {
    clearTimeout(this.#clock)
    if (told) this.once('timeout', told)
    if (ms > 0) this.#clock = setTimeout(() => this.emit('timeout'), ms)
    return this
  }
  setKeepAlive(): this {
    return this
  }
  setNoDelay(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  destroy(): void {}
}

/** They speak of the bytes on their way. */
const ofTheWay: ReadonlySet<string> = new Set(['content-encoding', 'content-length', 'transfer-encoding'])
