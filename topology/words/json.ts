import { randomBytes } from 'node:crypto'

/** A JSON value. Numbers that a double cannot hold are kept by `parseExact` as raw JSON (see `isExactNumber`). */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }

/**
 * Parses JSON without losing a digit: a number whose text a double does not hold exactly stays as `JSON.rawJSON(text)`.
 * `JSON.stringify` writes such a value back as it was. Throws `SyntaxError` as `JSON.parse` does.
 */
export const parseExact = (text: string): Json => {
  const rough = JSON.parse(text) as Json
  if (!mayHoldInexactNumber(text)) return rough
  const marked = withMarks(text)
  return marked === text ? rough : unmarked(JSON.parse(marked) as Json)
}

/** What `parseExact` makes of the text; undefined where that is no JSON. */
export const jsonIn = (text: string): Json | undefined => {
  try {
    return parseExact(text)
  } catch {
    return undefined
  }
}

/** True for a number that `parseExact` kept as text; `exactSource` gives that text. */
export const isExactNumber = (value: unknown): value is ExactNumber => nativeJson.isRawJSON(value)

/** The digits of an exact number, as they stood in the source. */
export const exactSource = (value: ExactNumber): string => value.rawJSON

export type ExactNumber = { readonly rawJSON: string }

/**
 * A quick look at the text: only numbers with 16 or more digits, or with an exponent, may differ from their double. May say yes for what
 * only looks like a number within a string, though not for a UUID; never says no wrongly.
 */
export const mayHoldInexactNumber = (text: string): boolean => inexact.test(text)

// A number stands at the start, or after white space or one of `[,:`.
const inexact = /(?<=(?:[[,:\s]|^)-?)\d(?:[\d.]{15}|[\d.]*[eE])/

/**
 * The text with each inexact number as a string that begins with the mark. The native way to see a number's text, a reviver, costs 5 µs a
 * value: a large message would hold up its reader for many seconds.
 */
const withMarks = (text: string): string => {
  let marked = ''
  let from = 0
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at)
    else if (!isOfNumber(code)) at++
    else {
      const end = endOfNumber(text, at)
      const number = text.slice(at, end)
      if (isInexact(number)) {
        marked += `${text.slice(from, at)}"${mark}${number}"`
        from = end
      }
      at = end
    }
  }
  return marked + text.slice(from)
}

/** What no text holds: made anew for each process, and never shown. */
const mark = randomBytes(9).toString('base64')

const isInexact = (number: string): boolean => mayHoldInexactNumber(number) && String(Number(number)) !== number

const endOfString = (text: string, from: number): number => {
  for (let at = from + 1; ; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) return at + 1
    if (code === backslash) at++
  }
}

const endOfNumber = (text: string, from: number): number => {
  let at = from
  while (isOfNumber(text.charCodeAt(at))) at++
  return at
}

/** `-+.0123456789eE`; of literals this takes the e of `true` and `false`, which is no inexact number. */
const isOfNumber = (code: number): boolean =>
  (code <= 0x39 && code >= 0x2b && code !== 0x2c && code !== 0x2f) || code === 0x65 || code === 0x45

const unmarked = (value: Json): Json => {
  if (typeof value === 'string') return value.startsWith(mark) ? nativeJson.rawJSON(value.slice(mark.length)) : value
  if (typeof value !== 'object' || value === null) return value
  const container = value as { [key: string | number]: Json }
  if (isJsonArray(value)) for (let at = 0; at < value.length; at++) container[at] = unmarked(value[at] as Json)
  else for (const key of Object.keys(container)) container[key] = unmarked(container[key] as Json)
  return value
}

// TypeScript's library does not know the source-text proposal yet (TC39 proposal-json-parse-with-source, in Node ≥ 22).
const nativeJson = JSON as unknown as {
  rawJSON(text: string): ExactNumber
  isRawJSON(value: unknown): value is ExactNumber
}

/** Type guards for the two containers. */
export const isJsonArray = (value: unknown): value is readonly Json[] => Array.isArray(value)
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)

/** Whether two values are written alike, whatever the order of keys: 1 and 1.0 may differ here (`contains` says what is equal). */
export const sameJson = (one: Json, other: Json): boolean => {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (isJsonArray(one))
    return (
      isJsonArray(other) && one.length === other.length && one.every((item, at) => sameJson(item, other[at] as Json))
    )
  if (isExactNumber(one)) return isExactNumber(other) && exactSource(one) === exactSource(other)
  if (!isJsonObject(other)) return false
  let more = 0 // counted like this, nothing is allocated: there may be very many to compare
  for (const key in one) {
    if (!Object.hasOwn(other, key) || !sameJson(one[key] as Json, other[key] as Json)) return false
    more++
  }
  for (const _key in other) more--
  return more === 0
}

/** Deepest nesting that Penstock accepts in a body (`semantics.md` 1). */
export const maxDepth = 500

/** How deep the containers of a JSON text nest: 0 for a scalar, 1 for `[]`. Looks at bytes only, so it costs no stack. */
export const depthOf = (bytes: Uint8Array): number => {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (inString) {
      if (byte === backslash) at++
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (byte === openBrace || byte === openBracket) {
      if (++depth > deepest) deepest = depth
    } else if (byte === closeBrace || byte === closeBracket) depth--
  }
  return deepest
}

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d]
