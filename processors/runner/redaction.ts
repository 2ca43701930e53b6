import { perDeploy } from '../../topology/project/per-deploy.ts'
import { exactSource, isExactNumber, isJsonArray, type Json, jsonIn } from '../../topology/words/json.ts'

/** What stands in the place of a secret. */
export const redacted = '***'

/** `json`: the text is JSON, and still is afterwards. */
export type Redact = (text: string, as: 'text' | 'json') => string

/**
 * Replaces secrets in texts, however they are written: as they are, in base64 (also within something longer, and for URLs), URL-encoded, as JSON
 * writes them. A text without any is given back as it is. The same list gives the same function.
 */
export const redactor: (secrets: readonly string[]) => Redact = perDeploy((secrets) => {
  const forms = [...new Set(secrets.flatMap(formsOf))].toSorted((a, b) => b.length - a.length)
  if (forms.length === 0) return (text) => text
  const long = forms.filter((form) => form.length > longestInPattern)
  const patterns = patternsOf(forms.slice(long.length))
  const inText = (text: string): string => {
    let rest = text
    for (const form of long) rest = rest.replaceAll(form, redacted)
    for (const pattern of patterns) rest = rest.replace(pattern, redacted)
    return rest
  }
  const inJson = (value: Json): Json => {
    if (typeof value === 'string') return inText(value)
    if (typeof value === 'number') return isHeld(String(value)) ? redacted : value
    if (isExactNumber(value)) return isHeld(exactSource(value)) ? redacted : value
    if (typeof value !== 'object' || value === null) return value
    if (isJsonArray(value)) return value.map(inJson)
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [inText(key), inJson(member)]))
  }
  const isHeld = (text: string): boolean =>
    long.some((form) => text.includes(form)) || patterns.some((pattern) => text.search(pattern) >= 0)
  return (text, as) => {
    if (as === 'text') return inText(text)
    if (!isHeld(text) && !oddEscape.test(text)) return text
    const parsed = jsonIn(text)
    return parsed === undefined ? inText(text) : JSON.stringify(inJson(parsed))
  }
})

/** V8 refuses patterns of some 20,000 characters, and says so with all of their text. */
const patternsOf = (forms: readonly string[]): readonly RegExp[] => {
  const patterns: RegExp[] = []
  for (let at = 0; at < forms.length; at += formsInPattern)
    patterns.push(
      new RegExp(
        forms
          .slice(at, at + formsInPattern)
          .map(RegExp.escape)
          .join('|'),
        'g',
      ),
    )
  return patterns
}

const longestInPattern = 200
const formsInPattern = 20

/** What JSON.stringify does not write: behind these, texts look other than they are. */
const oddEscape = /\\[u/]/

const formsOf = (secret: string): readonly string[] => {
  const base64 = alignments.flatMap((before) => base64Core(secret, before))
  const plain = [secret, encodeURIComponent(wellFormed(secret)), formEncoded(secret), ...inUrls(secret), ...base64]
  const urls = [...plain.slice(1), ...base64.map(encodeURIComponent)].flatMap((form) => [form, lowerEscapes(form)])
  const json = [escaped(secret), inAscii(secret)].flatMap((form) => [form, escaped(form)])
  return [...plain, ...urls, ...base64.map(forUrl), ...json].filter((form) => form.length >= shortest)
}

/** How many bytes of something else may stand before a secret, as base64 counts them. */
const alignments = [0, 1, 2] as const

/** The base64 of a text within the base64 of something longer: the digits that nothing beside it has a part in. */
const base64Core = (secret: string, before: (typeof alignments)[number]): readonly string[] => {
  const bytes = Buffer.from(secret)
  const digits = Buffer.concat([Buffer.alloc(before), bytes])
    .toString('base64')
    .replace(/=+$/, '')
  const from = Math.ceil((before * 8) / 6)
  const whole = digits.slice(from)
  const core = digits.slice(from, Math.floor(((before + bytes.length) * 8) / 6))
  return [...new Set([whole, core])]
}

/** As it stands in the path, the query and the login of a URL, each of which leaves other characters as they are (WHATWG). */
const inUrls = (secret: string): readonly string[] => {
  const url = new URL('http://a/')
  url.pathname = `/-${secret}`
  url.search = `?-${secret}`
  url.username = `-${secret}`
  const inPath = encodeURI(wellFormed(secret))
  const parts = [url.pathname.slice(1), url.search.slice(1), url.username].map((text) => text.slice(1))
  return [inPath, inPath.replace(/[?#]/g, encodeURIComponent), ...parts]
}

const forUrl = (base64: string): string => base64.replaceAll('+', '-').replaceAll('/', '_')
const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)
const lowerEscapes = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
const escaped = (text: string): string => JSON.stringify(text).slice(1, -1)
const wellFormed = (text: string): string => text.toWellFormed()

/** As writers of JSON do that stay within ASCII. */
const inAscii = (text: string): string =>
  escaped(text).replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Of a secret's digits at most so few are left. */
const shortest = 8
