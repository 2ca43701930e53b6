/**
 * 64 bits that stand for a text, into the first two places of `into`: two hashes in the manner of MurmurHash3 over its UTF-16 units, each with
 * constants of its own. Quick, well spread, and not for secrets: who knows the seeds can make texts that meet.
 */
export const hash64 = (text: string, { seeds, into }: Readonly<{ seeds: Uint32Array; into: Uint32Array }>): void => {
  let a = seeds[0] ?? 0
  let b = seeds[1] ?? 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    const mixedA = Math.imul(unit, 0xcc9e2d51)
    const mixedB = Math.imul(unit, 0x239b961b)
    a ^= Math.imul((mixedA << 15) | (mixedA >>> 17), 0x1b873593)
    b ^= Math.imul((mixedB << 16) | (mixedB >>> 16), 0xab0e9789)
    a = Math.imul((a << 13) | (a >>> 19), 5) + 0x6546b64
    b = Math.imul((b << 17) | (b >>> 15), 9) + 0x1c8e8153
  }
  into[0] = finished(a ^ text.length)
  into[1] = finished(b ^ text.length)
}

/** Every bit of the input changes half of the output's (MurmurHash3's own last step). */
const finished = (hash: number): number => {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35)
  return second ^ (second >>> 16)
}
