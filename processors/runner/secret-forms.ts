/** Of a secret's digits at most so few are left, and of a secret that was cut. Secrets that are shorter themselves are found only whole. */
export const shortest = 8

/**
 * How a secret may be written: as it is, in base64 (also within something longer, and for URLs), URL-encoded, in XML, as writers of JSON do, which
 * may escape slashes, too. Around it there may have been spaces that a header drops. A short one, whose other forms stand anywhere by chance: as it is, and in JSON.
 */
export const formsOf = (secret: string): readonly string[] =>
  secret.length < shortest
    ? [secret, ...[escaped(secret), inAscii(secret)].flatMap((form) => [form, escaped(form)])]
    : [...new Set([secret, secret.trim()])].flatMap(written)

const written = (secret: string): readonly string[] => {
  const base64 = alignments.flatMap((before) => base64Core(secret, before))
  const plain = [secret, encodeURIComponent(wellFormed(secret)), formEncoded(secret), ...inUrls(secret), ...base64]
  const urls = [...plain.slice(1), ...base64.map(encodeURIComponent)].flatMap((form) => [form, lowerEscapes(form)])
  const xml = [inXml(secret), inXml(secret).replaceAll('"', '&quot;')]
  const json = [escaped(secret), inAscii(secret), ...xml].flatMap((form) => [form, slashed(form)])
  const all = [...plain, ...urls, ...base64.map(forUrl), ...base64.map(slashed), ...json, ...json.map(escaped)]
  return all.filter((form) => form.length >= shortest)
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
/** PHP and others do. */
const slashed = (json: string): string => json.replaceAll('/', '\\/')
/** As Salesforce's login has it; in attributes, and by many writers, quotes are escaped, too. */
const inXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const wellFormed = (text: string): string => text.toWellFormed()

/** As writers of JSON do that stay within ASCII. */
const inAscii = (text: string): string =>
  escaped(text).replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
