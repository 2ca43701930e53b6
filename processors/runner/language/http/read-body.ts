import type { HttpAnswer } from '../../egress/http-call.ts'
import { Buffer } from '../web/buffer.ts'
import { encodingOf, TextDecoder } from '../web/text-decoder.ts'
import { AdaptorError } from './failure.ts'

/**
 * How the body of an answer is to be read. `auto`: JSON where the server says so, else text; `try-auto`: the same, and text where that is no
 * JSON; `try-json`: JSON where it is, else `{ body: text }`, as in 1.x.
 */
export type ParseAs = 'auto' | 'json' | 'text' | 'base64' | 'try-auto' | 'try-json'

/** The body as a job gets it; nothing, where there is none. Text is read in the charset that the server names. */
export const readBody = (answer: HttpAnswer, parseAs: ParseAs): unknown => {
  if (parseAs === 'try-json') return jsonOr(answer, (text) => ({ body: text }))
  if (answer.body === '') return undefined
  switch (parseAs) {
    case 'base64':
      return answer.encoding === 'base64' ? answer.body : Buffer.from(answer.body, 'utf8').toString('base64')
    case 'text':
      return textIn(answer)
    case 'json':
      return json(answer)
    case 'auto':
      return isJson(answer) ? json(answer) : textIn(answer)
    case 'try-auto':
      return isJson(answer) ? jsonOr(answer, (text) => text) : textIn(answer)
    default:
      return parseAs satisfies never
  }
}

export const parseAsOf = (value: unknown): ParseAs => {
  if (value === undefined || value === null) return 'auto'
  if (value === 'auto' || value === 'json' || value === 'text' || value === 'base64') return value
  if (value === 'stream')
    throw new AdaptorError('NO_STREAMS', "parseAs 'stream' is not there: an answer is read whole. Use text or base64")
  throw new AdaptorError('BAD_OPTION', `parseAs is auto, json, text or base64, not "${value}"`)
}

const jsonOr = (answer: HttpAnswer, other: (text: string) => unknown): unknown => {
  const text = textIn(answer)
  try {
    return JSON.parse(text)
  } catch {
    return other(text)
  }
}

const json = (answer: HttpAnswer): unknown => {
  try {
    return JSON.parse(textIn(answer))
  } catch (error) {
    const facts = { statusCode: answer.status, contentType: contentTypeOf(answer), body: textIn(answer) }
    throw new AdaptorError('BODY_NOT_JSON', `The answer is no JSON: ${(error as Error).message}`, facts)
  }
}

const textIn = (answer: HttpAnswer): string => {
  if (answer.encoding === 'utf8') return answer.body.startsWith('\ufeff') ? answer.body.slice(1) : answer.body
  const charset = /charset="?([^";]+)/i.exec(contentTypeOf(answer))?.[1] ?? 'utf-8'
  return new TextDecoder(encodingOf(charset)).decode(Buffer.from(answer.body, 'base64'))
}

/** Only what calls itself so: jobs that come from OpenFn parse `application/fhir+json` and the like themselves. */
const isJson = (answer: HttpAnswer): boolean => contentTypeOf(answer).includes('application/json')

const contentTypeOf = ({ headers }: HttpAnswer): string =>
  headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
