import { Blob, bytesOf, type Part } from './blob.ts'
import { FormData, multipart } from './form-data.ts'
import { TextDecoder } from './text-decoder.ts'
import { URLSearchParams } from './url.ts'

/** What is sent or was received: text or bytes, and the Content-Type that goes with it by itself. */
export type Content = Readonly<{ data: string | Uint8Array<ArrayBuffer>; type: string | null }>

/** What `fetch`, `Request` and `Response` take for a body, ready to be sent. */
export const contentOf = (body: unknown): Content | null => {
  if (body === null || body === undefined) return null
  if (body instanceof FormData) {
    const { bytes, type } = multipart(body)
    return { data: bytes, type }
  }
  if (body instanceof URLSearchParams)
    return { data: body.toString(), type: 'application/x-www-form-urlencoded;charset=UTF-8' }
  if (body instanceof Blob) return { data: bytesOf(body), type: body.type || null }
  if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer) return { data: bytesOf(body as Part), type: null }
  return { data: String(body), type: 'text/plain;charset=UTF-8' }
}

/** The content, whether it was read or not: for those who copy or send it. */
export let contentIn: (body: Body) => Content | null

/** A body that can be read once, in one of several ways: what requests and answers have in common. */
export class Body {
  /** There are no streams here: a body is there at once, or not at all. */
  readonly body = null
  readonly #content: Content | null
  #used = false

  constructor(content: Content | null) {
    this.#content = content
  }

  static {
    contentIn = (body) => body.#content
  }

  get bodyUsed(): boolean {
    return this.#used
  }

  async text(): Promise<string> {
    const { data } = this.#take()
    return typeof data === 'string' ? withoutMark(data) : new TextDecoder().decode(data)
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return bytesOf(this.#take().data).slice()
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer
  }

  async blob(): Promise<Blob> {
    const { data, type } = this.#take()
    return new Blob([data], { type: type ?? '' })
  }

  async formData(): Promise<FormData> {
    const { data, type } = this.#take()
    if (!type?.startsWith('application/x-www-form-urlencoded'))
      throw new TypeError(`formData reads application/x-www-form-urlencoded, not ${type ?? 'a body without a type'}`)
    const form = new FormData()
    for (const [name, value] of new URLSearchParams(new TextDecoder().decode(bytesOf(data)))) form.append(name, value)
    return form
  }

  #take(): Content {
    if (this.#used) throw new TypeError('The body was read before. Read it once and keep what it gave, or use clone()')
    this.#used = this.#content !== null
    return this.#content ?? { data: '', type: null }
  }
}

const withoutMark = (text: string): string => (text.startsWith('\ufeff') ? text.slice(1) : text)
