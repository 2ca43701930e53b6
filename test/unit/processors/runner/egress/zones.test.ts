import { expect, test } from 'vitest'
import { type Zone, zoneOf } from '../../../../../processors/runner/egress/zones.ts'

// The first and the last address of each range, and their neighbours.
test.each<[Zone, string]>([
  [
    'public',
    '1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0',
  ],
  [
    'public',
    '172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 192.0.1.0',
  ],
  ['public', '2000:: 2001:200:: 2001:db7:ffff::1 2001:db9:: 2003:: 2606:4700::1111 3ffe:ffff::1 3fff:1000::'],
  [
    'private',
    '10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 100.64.0.0 100.127.255.255',
  ],
  ['private', '198.18.0.0 198.19.255.255 fc00:: fdff:ffff::1'],
  ['loopback', '127.0.0.0 127.255.255.255 ::1 0:0:0:0:0:0:0:1'],
  ['link-local', '169.254.0.0 169.254.255.255 fe80:: febf:ffff::1 fe80::1%eth0 fe80::1%none fe80::1%1'],
  [
    'metadata',
    '169.254.169.254 169.254.170.2 169.254.170.23 100.100.100.200 168.63.129.16 fd00:ec2::254 fd00:ec2:0::23',
  ],
  [
    'forbidden',
    '0.0.0.0 0.255.255.255 192.0.0.0 192.0.0.255 192.0.2.9 198.51.100.9 203.0.113.9 224.0.0.0 240.0.0.0 255.255.255.255',
  ],
  [
    'forbidden',
    ':: ::2 ::127.0.0.1 ::ffff:1.1.1.1 ::ffff:0:1.1.1.1 64:ff9b::1.1.1.1 64:ff9b:1::1 100::1 fec0::1 ff02::1 4000:: 1fff:ffff::1',
  ],
  ['forbidden', '2001:: 2001:1ff:ffff::1 2001:db8::1 2002:: 2002:ffff:ffff::1 3fff:: 3fff:fff::1'],
  ['forbidden', 'localhost 1.2.3 0x7f.0.0.1 256.1.1.1 [::1]'],
])('%s: %s', (zone, addresses) => {
  expect(addresses.split(' ').map((address) => [address, zoneOf(address)])).toEqual(
    addresses.split(' ').map((address) => [address, zone]),
  )
})
