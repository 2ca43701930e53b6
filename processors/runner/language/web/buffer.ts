import { Buffer as Bytes } from 'buffer/index.js'
import { TextDecoder } from './text-decoder.ts'

const plain = { toString: Bytes.prototype.toString, from: Bytes.from, isEncoding: Bytes.isEncoding }

/** Node's `Buffer`, with `base64url`, which the library does not know: tokens are written in it. */
export const Buffer: typeof Bytes = Object.assign(Bytes, {
  from: (value: never, encoding?: never, length?: never) =>
    plain.from(value, isBase64Url(encoding) ? ('base64' as never) : encoding, length), // it reads either alphabet
  isEncoding: (encoding: string) => isBase64Url(encoding) || plain.isEncoding(encoding),
})

Bytes.prototype.toString = function (this: Bytes, encoding, start = 0, end = this.length) {
  if (/^utf-?8$/i.test(encoding ?? 'utf8')) {
    // The library makes more of broken characters than Node does.
    const part = this.subarray(Math.max(0, start), Math.max(0, end))
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(part)
  }
  if (!isBase64Url(encoding)) return plain.toString.call(this, encoding, start, end)
  return plain.toString.call(this, 'base64', start, end).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

const isBase64Url = (encoding: unknown): boolean => String(encoding).toLowerCase() === 'base64url'
