import { Writable } from 'node:stream'
import type { HttpAnswer, HttpCall } from '../../../egress/http-call.ts'
import { refuseCertificates } from './certificates.ts'
import { IncomingMessage, Socket } from './http-answer.ts'

const { Buffer } = globalThis
declare const $http: (call: HttpCall) => Promise<HttpAnswer>

/** What `http.request` is told, as far as it means something here. */
export type RequestOptions = Readonly<{
  protocol?: string | null
  host?: string | null
  hostname?: string | null
  port?: string | number | null
  path?: string | null
  method?: string
  headers?: object
  auth?: string | null
  timeout?: number
  signal?: AbortSignal
  socketPath?: string
}>

/** A request. What is written to it leaves as a whole when it ends. */
export class ClientRequest extends Writable {
  readonly method: string
  readonly protocol: string
  readonly host: string
  readonly path: string
  readonly socket: Socket = new Socket()
  readonly connection: Socket = this.socket
  aborted = false
  res: IncomingMessage | null = null
  readonly #url: string
  readonly #headers = new Map<string, readonly [name: string, value: unknown]>()
  readonly #pieces: Buffer[] = []

  constructor({ method = 'GET', headers = {}, auth, timeout, signal, ...to }: RequestOptions) {
    super({ autoDestroy: false })
    if (to.socketPath) throw new Error('http.request cannot use a socketPath in a job: it has HTTP and no sockets')
    refuseCertificates(to)
    const name = to.hostname || to.host || 'localhost'
    this.method = method.toUpperCase()
    this.protocol = to.protocol || 'http:'
    this.host = /^[^[].*:.*:/.test(name) ? `[${name}]` : name // IPv6
    this.path = to.path || '/'
    this.#url = `${this.protocol}//${this.host}${to.port ? `:${to.port}` : ''}${this.path}`
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) this.setHeader(name, value)
    if (auth && !this.hasHeader('authorization'))
      this.setHeader('Authorization', `Basic ${Buffer.from(auth).toString('base64')}`)
    if (timeout) this.setTimeout(timeout)
    const abort = (): void => void this.destroy(signal?.reason as Error)
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
    this.socket.once('timeout', () => this.emit('timeout'))
    void Promise.resolve().then(() => this.emit('socket', this.socket))
  }

  setHeader(name: string, value: unknown): this {
    this.#headers.set(name.toLowerCase(), [name, value])
    return this
  }
  getHeader(name: string): unknown {
    return this.#headers.get(name.toLowerCase())?.[1]
  }
  hasHeader(name: string): boolean {
    return this.#headers.has(name.toLowerCase())
  }
  removeHeader(name: string): void {
    this.#headers.delete(name.toLowerCase())
  }
  getHeaders(): object {
    return Object.fromEntries([...this.#headers].map(([name, [, value]]) => [name, value]))
  }

  /** Tells of it (`timeout`) when there is no answer after so many milliseconds; what to do then is the listener's business. */
  setTimeout(ms: number, told?: () => void): this {
    this.socket.setTimeout(ms, told)
    return this
  }
  abort(): void {
    if (this.aborted) return
    this.aborted = true
    this.emit('abort')
    this.destroy()
  }
  flushHeaders(): void {}
  setNoDelay(): void {}
  setSocketKeepAlive(): void {}

  override _write(piece: unknown, encoding: BufferEncoding, done: () => void): void {
    this.#pieces.push(typeof piece === 'string' ? Buffer.from(piece, encoding) : Buffer.from(piece as Uint8Array))
    done()
  }
  override _final(done: () => void): void {
    done()
    Promise.resolve()
      .then(() => $http(this.#call()))
      .then(
        (answer) => this.#answered(answer),
        (error: Error) => this.destroy(error),
      )
  }
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.socket.setTimeout(0)
    const cutOff = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
    done(error ?? (this.res ? null : cutOff))
  }

  #call(): HttpCall {
    const bytes = Buffer.concat(this.#pieces)
    if (this.getHeader('host') === new URL(this.#url).host) this.removeHeader('host')
    const headers = [...this.#headers.values()].flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one): readonly [string, string] => [name, String(one)]),
    )
    const body = bytes.length > 0 ? bytes.toString('base64') : null
    return { method: this.method, url: this.#url, headers, body, encoding: 'base64', redirects: 0, timeoutMs: null }
  }

  #answered(answer: HttpAnswer): void {
    if (this.destroyed) return
    this.socket.setTimeout(0)
    this.res = new IncomingMessage(answer, this)
    this.res.once('end', () => this.destroy())
    if (!this.emit('response', this.res)) this.res.resume()
  }
}
