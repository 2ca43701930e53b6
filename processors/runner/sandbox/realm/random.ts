import { sha256 } from '@noble/hashes/sha2.js'

/**
 * Random bytes for the runs of one realm, which has no source of its own: the hash of a secret seed and a number that is never used again
 * (NIST SP 800-90A, section 10.1, is the long form of the idea). Who knows some of them does not know the others.
 */
export const openRandom = (): Readonly<{ seed(hex: string): void; bytes(count: number): Uint8Array }> => {
  let key = new Uint8Array()
  let used = 0

  const block = (): Uint8Array => {
    const input = new Uint8Array(key.length + 8)
    input.set(key)
    new DataView(input.buffer).setFloat64(key.length, ++used)
    return sha256(input)
  }

  return {
    seed: (hex) => {
      key = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    },
    bytes: (count) => {
      const bytes = new Uint8Array(count)
      for (let at = 0; at < count; at += 32) bytes.set(block().subarray(0, count - at), at)
      return bytes
    },
  }
}
