import { Fault } from '../../topology/flow/fault.ts'
import { depthOf, type Json, maxDepth, parseExact } from '../../topology/words/json.ts'
import { isJson, isUtf8Charset, mediaTypeOf } from '../../topology/words/media-type.ts'
import type { Message } from '../../topology/words/message.ts'

/** What filters see of a message: its body as JSON, every digit kept. Throws Fault `message-unreadable`, naming the reason and the place. */
export const readBody = ({ contentType, body }: Pick<Message, 'contentType' | 'body'>): Json => {
  const type = mediaTypeOf(contentType)
  if (!isJson(type) || !isUtf8Charset(type)) {
    throw unreadable(`the content type is not JSON in UTF-8: ${contentType.slice(0, 200)}`)
  }
  if (depthOf(body) > maxDepth) throw unreadable(`nested deeper than ${maxDepth}`)
  const text = textOf(body)
  try {
    return parseExact(text)
  } catch (cause) {
    throw unreadable(`not JSON: ${(cause as SyntaxError).message}`, { cause })
  }
}

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
