import { isUtf8 } from 'node:buffer'
import { problem, type Reply, type RequestHead } from '../../topology/http.ts'
import { depthOf, type Json, maxDepth } from '../../topology/words/json.ts'
import { isJson, isUtf8Charset, mediaTypeOf } from '../../topology/words/media-type.ts'
import { whereJsonBreaks } from './json-breaks.ts'
import { ofFew } from './of-few.ts'

/** A body that says what it is and is what it says. `bytes` are kept as they came. */
export type Body = Readonly<{ bytes: Buffer; contentType: string; value: Json }>
export type BodyRead = Readonly<{ kind: 'read'; body: Body } | { kind: 'refused'; reply: Reply }>

/** Says no to a content type that cannot be read here. Nothing is guessed from the body itself. */
export const refuseContentType = ({ headers }: RequestHead): Reply | undefined => {
  const contentType = headers['content-type']
  if (contentType === undefined) return unsupported(`The header content-type is missing: ${remedy}`)
  return refuseType(contentType) ?? undefined
}

const refuseType = ofFew((contentType): Reply | null => {
  const type = mediaTypeOf(contentType)
  if (!isJson(type)) return unsupported(`A body of ${JSON.stringify(type.essence)} cannot be read here: ${remedy}`)
  return isUtf8Charset(type)
    ? null
    : unsupported(`JSON is UTF-8 (RFC 8259): the charset ${JSON.stringify(type.charset)} cannot be read here.`)
})

/** Reads a body. Without one, the query parameters are the body (`semantics.md` 1). */
export const readBody = (bytes: Buffer, { headers, query }: RequestHead): BodyRead => {
  if (bytes.length > 0) return readJson(bytes, headers['content-type'] ?? 'application/json')
  if (Object.keys(query).length === 0) return refused('The body is empty, and there are no query parameters instead.')
  return {
    kind: 'read',
    body: { bytes: Buffer.from(JSON.stringify(query)), contentType: 'application/json', value: query as Json },
  }
}

const readJson = (bytes: Buffer, contentType: string): BodyRead => {
  if (!isUtf8(bytes)) return refused('The body is not UTF-8.')
  if (depthOf(bytes) > maxDepth) return refused(`The body nests deeper than ${maxDepth} levels.`)
  const text = withoutMark(bytes.toString('utf8'))
  try {
    return { kind: 'read', body: { bytes, contentType, value: JSON.parse(text) as Json } }
  } catch {
    return refused(`The body is not JSON: ${breakOf(text)}`)
  }
}

const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)

const breakOf = (text: string): string => {
  const offset = whereJsonBreaks(text)
  const before = text.slice(0, offset).split('\n')
  const character = String.fromCodePoint(text.codePointAt(offset) ?? 0).toWellFormed()
  const what = offset === text.length ? 'it ends too early' : `${JSON.stringify(character)} may not stand there`
  return `${what}, line ${before.length}, column ${(before.at(-1) ?? '').length + 1}.`
}

const remedy = 'send JSON, with content-type: application/json (with curl: -H "content-type: application/json").'

const unsupported = (detail: string): Reply =>
  problem(415, 'Unsupported Media Type', detail, { headers: { accept: 'application/json' } })
const refused = (detail: string): BodyRead => ({ kind: 'refused', reply: problem(400, 'Bad Request', detail) })
