/** Bytes to text, as the Encoding Standard has it, for UTF-8, UTF-16 and windows-1252 (which is what it takes latin1 and ASCII for). */
export class TextDecoder {
  readonly #encoding: Encoding
  readonly #fatal: boolean
  readonly #ignoreBOM: boolean
  #rest = new Uint8Array(0)
  #began = false

  constructor(label = 'utf-8', options: Readonly<{ fatal?: boolean; ignoreBOM?: boolean }> = {}) {
    const encoding = encodingOf(label)
    if (!encoding) throw new RangeError(`TextDecoder knows utf-8, utf-16le, utf-16be and latin1, not "${label}"`)
    this.#encoding = encoding
    this.#fatal = Boolean(options.fatal)
    this.#ignoreBOM = Boolean(options.ignoreBOM)
  }

  get encoding(): Encoding {
    return this.#encoding
  }

  get fatal(): boolean {
    return this.#fatal
  }

  get ignoreBOM(): boolean {
    return this.#ignoreBOM
  }

  /** With `stream`, a character that is cut off at the end waits for the next call. */
  decode(input: ArrayBuffer | ArrayBufferView = new Uint8Array(0), { stream = false } = {}): string {
    const bytes = joined(this.#rest, viewOf(input))
    const end = stream ? wholeEnd(bytes, this.#encoding) : bytes.length
    this.#rest = bytes.slice(end)
    const text = decoders[this.#encoding](bytes.subarray(0, end), this.#fatal)
    const marked = !this.#began && !this.#ignoreBOM && text.startsWith('\ufeff')
    this.#began = stream && (this.#began || text !== '')
    return marked ? text.slice(1) : text
  }
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

/** The encoding that a label names, such as that of a Content-Type; undefined when it is none of ours. */
export const encodingOf = (label: string): Encoding | undefined => {
  const name = label.trim().toLowerCase()
  if (/^(unicode-1-1-)?utf-?8$/.test(name)) return 'utf-8'
  if (/^(utf-16(le)?|ucs-2|unicode|iso-10646-ucs-2)$/.test(name)) return 'utf-16le'
  if (name === 'utf-16be') return 'utf-16be'
  return /^(latin1|l1|ascii|us-ascii|iso-?8859-?1|windows-1252|cp1252|x-cp1252)$/.test(name)
    ? 'windows-1252'
    : undefined
}

const viewOf = (input: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(input) ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength) : new Uint8Array(input)

const joined = (head: Uint8Array, tail: Uint8Array): Uint8Array => {
  if (head.length === 0) return tail
  const all = new Uint8Array(head.length + tail.length)
  all.set(head)
  all.set(tail, head.length)
  return all
}

/** Where the last character that is surely whole ends. */
const wholeEnd = (bytes: Uint8Array, encoding: Encoding): number => {
  if (encoding === 'windows-1252') return bytes.length
  if (encoding !== 'utf-8') {
    const even = bytes.length - (bytes.length % 2)
    const high = bytes[encoding === 'utf-16le' ? even - 1 : even - 2] ?? 0
    return isHigh(high << 8) ? even - 2 : even
  }
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte >= 0xc0) return byte >= (back === 1 ? 0xc0 : back === 2 ? 0xe0 : 0xf0) ? bytes.length - back : bytes.length
    if (byte < 0x80) break
  }
  return bytes.length
}

/** What is no character: an error where the caller wants one, else U+FFFD. */
const broken = (fatal: boolean): number => {
  if (fatal) throw new TypeError('The bytes are not valid text in this encoding')
  return 0xfffd
}

const fromUtf8 = (bytes: Uint8Array, fatal: boolean): string => {
  const text = new Text()
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at++] ?? 0
    if (first < 0x80) {
      text.add(first)
      continue
    }
    const more =
      first >= 0xc2 && first <= 0xdf ? 1 : first >= 0xe0 && first <= 0xef ? 2 : first >= 0xf0 && first <= 0xf4 ? 3 : 0
    // The second byte has narrower limits after some first ones: no long forms, no surrogates, nothing above U+10FFFF.
    let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
    let high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
    let code = first & (0x3f >> more)
    let left = more
    while (left > 0) {
      const next = bytes[at] ?? 0
      if (next < low || next > high) break
      code = (code << 6) | (next & 0x3f)
      ;[low, high] = [0x80, 0xbf]
      at++
      left--
    }
    text.add(more === 0 || left > 0 ? broken(fatal) : code)
  }
  return text.toString()
}

const fromUtf16 =
  (littleEndian: boolean) =>
  (bytes: Uint8Array, fatal: boolean): string => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const text = new Text()
    for (let at = 0; at + 1 < bytes.length; at += 2) text.add(view.getUint16(at, littleEndian))
    const high = view.byteLength > 2 && isHigh(view.getUint16((bytes.length - 3) & ~1, littleEndian))
    if (bytes.length % 2 === 1 && !high) text.add(broken(fatal)) // after half a pair, both are one broken character
    const whole = text.toString()
    if (whole.isWellFormed()) return whole
    broken(fatal)
    return whole.toWellFormed()
  }

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff

const from1252 = (bytes: Uint8Array): string => {
  const text = new Text()
  for (const byte of bytes) text.add(byte >= 0x80 && byte < 0xa0 ? upperHalf.charCodeAt(byte - 0x80) : byte)
  return text.toString()
}

/** What windows-1252 has between 0x80 and 0x9f. */
const upperHalf =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
  '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178'

const decoders = {
  'utf-8': fromUtf8,
  'utf-16le': fromUtf16(true),
  'utf-16be': fromUtf16(false),
  'windows-1252': from1252,
} as const

/** Characters are gathered a few thousand at a time, which V8 turns into text at once. */
class Text {
  readonly #codes: number[] = []
  #text = ''

  add(code: number): void {
    if (this.#codes.push(code) === 4_096) this.#flush()
  }

  toString(): string {
    this.#flush()
    return this.#text
  }

  #flush(): void {
    this.#text += String.fromCodePoint(...this.#codes)
    this.#codes.length = 0
  }
}
