import { lookup as ask } from 'node:dns/promises'
import { isIP } from 'node:net'
import { fairGate } from '../../../topology/flow/lanes.ts'
import { CallFailure } from './call-failure.ts'

/** All addresses of a host name. Rejects with the code of `getaddrinfo` (`ENOTFOUND` …). */
export type Lookup = (host: string) => Promise<readonly string[]>

/** As the machine knows it, its hosts file included. */
export const lookUp: Lookup = async (host) => {
  const found = await ask(host, { all: true })
  return found.map(({ address }) => address)
}

/** Addresses of hosts, for a run: an address is its own. */
export type Names = Readonly<{ addressesOf(host: string, asker: string): Promise<readonly string[]> }>

/**
 * Remembers answers for a moment, so that the calls of a moment share connections. Each question takes a thread of Node's pool of four for as
 * long as name servers take, so no more than three are asked at once, and the askers take turns.
 */
export const openNames = ({ lookup, keepMs }: Readonly<{ lookup: Lookup; keepMs: number }>): Names => {
  const places = fairGate({ places: 3, kept: 1 })
  const known = new Map<string, Readonly<{ addresses: readonly string[]; until: number }>>()
  return {
    async addressesOf(host, asker) {
      if (isIP(host)) return [host]
      const before = known.get(host)
      if (before && performance.now() < before.until) return before.addresses
      const addresses = await places.run(asker, () => lookup(host))
      if (addresses.length === 0) throw new CallFailure('ENOTFOUND', `${host} has no address`)
      known.delete(host)
      known.set(host, { addresses, until: performance.now() + keepMs })
      if (known.size > maxKnown) known.delete(known.keys().next().value ?? '')
      return addresses
    },
  }
}

const maxKnown = 1_000
