import { pipeline, Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import { CallFailure } from './call-failure.ts'

export type ReadOptions = Readonly<{
  /** Of `Content-Encoding`. */
  encoding: string
  /** For what is received, and for what comes out. */
  maxBytes: number
  /** Is told of each piece that comes out before it is kept; may throw, or wait. */
  hold: (bytes: number) => Promise<void>
}>

/**
 * Reads all of it, without what `Content-Encoding` lists: gzip, deflate (with or without its wrapping) and br, up to three. What has another
 * coding stays as it came. Stops at the limit; nothing is received while `hold` waits.
 */
export const readBody = async (
  pieces: AsyncIterable<Buffer>,
  { encoding, maxBytes, hold }: ReadOptions,
): Promise<Buffer> => {
  let decoded = atMost(maxBytes, pieces)
  for (const name of codingsOf(encoding)) decoded = unpacked(decoded, name)
  const read: Buffer[] = []
  for await (const piece of atMost(maxBytes, decoded)) {
    await hold(piece.length)
    read.push(piece)
  }
  return Buffer.concat(read)
}

/** Those to take off, the last one first; none where there is one that nobody knows. */
const codingsOf = (encoding: string): readonly string[] => {
  const names = encoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity')
    .reverse()
  return names.length <= 3 && names.every((name) => decoders.has(name)) ? names : []
}

async function* atMost(maxBytes: number, pieces: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > maxBytes)
      throw new CallFailure('RESPONSE_TOO_LARGE', `The body of an answer may have ${maxBytes} bytes at most`)
    yield piece
  }
}

/** An empty body has no coding, whatever is said of it. */
async function* unpacked(pieces: AsyncIterable<Buffer>, name: string): AsyncIterable<Buffer> {
  const source = pieces[Symbol.asyncIterator]()
  const first = await source.next()
  if (first.done) return
  let broken: unknown
  async function* packed(): AsyncIterable<Buffer> {
    try {
      yield first.value
      yield* { [Symbol.asyncIterator]: () => source }
    } catch (error) {
      broken = error
      throw error
    }
  }
  try {
    yield* pipeline(Readable.from(packed()), decoderOf(name, first.value), () => {}) // it tells whoever reads
  } catch (error) {
    if (error === broken) throw error
    throw new CallFailure('BAD_ANSWER', `The body of the answer is not in the encoding that it says (${name})`)
  }
}

/** Made for the first piece of what it is to read. */
const decoderOf = (name: string, first: Buffer): Transform => {
  const decoder = decoders.get(name)
  if (!decoder) throw new Error(`no decoder for ${name}`)
  return decoder(first)
}

type Decoder = (first: Buffer) => Transform

const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['br', () => createBrotliDecompress()],
  // A zlib stream begins with its method, 8; a bare one never does (RFC 1950, RFC 1951).
  ['deflate', (first) => (((first[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw())],
])
