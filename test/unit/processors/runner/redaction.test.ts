import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redactor } from '../../../../processors/runner/redaction.ts'

const secret = 'p@ss/word+"ü"\\?'
const redact = redactor([secret])
const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('a secret in a text', () => {
  test.each<[string, string, string]>([
    ['as it is', `token=${secret};`, 'token=***;'],
    ['in a URL', `https://x.example/?t=${encodeURIComponent(secret)}&u=1`, 'https://x.example/?t=***&u=1'],
    [
      'in the path of a URL',
      new URL(`/a/${encodeURI(secret).replace('?', '%3F')}`, 'https://x.example').pathname,
      '/a/***',
    ],
    ['in a form', String(new URLSearchParams({ t: secret, u: '1' })), 't=***&u=1'],
    ['with small escapes', encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()), '***'],
    ['as JSON', JSON.stringify({ t: secret }), '{"t":"***"}'],
    ['as JSON in JSON', JSON.stringify(JSON.stringify({ t: secret })), '"{\\"t\\":\\"***\\"}"'],
    ['as JSON in ASCII', JSON.stringify(secret).replace('ü', '\\u00fc'), '"***"'],
    ['as JSON of PHP', JSON.stringify(secret).replace('/', '\\/').replace('ü', '\\u00fc'), '"***"'],
    ['as JSON with slashes escaped', JSON.stringify(secret).replace('/', '\\/'), '"***"'],
    ['in base64', base64(secret), '***=='],
    ['in base64 for URLs', Buffer.from(secret).toString('base64url'), '***'],
  ])('is replaced %s', (_how, text, after) => {
    expect(redact(text, 'text')).toBe(after)
  })

  test('is not to be read in the base64 of anything that holds it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 9 }),
        fc.uint8Array({ maxLength: 9 }),
        fc.boolean(),
        (before, after, forUrl) => {
          const all = Buffer.concat([before, Buffer.from(secret), after]).toString(forUrl ? 'base64url' : 'base64')
          const left = redact(`Basic ${all}`, 'text').replace('Basic ', '').split('***')
          expect(left).toHaveLength(2)
          for (const part of left) expect(part.replace(/=+$/, '').length).toBeLessThanOrEqual(16)
        },
      ),
    )
  })

  test.each(['S3cret pass$word', 'köln@2024!x', 'a b/c?d#e&f=g'])(
    'of %s is replaced wherever it stands in a URL',
    (one) => {
      const url = new URL('https://x.example/-/')
      url.pathname = `/-${one}`
      url.search = `?-${one}`
      expect(redactor([one])(url.href, 'text')).toBe('https://x.example/-***?-***')
      expect(redactor([one])(encodeURI(`/-${one}`), 'text')).toBe('/-***')
    },
  )

  test('may be as long as a key store', () => {
    const long = Array.from({ length: 3_000 }, (_, n) => `line ${n} of "it"`).join('\n')
    const both = redactor([long, secret])
    expect(both(`<${long}> ${secret} ${base64(long)}`, 'text')).toMatch(/^<\*\*\*> \*\*\* \*\*\*=*$/)
    expect(both(JSON.stringify({ long, secret }), 'json')).toBe('{"long":"***","secret":"***"}')
  })

  test('that holds another is replaced whole', () => {
    expect(redactor(['password', 'my-password-is-long'])('a my-password-is-long b password', 'text')).toBe(
      'a *** b ***',
    )
  })

  test('is all that is replaced', () => {
    const text = 'Amina Willow, p@ss/word, 7'
    expect(redact(text, 'text')).toBe(text)
    expect(redactor([])(secret, 'text')).toBe(secret)
  })

  test.each(['$&$1$$xx', 'a.*b|c(d)', '[x]{2}^$\\', '--------', '12345678'])('may be %s', (odd) => {
    expect(redactor([odd])(`<${odd}>`, 'text')).toBe('<***>')
    expect(redactor([odd])(JSON.stringify({ a: odd }), 'json')).toBe('{"a":"***"}')
  })
})

test.each<[string, string, string]>([
  ['without the spaces around it, as headers have it', '\n padded-secret', 'Bearer padded-secret'],
  ['in XML', 'se<cr>et&1', 'Bearer se&lt;cr&gt;et&amp;1'],
  ['in an attribute of XML', 'se<cr>et&"1"', 'Bearer se&lt;cr&gt;et&amp;&quot;1&quot;'],
  ['in base64 whose slashes are escaped', 'abc???def???', `Bearer ${base64('abc???def???').replaceAll('/', '\\/')}`],
])('a secret is replaced %s', (_how, one, text) => {
  expect(redactor([one])(text, 'text')).toMatch(/^Bearer ?\*\*\*=*$/)
})

