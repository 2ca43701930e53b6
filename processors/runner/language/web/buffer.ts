import { Buffer as Bytes } from 'buffer/index.js'

const plain = { toString: Bytes.prototype.toString, from: Bytes.from, isEncoding: Bytes.isEncoding }

/** Node's `Buffer`, with `base64url`, which the library does not know: tokens are written in it. */
export const Buffer: typeof Bytes = Object.assign(Bytes, {
  from: (value: never, encoding?: never, length?: never) =>
    plain.from(value, isBase64Url(encoding) ? ('base64' as never) : encoding, length), // it reads either alphabet
  isEncoding: (encoding: string) => isBase64Url(encoding) || plain.isEncoding(encoding),
})

Bytes.prototype.toString = function (encoding, start, end) {
  if (!isBase64Url(encoding)) return plain.toString.call(this, encoding, start, end)
  return plain.toString.call(this, 'base64', start, end).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

const isBase64Url = (encoding: unknown): boolean => String(encoding).toLowerCase() === 'base64url'
