import { BlockList, isIP } from 'node:net'
import type { AllowedHost, HostPattern } from '../../../topology/project/allowed-host.ts'
import type { EgressPolicy } from '../../../topology/project/project.ts'
import { type Zone, zoneOf } from './zones.ts'

/** A place that a call is to go to: its host by name, or all addresses that the name has. */
export type Target = Readonly<{ url: URL; addresses: readonly string[] }>

/** Why the list of the project rules out the host, whatever its addresses are; undefined when it does not. Asked first, so that no name is looked up in vain. */
export const refusedByName = (url: URL, { allow }: EgressPolicy): string | undefined =>
  allow.length === 0 || allow.some((entry) => entry.host.kind === 'range' || namesHost(entry, url))
    ? undefined
    : unlisted(url)

/**
 * Why a call may not go there, or undefined. One address that is not allowed rules out the host. Nobody may call metadata and forbidden
 * addresses; the others that are not public need a word of the project: for private ones `allow_private`, or an entry without a star; for
 * loopback and link-local ones an entry that has the address, or `localhost`.
 */
export const refusedByAddress = (
  { url, addresses }: Target,
  { policy, loopbackAllowed }: Readonly<{ policy: EgressPolicy; loopbackAllowed: boolean }>,
): string | undefined => {
  const entries = policy.allow.filter((entry) =>
    entry.host.kind === 'range' ? hasAll(entry, { url, addresses }) : namesHost(entry, url),
  )
  if (policy.allow.length > 0 && entries.length === 0) return unlisted(url)
  const hosts = entries.map(({ host }) => host)
  const open: Readonly<Record<Zone, boolean>> = {
    public: true,
    private: policy.allowPrivate || hosts.some(({ kind }) => kind !== 'below'),
    loopback: loopbackAllowed || hosts.some(isOfMachine),
    'link-local': hosts.some(({ kind }) => kind === 'range'),
    metadata: false,
    forbidden: false,
  }
  const closed = addresses.map(zoneOf).find((zone) => !open[zone])
  return closed && `${hostOf(url)} ${isIP(hostOf(url)) ? 'is' : 'leads to'} ${sentences[closed]}`
}

/** The host of a URL, an IPv6 address without its brackets. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '')

export const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === 'http:' ? 80 : 443)

const unlisted = (url: URL): string => `${url.protocol}//${url.host} is not in the project's list egress.allow`

const sentences: Readonly<Record<Exclude<Zone, 'public'>, string> & { public: string }> = {
  public: '',
  private:
    'a private address: only a project that names the host in egress.allow, or sets egress.allow_private, may call it',
  loopback: 'a loopback address: only a project that has this address in egress.allow may call it',
  'link-local': 'a link-local address: only a project that has this address in egress.allow may call it',
  metadata: 'an address where clouds keep credentials, which nobody may call',
  forbidden: 'no address of a host on the network, which nobody may call',
}

const namesHost = (entry: AllowedHost, url: URL): boolean => fitsPort(entry, url) && fitsName(entry.host, hostOf(url))

const fitsPort = ({ scheme, port }: AllowedHost, url: URL): boolean =>
  (scheme === null || `${scheme}:` === url.protocol) && (port === null || port === portOf(url))

const fitsName = (host: HostPattern, name: string): boolean => {
  switch (host.kind) {
    case 'name':
      return host.name === name
    case 'below':
      return host.name === '' || name.endsWith(`.${host.name}`)
    case 'range':
      return false
    default:
      return host satisfies never
  }
}

const hasAll = (entry: AllowedHost, { url, addresses }: Target): boolean => {
  if (entry.host.kind !== 'range' || !fitsPort(entry, url)) return false
  const { network, prefix, family } = entry.host
  const list = new BlockList()
  list.addSubnet(network, prefix, family)
  return addresses.every((address) => isIP(address) === (family === 'ipv4' ? 4 : 6) && list.check(address, family))
}

const isOfMachine = (host: HostPattern): boolean =>
  host.kind === 'range' || (host.kind === 'name' && /^(.+\.)?localhost$/.test(host.name))