describe('of a secret that was cut its beginning is replaced', () => {
  const long = 'S3cret/with "quotes" & more, 45 characters+++'
  const forms = [
    long,
    JSON.stringify(long).slice(1, -1),
    encodeURIComponent(long),
    base64(long),
    base64(`u:${long}`).slice(3),
  ]
  const known = redactor([long])

  test.each(forms)('wherever that was: %s', (form) => {
    for (let left = 8; left < form.length; left++) {
      const text = `x ${form.slice(0, left)}`
      expect(known(text, 'text')).toBe('x ***')
      expect(known(`${text}…, and more`, 'text')).toBe('x ***…, and more')
      expect(known(JSON.stringify(text), 'json')).toBe('"x ***"')
      expect(known(JSON.stringify({ body: `${text}…` }), 'json')).toBe('{"body":"x ***…"}')
    }
  })

  test('also when all of another one stands there', () => {
    expect(redactor(['password', 'password-is-long'])('a password-is-lo', 'text')).toBe('a ***')
  })

  test('and what only begins like it stays, where nothing was cut', () => {
    const json = JSON.stringify({ a: long.slice(0, 20), b: [long.slice(0, 12)] })
    expect(known(json, 'json')).toBe(json)
    expect(known(`${long.slice(0, 20)}. ${long.slice(0, 7)}`, 'text')).toBe(`${long.slice(0, 20)}. ${long.slice(0, 7)}`)
  })

  test('however long it is, and however often it repeats itself', () => {
    const pem = Array.from({ length: 3_000 }, (_, n) => `line ${n} of "it"`).join('\n')
    expect(redactor([pem])(`<${pem.slice(0, -1)}`, 'text')).toBe('<***')
    expect(redactor(['aaaaaaaaab'])('<aaaaaaaaaaaa', 'text')).toBe('<aaa***')
    const same = `${'ab'.repeat(30_000)}c`
    expect(redactor([same])(`c${'ab'.repeat(29_000)}${'…b'.repeat(50_000)}`, 'text')).toBe(`c***${'…b'.repeat(50_000)}`)
  })
})

describe('JSON stays JSON, and nothing of a secret is in it:', () => {
  const secrets = [secret, '12345678', ':true,"b"', 'n\nabcdefgh', 'nabcdefgh', 'true,null']

  test.each<[string, string, string]>([
    ['a value', JSON.stringify({ a: [secret] }), '{"a":["***"]}'],
    ['a key', JSON.stringify({ [secret]: 1 }), '{"***":1}'],
    ['a number', '{"a":12345678,"b":9912345678.5}', '{"a":"***","b":"***"}'],
    [
      'a number that no double holds',
      '{"a":123456789012345678901,"b":9007199254740993}',
      '{"a":"***","b":9007199254740993}',
    ],
    ['what only looks so outside of strings', '{"a":true,"b":[true,null]}', '{"a":true,"b":[true,null]}'],
    ['behind an escape that is not needed', `{"a":"\\u0031\\u0032345678"}`, '{"a":"***"}'],
    ['across an escape', JSON.stringify({ a: '\nabcdefgh' }), '{"a":"\\nabcdefgh"}'],
  ])('%s', (_what, before, after) => {
    expect(redactor(secrets)(before, 'json')).toBe(after)
  })

  test('whatever the JSON is', () => {
    const held = fc.constantFrom(...secrets.slice(0, 4)).map((one) => `x${one}y`)
    const json = fc.oneof(fc.jsonValue(), fc.dictionary(held, held), fc.array(held))
    fc.assert(
      fc.property(json, (value) => {
        const text = redactor(secrets)(JSON.stringify(value), 'json')
        expect(() => JSON.parse(text)).not.toThrow()
        const strings: string[] = []
        JSON.parse(text, (key, part) => {
          strings.push(key, typeof part === 'object' ? '' : String(part)) // an object may have a toString that is none
          return part
        })
        for (const one of secrets) expect(strings.filter((part) => part.includes(one))).toEqual([])
      }),
    )
  })

  test('a text without any is given back as it is, spaces and digits and all', () => {
    const text = '{ "a": 1.50, "b": [ ] }'
    expect(redactor(secrets)(text, 'json')).toBe(text)
  })

  test('a text that is none is taken as text', () => {
    expect(redact(`{"a":${secret}`, 'json')).toBe('{"a":***')
  })
})

test('the same list of secrets gives the same function', () => {
  const list = [secret]
  expect(redactor(list)).toBe(redactor(list))
})

describe('a secret of fewer than eight characters', () => {
  const short = redactor(['4711', 'a"bc'])

  test.each([
    ['pin 4711, user4711: <a"bc>', 'pin ***, user***: <***>'],
    ['1714711000 and 47110', '1714711000 and 47110'],
    [Buffer.from('4711').toString('base64'), Buffer.from('4711').toString('base64')],
    ['cut: 471', 'cut: 471'],
  ])('is found as it is, and not in longer numbers or in pieces: %s', (before, after) => {
    expect(short(before, 'text')).toBe(after)
  })

  test('is found in JSON as text and as the number that it is', () => {
    const before = { text: '4711', number: 4711, at: 1714711000, quoted: 'a"bc', 4711: [-4711] }
    expect(JSON.parse(short(JSON.stringify(before), 'json'))).toEqual({
      ...{ text: '***', number: '***', at: 1714711000, quoted: '***', '***': ['***'] },
    })
    expect(short(JSON.stringify({ inner: JSON.stringify({ a: 'a"bc' }) }), 'json')).not.toContain('bc')
  })
})
