import { networkInterfaces } from 'node:os'
import type { Names } from './names.ts'
import { hostOf, portOf, type Target } from './policy.ts'
import { zoneOf } from './zones.ts'

/** A place where Penstock itself listens, or what it stands on. */
export type HostPort = Readonly<{ host: string; port: number }>

/**
 * Whether a call would reach Penstock itself, its broker or its store. All addresses of this machine are one: what listens at one of them may
 * listen at all. A place whose name cannot be looked up counts as met, for nobody can say that it is not.
 */
export const ownPorts =
  ({ own, names }: Readonly<{ own: readonly HostPort[]; names: Names }>) =>
  async ({ url, addresses }: Target): Promise<boolean> => {
    const near = own.filter(({ port }) => port === portOf(url))
    for (const { host } of near) {
      const bare = host.toLowerCase().replace(/^\[|\]$/g, '')
      if (bare === hostOf(url)) return true
      const ours = await names.addressesOf(bare, 'penstock').catch(() => addresses)
      if (ours.some((address) => addresses.includes(address))) return true
      if (ours.some(isHere) && addresses.some(isHere)) return true
    }
    return false
  }

/** Of `host:port` or a URL; nothing where there is none. */
export const hostPortOf = (address: string): readonly HostPort[] => {
  const url = URL.parse(address.includes('://') ? address : `tcp://${address}`)
  if (!url?.hostname) return []
  return [{ host: url.hostname, port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)) }]
}

const isHere = (address: string): boolean =>
  zoneOf(address) === 'loopback' ||
  address === '0.0.0.0' ||
  address === '::' ||
  Object.values(networkInterfaces()).some((list) => list?.some((known) => known.address === address))
