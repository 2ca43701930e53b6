import { Readable } from 'node:stream'
import type { HttpAnswer } from '../../../egress/http-call.ts'
import { headersOf } from '../../../language/http/answer-headers.ts'

const { Buffer, Blob } = globalThis

/** An answer as `undici.request` gives it: what came more than once in the headers is a list, the body is a stream that can be read as a whole. */
export type Answered = Readonly<{
  statusCode: number
  statusText: string
  headers: Readonly<Record<string, string | string[]>>
  trailers: object
  opaque: null
  context: object
  body: unknown
}>

export const answered = (answer: HttpAnswer): Answered => {
  const { status: statusCode, statusText } = answer
  const headers = headersOf(answer.headers)
  return { statusCode, statusText, headers, trailers: {}, opaque: null, context: {}, body: bodyOf(answer) }
}

const bodyOf = ({ body, encoding }: HttpAnswer): object => {
  const bytes = Buffer.from(body, encoding)
  const text = async (): Promise<string> => bytes.toString('utf8').replace(/^\ufeff/, '')
  const stream = Readable.from(bytes.length > 0 ? [bytes] : [], { objectMode: false })
  return Object.assign(stream, {
    text,
    json: async () => JSON.parse(await text()),
    bytes: async () => new Uint8Array(bytes),
    arrayBuffer: async () => new Uint8Array(bytes).buffer,
    blob: async () => new Blob([bytes]),
    dump: async () => {},
  })
}
