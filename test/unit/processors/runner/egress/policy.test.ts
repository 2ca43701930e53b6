import { describe, expect, test } from 'vitest'
import { refusedByAddress, refusedByName } from '../../../../../processors/runner/egress/policy.ts'
import { policyOf } from './calls.ts'

const refusal = (
  url: string,
  addresses: readonly string[],
  { allow = [], allowPrivate = false, loopbackAllowed = false }: Partial<Wish> = {},
): string => {
  const policy = policyOf(allow, allowPrivate)
  const to = new URL(url)
  const said = refusedByName(to, policy) ?? refusedByAddress({ url: to, addresses }, { policy, loopbackAllowed })
  return /egress\.allow$|private|loopback|link-local|clouds|no address/.exec(said ?? 'allowed')?.[0] ?? 'allowed'
}

type Wish = Readonly<{ allow: readonly string[]; allowPrivate: boolean; loopbackAllowed: boolean }>

const [open, inside, here, metadata] = ['93.184.216.34', '10.1.2.3', '127.0.0.1', '169.254.169.254']

describe('a project', () => {
  test.each<[string, string, readonly string[], Partial<Wish>, string]>([
    ['without a list may call all that is public', 'http://a.example:81/', [open], {}, 'allowed'],
    ['and nothing else', 'http://a.example/', [inside], {}, 'private'],
    ['may open its private network', 'http://a.example/', [inside, open], { allowPrivate: true }, 'allowed'],
    ['and unique local addresses', 'http://a.example/', ['fd00::1'], { allowPrivate: true }, 'allowed'],
    ['but not this machine by that', 'http://a.example/', [here], { allowPrivate: true }, 'loopback'],
    ['nor its link', 'http://a.example/', ['fe80::1'], { allowPrivate: true }, 'link-local'],
    ['nor metadata', 'http://169.254.169.254/', [metadata], { allowPrivate: true }, 'clouds'],
    ['nor what is no address', 'http://a.example/', ['::ffff:10.0.0.1'], { allowPrivate: true }, 'no address'],
    ['of the demo may call this machine', 'http://localhost/', [here, '::1'], { loopbackAllowed: true }, 'allowed'],
    ['of the demo nothing private', 'http://a.example/', [inside], { loopbackAllowed: true }, 'private'],

    ['with a list may call what is on it', 'https://a.b.example/', [open], { allow: ['https://*.example'] }, 'allowed'],
    ['and nothing else', 'https://a.test/', [open], { allow: ['https://*.example'] }, 'egress.allow'],
    ['not the name below which it names all', 'https://example/', [open], { allow: ['*.example'] }, 'egress.allow'],
    ['not a name that ends alike', 'https://bad-example/', [open], { allow: ['*.example'] }, 'egress.allow'],
    ['not by another scheme', 'http://a.example/', [open], { allow: ['https://*.example'] }, 'egress.allow'],
    [
      'not by another scheme at the same port',
      'http://a.example:443/',
      [open],
      { allow: ['https://a.example'] },
      'egress.allow',
    ],
    ['not at another port', 'https://a.example:8443/', [open], { allow: ['https://a.example'] }, 'egress.allow'],
    ['at the port that it names', 'http://a.example:81/', [open], { allow: ['http://a.example:81'] }, 'allowed'],
    ['at any, when it names none', 'http://a.example:81/', [open], { allow: ['a.example'] }, 'allowed'],
    ['at all hosts with a star', 'https://a.example/', [open], { allow: ['https://*'] }, 'allowed'],
    ['at addresses by a range', 'http://a.example/', [open], { allow: ['93.184.216.0/24'] }, 'allowed'],
    ['not when one is outside', 'http://a.example/', [open, '1.1.1.1'], { allow: ['93.184.216.0/24'] }, 'egress.allow'],
    ['not by a range of the other family', 'http://[2600::1]/', ['2600::1'], { allow: ['0.0.0.0/0'] }, 'egress.allow'],

    ['opens a private host by naming it', 'http://erp.local/', [inside], { allow: ['http://erp.local'] }, 'allowed'],
    ['and its address', 'http://10.1.2.3/', [inside], { allow: ['10.1.2.3'] }, 'allowed'],
    ['and a range of them', 'http://erp.local/', [inside], { allow: ['10.0.0.0/8'] }, 'allowed'],
    ['not with a star', 'http://erp.local/', [inside], { allow: ['*.local'] }, 'private'],
    ['not this machine by a name', 'http://erp.local/', [here], { allow: ['erp.local'] }, 'loopback'],
    ['but by its address', 'http://127.0.0.1:8080/', [here], { allow: ['127.0.0.1:8080'] }, 'allowed'],
    ['at no other port of it', 'http://127.0.0.1:9092/', [here], { allow: ['http://127.0.0.1:8080'] }, 'egress.allow'],
    ['and as localhost', 'http://localhost:8080/', [here, '::1'], { allow: ['localhost'] }, 'allowed'],
    [
      'and a link-local host by its address',
      'http://a.local/',
      ['169.254.9.9'],
      { allow: ['169.254.0.0/16'] },
      'allowed',
    ],
    ['never metadata', 'http://169.254.169.254/', [metadata], { allow: ['169.254.169.254'] }, 'clouds'],
    ['never what is no address', 'http://0.0.0.0/', ['0.0.0.0'], { allow: ['0.0.0.0/0'] }, 'no address'],
  ])('%s: %s', (_what, url, addresses, wish, expected) => {
    expect(refusal(url, addresses, wish)).toBe(expected)
  })
})
