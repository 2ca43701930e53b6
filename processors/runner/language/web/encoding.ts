import { Buffer } from './buffer.ts'
import { DOMException } from './dom-exception.ts'

/** Text as UTF-8; half a pair of surrogates becomes U+FFFD. */
export class TextEncoder {
  readonly encoding = 'utf-8'

  encode(text = ''): Uint8Array<ArrayBuffer> {
    return new Uint8Array(Buffer.from(String(text), 'utf8'))
  }

  encodeInto(text: string, target: Uint8Array): Readonly<{ read: number; written: number }> {
    let [read, written] = [0, 0]
    for (const character of text) {
      const bytes = this.encode(character)
      if (written + bytes.length > target.length) break
      target.set(bytes, written)
      written += bytes.length
      read += character.length
    }
    return { read, written }
  }
}

/** Base64 to a string in which each character is one byte. White space is passed over, as the standard says; anything else is an error. */
export const atob = (text: string): string => {
  const digits = String(text).replace(/[\t\n\f\r ]/g, '')
  const body = digits.length % 4 === 0 ? digits.replace(/==?$/, '') : digits
  if (body.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(body))
    throw new DOMException('atob takes base64, and the text is none', 'InvalidCharacterError')
  return Buffer.from(body, 'base64').toString('latin1')
}

/** Base64 of a string in which each character is one byte; for other text, `Buffer.from(text).toString('base64')`. */
export const btoa = (text: string): string => {
  const bytes = String(text)
  if (/[^\0-\xff]/.test(bytes))
    throw new DOMException(
      "btoa takes characters up to U+00FF only. Use Buffer.from(text).toString('base64')",
      'InvalidCharacterError',
    )
  return Buffer.from(bytes, 'latin1').toString('base64')
}
