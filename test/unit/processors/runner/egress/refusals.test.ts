import { describe, expect, test } from 'vitest'
import { callOf, contextOf, failureOf, lookupIn, openAt, policyOf } from './calls.ts'

const spellings = `
http://127.0.0.1/ http://127.1/ http://127.0.1/ http://127.255.255.254/ http://2130706433/ http://0x7f000001/ http://0x7f.0.0.1/ http://0x7f.1/
http://0177.0.0.1/ http://017700000001/ http://0177.1/ http://0X7F.0x0.0x0.0x1/ http://127.0.0.1./ http://１２７.0.0.1/ http://127。0。0。1/ http://%31%32%37.0.0.1/
http://user:password@127.0.0.1/ http://127.0.0.1:8080/ http:127.0.0.1/ http:\\\\127.0.0.1/ http://①②⑦.⓪.⓪.①/ https://[::1]/ http://[0:0:0:0:0:0:0:1]/
http://[0000:0000:0000:0000:0000:0000:0000:0001]/ http://0/ http://0.0.0.0/ http://0.1.2.3/ http://00000000/ http://[::]/ http://[::127.0.0.1]/ http://[::7f00:1]/
http://10.0.0.1/ http://10.255.255.255/ http://167772161/ http://0xa000001/ http://012.0.0.1/ http://172.16.0.1/ http://172.31.255.255/ http://192.168.1.1/ http://0xc0a80101/
http://100.64.0.1/ http://100.127.255.254/ http://198.18.0.1/ http://[fc00::1]/ http://[fd12:3456:789a::1]/
http://169.254.169.254/latest/meta-data/ http://0xa9fea9fe/ http://2852039166/ http://0251.0376.0251.0376/ http://169.254.43518/ http://169.254.170.2/ http://169.254.1.1/
http://100.100.100.200/ http://168.63.129.16/ http://192.0.0.192/ http://[fd00:ec2::254]/ http://[fd20:ce::254]/ http://[fe80::1]/ http://[febf::1]/ http://[fe80::a9fe:a9fe]/ http://[fec0::1]/
http://[::ffff:127.0.0.1]/ http://[::ffff:7f00:1]/ http://[0:0:0:0:0:ffff:10.0.0.1]/ http://[::ffff:169.254.169.254]/ http://[::ffff:8.8.8.8]/ http://[::ffff:0:127.0.0.1]/
http://[64:ff9b::7f00:1]/ http://[64:ff9b::10.0.0.1]/ http://[64:ff9b::169.254.169.254]/ http://[64:ff9b:1::a00:1]/ http://[2002:7f00:1::]/ http://[2002:a00:1::1]/ http://[2002:c0a8:101::1]/
http://[2001::1]/ http://[2001:0:7f00:1::]/ http://[2001:10::1]/ http://[2001:db8::1]/ http://[3fff::1]/ http://[100::1]/ http://[5f00::1]/ http://[4000::1]/
http://192.0.2.1/ http://198.51.100.1/ http://203.0.113.1/ http://192.88.99.1/ http://224.0.0.1/ http://239.255.255.250/ http://240.0.0.1/ http://255.255.255.255/ http://4294967295/
http://[ff02::1]/ http://[ff0e::1]/
`
  .trim()
  .split(/\s+/)

test('there are many ways to write where nobody may go', () => {
  expect(new Set(spellings).size).toBeGreaterThan(90)
})

describe('nothing is asked at', () => {
  test.each(spellings)('%s', async (url) => {
    const lookup = lookupIn({})
    await using egress = openAt({ loopbackAllowed: false, lookup })
    const { code, message } = await failureOf(egress, callOf(url))
    expect(code).toBe('EGRESS_REFUSED')
    expect(message).toMatch(/ is (a private|a loopback|a link-local|an) address| is no address of a host/)
    expect(message).not.toContain('password')
    expect(lookup.asked).toEqual([])
  })

  test.each([
    ['http://[fe80::1%25eth0]/', 'INVALID_CALL'],
    ['http://[::1%eth0]/', 'INVALID_CALL'],
    ['http://256.0.0.1/', 'INVALID_CALL'],
    ['http://127.0.0.0x/', 'EGRESS_REFUSED'],
    ['/path', 'INVALID_CALL'],
    ['//127.0.0.1/', 'INVALID_CALL'],
    ['', 'INVALID_CALL'],
    ['http://', 'INVALID_CALL'],
    ['http://127.0.0.1:99999/', 'INVALID_CALL'],
    ['file:///etc/passwd', 'EGRESS_REFUSED'],
    ['ftp://127.0.0.1/', 'EGRESS_REFUSED'],
    ['gopher://127.0.0.1:6379/_x', 'EGRESS_REFUSED'],
    ['data:text/plain,x', 'EGRESS_REFUSED'],
    ['unix:/run/docker.sock', 'EGRESS_REFUSED'],
    ['ws://127.0.0.1/', 'EGRESS_REFUSED'],
    ['javascript:1', 'EGRESS_REFUSED'],
  ])('%s: %s', async (url, code) => {
    await using egress = openAt({ loopbackAllowed: false })
    expect(await failureOf(egress, callOf(url))).toMatchObject({ code })
  })
})

describe('a name is refused', () => {
  test.each([
    ['one private address', [['10.1.2.3']], ' leads to a private address'],
    ['a loopback address', [['127.0.0.1']], ' leads to a loopback address'],
    ['a loopback address of IPv6', [['::1']], ' leads to a loopback address'],
    ['the address of metadata', [['169.254.169.254']], ' leads to an address where clouds keep credentials'],
    ['a mapped address', [['::ffff:127.0.0.1']], ' leads to no address of a host'],
    ['a translated address', [['64:ff9b::a00:1']], ' leads to no address of a host'],
    ['a link-local address with its zone', [['fe80::1%eth0']], ' leads to a link-local address'],
    ['a good address and a bad one', [['93.184.216.34', '10.1.2.3']], ' leads to a private address'],
    ['a bad address and a good one', [['10.1.2.3', '93.184.216.34']], ' leads to a private address'],
    ['what is no address', [['localhost']], ' leads to no address of a host'],
  ])('that has %s', async (_what, answers, message) => {
    await using egress = openAt({ loopbackAllowed: false, lookup: lookupIn({ 'evil.example': answers }) })
    const failure = await failureOf(egress, callOf('http://evil.example/'))
    expect(failure.code).toBe('EGRESS_REFUSED')
    expect(failure.message).toContain(`evil.example${message}`)
    expect(failure.message).not.toMatch(/\d+\.\d+\.\d+\.\d+/)
  })

  test('that has no address', async () => {
    await using egress = openAt({ lookup: lookupIn({ 'none.example': [[]] }) })
    expect(await failureOf(egress, callOf('http://none.example/'))).toMatchObject({ code: 'ENOTFOUND' })
    expect(await failureOf(egress, callOf('http://unknown.example/'))).toEqual({
      code: 'ENOTFOUND',
      message: 'unknown.example is no host that can be found',
    })
  })

  test('that the project does not list, before anybody is asked for it', async () => {
    const lookup = lookupIn({ 'data.evil.example': [['93.184.216.34']] })
    await using egress = openAt({ lookup })
    const context = contextOf({ policy: policyOf(['https://*.clinic.example']) })
    expect(await failureOf(egress, callOf('https://data.evil.example/?x'), context)).toEqual({
      code: 'EGRESS_REFUSED',
      message: "https://data.evil.example is not in the project's list egress.allow",
    })
    expect(lookup.asked).toEqual([])
  })
})
