/** A JSON value. Numbers that a double cannot hold are kept by `parseExact` as raw JSON (see `isExactNumber`). */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }

/**
 * Parses JSON without losing a digit: a number whose text a double does not hold exactly stays as `JSON.rawJSON(text)`.
 * `JSON.stringify` writes such a value back as it was. Throws `SyntaxError` as `JSON.parse` does.
 */
export const parseExact = (text: string): Json =>
  mayHoldInexactNumber(text) ? (nativeJson.parse(text, keepExact) as Json) : (JSON.parse(text) as Json)

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

const keepExact = (_key: string, value: unknown, context: { source?: string }): unknown =>
  typeof value === 'number' && context.source !== undefined && context.source !== String(value)
    ? nativeJson.rawJSON(context.source)
    : value

// TypeScript's library does not know the source-text proposal yet (TC39 proposal-json-parse-with-source, in Node ≥ 22).
const nativeJson = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
  rawJSON(text: string): ExactNumber
  isRawJSON(value: unknown): value is ExactNumber
}

/** Type guards for the two containers. */
export const isJsonArray = (value: unknown): value is readonly Json[] => Array.isArray(value)
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)

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
