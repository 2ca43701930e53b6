import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'
import { CallFailure } from './call-failure.ts'

/** Reads all of it, and stops at the limit. `hold` is told of each piece, and may throw. */
export const readBody = async (
  pieces: AsyncIterable<Buffer>,
  { maxBytes, hold }: Readonly<{ maxBytes: number; hold: (bytes: number) => void }>,
): Promise<Buffer> => {
  const read: Buffer[] = []
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    hold(piece.length)
    read.push(piece)
  }
  return Buffer.concat(read, bytes)
}

/**
 * Takes off what `Content-Encoding` lists: gzip, deflate (with or without its wrapping) and br, up to three. What has another coding stays as it
 * came. The limit is for what comes out.
 */
export const decoded = async (
  body: Buffer,
  { encoding, maxBytes }: Readonly<{ encoding: string; maxBytes: number }>,
): Promise<Buffer> => {
  const names = encoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  const codings = names.filter((name) => name !== '' && name !== 'identity').reverse()
  if (body.length === 0 || codings.length > 3 || !codings.every((name) => decoders.has(name))) return body
  let bytes = body
  for (const name of codings) {
    try {
      bytes = (await decoders.get(name)?.(bytes, { maxOutputLength: maxBytes })) ?? bytes
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
      throw new CallFailure('BAD_ANSWER', `The body of the answer is not in the encoding that it says (${name})`)
    }
  }
  return bytes
}

const tooLarge = (maxBytes: number): CallFailure =>
  new CallFailure('RESPONSE_TOO_LARGE', `The body of an answer may have ${maxBytes} bytes at most`)

type Decoder = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>

const wrapped: Decoder = promisify(inflate)
const bare: Decoder = promisify(inflateRaw)
const unzipped: Decoder = promisify(gunzip)

const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', unzipped],
  ['x-gzip', unzipped],
  ['br', promisify(brotliDecompress)],
  // A zlib stream begins with its method, 8; a bare one never does (RFC 1950, RFC 1951).
  ['deflate', (body, options) => (((body[0] ?? 0) & 0x0f) === 8 ? wrapped : bare)(body, options)],
])
