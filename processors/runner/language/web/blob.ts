import { TextEncoder } from './encoding.ts'
import { TextDecoder } from './text-decoder.ts'

/** What a blob, a file or a body can be made of. */
export type Part = string | ArrayBuffer | ArrayBufferView | Blob

let bytesOfBlob: (blob: Blob) => Uint8Array<ArrayBuffer>

/** Bytes with a type, all of them in memory. */
export class Blob {
  readonly type: string
  readonly #bytes: Uint8Array<ArrayBuffer>

  constructor(parts: Iterable<Part> = [], { type = '' }: Readonly<{ type?: string }> = {}) {
    this.#bytes = concat([...parts].map(bytesOf))
    this.type = /[^ -~]/.test(type) ? '' : type.toLowerCase()
  }

  get size(): number {
    return this.#bytes.length
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(this.#bytes)
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes.slice().buffer
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#bytes.slice()
  }

  slice(start = 0, end = this.size, type = ''): Blob {
    return new Blob([this.#bytes.slice(start, end)], { type })
  }

  static {
    bytesOfBlob = (blob) => blob.#bytes
  }
}

/** A blob with a name, as a form sends it. */
export class File extends Blob {
  readonly name: string
  readonly lastModified: number

  constructor(
    parts: Iterable<Part>,
    name: string,
    { lastModified = Date.now(), ...options }: Readonly<{ type?: string; lastModified?: number }> = {},
  ) {
    super(parts, options)
    this.name = String(name)
    this.lastModified = lastModified
  }
}

/** The bytes of a part; text is UTF-8. Not always a copy: nobody writes into them. */
export const bytesOf = (part: Part): Uint8Array<ArrayBuffer> => {
  if (part instanceof Blob) return bytesOfBlob(part)
  if (ArrayBuffer.isView(part)) return new Uint8Array(part.buffer as ArrayBuffer, part.byteOffset, part.byteLength)
  return part instanceof ArrayBuffer ? new Uint8Array(part) : new TextEncoder().encode(String(part))
}

export const concat = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
