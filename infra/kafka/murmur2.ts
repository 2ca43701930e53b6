/**
 * The partition that Kafka's own Java producer picks for a key (`BuiltInPartitioner`: murmur2 of the bytes, made positive, modulo).
 * Everybody who writes to our topics with that rule keeps the order of a key with us.
 */
export const partitionOf = (key: Uint8Array, partitions: number): number => (murmur2(key) & 0x7fffffff) % partitions

/** Austin Appleby's MurmurHash2 with Kafka's seed, in 32-bit integers. */
export const murmur2 = (bytes: Uint8Array): number => {
  const { length } = bytes
  const whole = length & ~3
  const at = (index: number): number => bytes[index] ?? 0
  let h = seed ^ length
  for (let i = 0; i < whole; i += 4) {
    let k = at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    h = Math.imul(h, m) ^ Math.imul(k, m)
  }
  if (length > whole) {
    h ^= at(whole) | (at(whole + 1) << 8) | (at(whole + 2) << 16)
    h = Math.imul(h, m)
  }
  h ^= h >>> 13
  h = Math.imul(h, m)
  return h ^ (h >>> 15)
}

const seed = 0x9747b28c
const m = 0x5bd1e995
