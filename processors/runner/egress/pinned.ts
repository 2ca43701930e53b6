import { isIP, type LookupFunction } from 'node:net'

/** Knows these addresses, whatever name it is asked for: who connects by it goes there and nowhere else. */
export const pinned = (addresses: readonly string[]): LookupFunction => {
  const all = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_host, { all: wantsAll }, answer) => {
    const [first = { address: '', family: 0 }] = all
    if (wantsAll) answer(null, all)
    else answer(null, first.address, first.family)
  }
}
