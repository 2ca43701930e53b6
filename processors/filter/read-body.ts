import { Fault } from '../../topology/flow/fault.ts'
import { depthOf, type Json, maxDepth, mayHoldInexactNumber, parseExact } from '../../topology/words/json.ts'
import { isJson, isUtf8Charset, mediaTypeOf } from '../../topology/words/media-type.ts'
import type { Message } from '../../topology/words/message.ts'

/** The body of a message as JSON. `rough` has doubles for numbers; `exact` keeps every digit, and is `rough` itself where that does. */
export type Body = Readonly<{ rough: Json; exact(): Json }>

/**
 * Reads the body of a message. Exact numbers cost several times as much, so they are read when a filter depends on one. Throws Fault
 * `message-unreadable`, naming the reason and the place.
 */
export const openBody = ({ contentType, body }: Pick<Message, 'contentType' | 'body'>): Body => {
  const type = mediaTypeOf(contentType)
  if (!isJson(type) || !isUtf8Charset(type)) {
    throw unreadable(`the content type is not JSON in UTF-8: ${contentType.slice(0, 200)}`)
  }
  if (body.length > maxDepth && depthOf(body) > maxDepth) throw unreadable(`nested deeper than ${maxDepth}`)
  const text = textOf(body)
  try {
    const rough = JSON.parse(text) as Json
    return { rough, exact: () => (mayHoldInexactNumber(text) ? parseExact(text) : rough) }
  } catch (cause) {
    throw unreadable(`not JSON: ${(cause as SyntaxError).message}`, { cause })
  }
}

/** What filters say of a message: its body as JSON, every digit kept. Throws as `openBody` does. */
export const readBody = (message: Pick<Message, 'contentType' | 'body'>): Json => openBody(message).exact()

const textOf = (body: Buffer): string => {
  try {
    return utf8.decode(body)
  } catch (cause) {
    throw unreadable('not UTF-8', { cause })
  }
}

// Leaves out a byte order mark by itself.
const utf8 = new TextDecoder('utf-8', { fatal: true })

const unreadable = (detail: string, options?: ErrorOptions): Fault => new Fault('message-unreadable', detail, options)
