import { BlockList, isIP } from 'node:net'

/**
 * What kind of address it is, by the registries of IANA (RFC 6890 and its successors). `metadata` is where clouds hand out the credentials of
 * the machine; `forbidden` is what is no address of a host: groups, documentation, and all that wraps an IPv4 address in an IPv6 one.
 */
export type Zone = 'public' | 'private' | 'loopback' | 'link-local' | 'metadata' | 'forbidden'

/** Text that is no address is forbidden. */
export const zoneOf = (address: string): Zone => {
  const version = isIP(address)
  if (version === 0) return 'forbidden'
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const found = zones[family].find(({ list }) => list.check(address, family))
  return found?.zone ?? (version === 4 ? 'public' : 'forbidden')
}

// The first that fits counts. Of IPv6, only what was ever given out to hosts (2000::/3) is public.
const ranges = {
  ipv4: [
    ['metadata', '169.254.169.254 169.254.170.2 169.254.170.23 100.100.100.200 168.63.129.16'],
    ['loopback', '127.0.0.0/8'],
    ['link-local', '169.254.0.0/16'],
    ['private', '10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 198.18.0.0/15'],
    ['forbidden', '0.0.0.0/8 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3'],
  ],
  ipv6: [
    ['metadata', 'fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fe80::a9fe:a9fe'],
    ['loopback', '::1'],
    ['link-local', 'fe80::/10'],
    ['private', 'fc00::/7'],
    ['forbidden', '2001::/23 2001:db8::/32 2002::/16 3fff::/20'],
    ['public', '2000::/3'],
  ],
} as const satisfies Record<'ipv4' | 'ipv6', readonly (readonly [Zone, string])[]>

const listOf = (family: 'ipv4' | 'ipv6', written: string): BlockList => {
  const list = new BlockList()
  for (const range of written.split(' ')) {
    const [network = '', prefix = family === 'ipv4' ? '32' : '128'] = range.split('/')
    list.addSubnet(network, Number(prefix), family)
  }
  return list
}

const zones = {
  ipv4: ranges.ipv4.map(([zone, written]) => ({ zone, list: listOf('ipv4', written) })),
  ipv6: ranges.ipv6.map(([zone, written]) => ({ zone, list: listOf('ipv6', written) })),
}
