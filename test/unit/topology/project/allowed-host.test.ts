import { describe, expect, test } from 'vitest'
import { parseAllowedHost } from '../../../../topology/project/allowed-host.ts'

const name = (name: string) => ({ kind: 'name', name })
const below = (name: string) => ({ kind: 'below', name })
const range = (network: string, prefix: number) => ({
  kind: 'range',
  network,
  prefix,
  family: network.includes(':') ? 'ipv6' : 'ipv4',
})

describe('an allowed host', () => {
  test.each([
    ['https://api.example', { scheme: 'https', port: 443, host: name('api.example') }],
    ['HTTP://API.Example/', { scheme: 'http', port: 80, host: name('api.example') }],
    ['http://erp.local:8080', { scheme: 'http', port: 8080, host: name('erp.local') }],
    ['https://*.example', { scheme: 'https', port: 443, host: below('example') }],
    ['postgresql://db.local', { scheme: 'postgresql', port: 5432, host: name('db.local') }],
    ['postgres://DB.local:6432', { scheme: 'postgresql', port: 6432, host: name('db.local') }],
    ['https://*', { scheme: 'https', port: 443, host: below('') }],
    ['*', { scheme: null, port: null, host: below('') }],
    ['api.example', { scheme: null, port: null, host: name('api.example') }],
    ['api.example.:8443', { scheme: null, port: 8443, host: name('api.example') }],
    ['*.bücher.example', { scheme: null, port: null, host: below('xn--bcher-kva.example') }],
    ['10.1.2.3', { scheme: null, port: null, host: range('10.1.2.3', 32) }],
    ['http://0x0a.1.2.3:9000', { scheme: 'http', port: 9000, host: range('10.1.2.3', 32) }],
    ['10.0.0.0/8', { scheme: null, port: null, host: range('10.0.0.0', 8) }],
    ['fd00::/8', { scheme: null, port: null, host: range('fd00::', 8) }],
    ['fd00::1', { scheme: null, port: null, host: range('fd00::1', 128) }],
    ['https://[FD00::1]:8443', { scheme: 'https', port: 8443, host: range('fd00::1', 128) }],
  ])('may be %s', (written, expected) => {
    expect(parseAllowedHost(written)).toEqual(expected)
  })

  test.each([
    '',
    'https://',
    'ftp://a.example',
    'postgresql://db.local/clinic',
    'https://a.example/v1',
    'https://a.example?x',
    'https://user@a.example',
    'a.*.example',
    'a*.example',
    '*.*.example',
    '*.10.1.2.3',
    'a.example:0',
    'a.example:65536',
    'a.example:',
    'a b.example',
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0.0/8/9',
    '10.0.0.0/x',
    'fe80::1%eth0',
    'https://[fe80::1%25eth0]',
    'https://10.0.0.0/8',
    '1.2.3.400',
    'a..example',
  ])('is not %j', (written) => {
    expect(parseAllowedHost(written)).toBeNull()
  })
})
