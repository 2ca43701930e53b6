import type { Headers } from '../../topology/words/record.ts'
import { afterVarInt, readVarInt } from './var-int.ts'

/**
 * The headers of a record, left as the bytes in which they came: of some eight one or two are looked at, and a map of all of them, each a
 * Buffer, would be most of what a record in memory consists of.
 */
export class RecordHeaders implements Headers {
  readonly #bytes: Buffer
  readonly #from: number
  readonly #count: number

  /** `from`: where the length of the first header's name lies. */
  constructor(bytes: Buffer, from: number, count: number) {
    this.#bytes = bytes
    this.#from = from
    this.#count = count
  }

  get byteLength(): number {
    return this.#bytes.length - this.#from
  }

  get(name: string): Buffer | undefined {
    const bytes = this.#bytes
    let found: Buffer | undefined
    this.#walk((start, end, value, after) => {
      if (end - start !== name.length) return
      let same = name.length // backwards, for most begin alike
      while (same > 0 && bytes[start + same - 1] === name.charCodeAt(same - 1)) same--
      if (same === 0) found = bytes.subarray(value, after)
    })
    return found
  }

  [Symbol.iterator](): IterableIterator<[string, Buffer]> {
    const bytes = this.#bytes
    const all = new Map<string, Buffer>()
    this.#walk((start, end, value, after) => all.set(bytes.toString('utf8', start, end), bytes.subarray(value, after)))
    return all.entries()
  }

  /** Says where each name and each value begins and ends. */
  #walk(give: (start: number, end: number, value: number, after: number) => void): void {
    const bytes = this.#bytes
    let at = this.#from
    for (let left = this.#count; left > 0; left--) {
      const start = afterVarInt(bytes, at)
      const end = start + readVarInt(bytes, at)
      const value = afterVarInt(bytes, end)
      at = value + Math.max(0, readVarInt(bytes, end))
      give(start, end, value, at)
    }
  }
}
