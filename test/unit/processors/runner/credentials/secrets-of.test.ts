import { describe, expect, test } from 'vitest'
import { configurationOf } from '../../../../../processors/runner/credentials/configuration.ts'
import { secretsOf } from '../../../../../processors/runner/credentials/secrets-of.ts'
import type { JsonObject } from '../../../../../topology/words/json.ts'

describe('what of a credential is secret', () => {
  test('in a raw one, every text of eight characters but names and addresses, at any depth', () => {
    const body = {
      user: 'amina.willow',
      username: 'amina.willow',
      email: 'amina@clinic.example',
      host: 'db.clinic.example',
      baseUrl: 'https://clinic.example',
      instance_url: 'https://instance.example',
      database: 'registrations',
      port: '54321000',
      password: 'correct-horse',
      pin: 'seven77',
      nested: { token: 'k7Vb-2mPq', list: ['battery-staple', { userName: 'amina.willow', key: 'staple-battery' }] },
      count: 123456789,
    }
    expect(secretsOf({ body, schema: null })).toEqual([
      'correct-horse',
      'k7Vb-2mPq',
      'battery-staple',
      'staple-battery',
    ])
  })

  test('in an address, the password', () => {
    const body = { url: 'postgres://amina:correct%2Dhorse@db.example/x', hostUrl: 'https://clinic.example/long/path' }
    expect(secretsOf({ body, schema: null })).toEqual(['correct%2Dhorse', 'correct-horse'])
  })

  test.each<[string, JsonObject, readonly string[]]>([
    ['writeOnly', { properties: { a: { writeOnly: true }, b: {} } }, ['alpha-alpha', 'gamma-gamma']],
    ['format password', { properties: { b: { format: 'password' }, a: {}, c: {} } }, ['bravo-bravo', 'gamma-gamma']],
    ['a whole object', { properties: { a: {}, b: {}, c: { writeOnly: true } } }, ['gamma-gamma']],
    [
      'behind a reference',
      { properties: { a: { $ref: '#/$defs/s' }, b: {}, c: {} }, $defs: { s: { writeOnly: true } } },
      ['alpha-alpha', 'gamma-gamma'],
    ],
    [
      'in a part of it',
      { allOf: [{ properties: { b: { writeOnly: true } } }, { properties: { a: {}, c: {} } }] },
      ['bravo-bravo', 'gamma-gamma'],
    ],
    [
      'in items',
      { properties: { a: {}, b: {}, c: { properties: { d: { items: { writeOnly: true } } } } } },
      ['gamma-gamma'],
    ],
    ['nothing: by names', { properties: { a: {}, b: {}, c: {} } }, ['alpha-alpha', 'bravo-bravo', 'gamma-gamma']],
    [
      'a schema that refers to itself',
      { $ref: '#', properties: { a: { writeOnly: true, $ref: '#' }, b: {}, c: {} } },
      ['alpha-alpha', 'gamma-gamma'],
    ],
  ])('in a typed one, what the schema marks, and what it does not speak of: %s', (_what, schema, found) => {
    const body = { a: 'alpha-alpha', b: 'bravo-bravo', c: { d: ['gamma-gamma'] } }
    expect(secretsOf({ body, schema })).toEqual(found)
  })

  test('in a typed one, what the schema marks is so from four characters on, numbers too', () => {
    const properties = { pin: { writeOnly: true }, code: { format: 'password' }, short: { writeOnly: true } }
    const body = { pin: 4711, code: 'wolf', short: 'abc', other: 'seven77' }
    expect(secretsOf({ body, schema: { properties } })).toEqual(['4711', 'wolf'])
  })
})

test('addresses lose the slash at their end, and empty texts are left out', () => {
  const body = {
    instanceUrl: 'a/',
    host: 'b/',
    hostUrl: 'c',
    apiUrl: 'd//',
    baseUrl: 'https://e/f/',
    url: 'g/',
    token: '',
    n: 0,
  }
  expect(configurationOf(body)).toEqual({
    ...{ instanceUrl: 'a', host: 'b', hostUrl: 'c', apiUrl: 'd', baseUrl: 'https://e/f', url: 'g/', n: 0 },
  })
})
