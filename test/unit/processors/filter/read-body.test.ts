import { describe, expect, test } from 'vitest'
import { readBody } from '../../../../processors/filter/read-body.ts'
import { Fault } from '../../../../topology/flow/fault.ts'

const read = (body: string | Buffer, contentType = 'application/json') =>
  readBody({ contentType, body: Buffer.from(body as string) })

describe('readBody', () => {
  test.each(['{"a":[1,"é",null]}', '1', '"\\u0000"', '"\\ud800"', ' [] '])(
    'reads what RFC 8259 calls JSON: %s',
    (body) => {
      expect(read(body)).toEqual(JSON.parse(body))
    },
  )

  test('leaves out a byte order mark', () => {
    expect(read('\ufeff{"a":1}')).toEqual({ a: 1 })
  })

  test.each([
    ['nothing', Buffer.of(), 'not JSON: Unexpected end of JSON input'],
    [
      'a comma too many',
      Buffer.from('{"a":1,}'),
      'not JSON: Expected double-quoted property name in JSON at position 7 (line 1 column 8)',
    ],
    ['NaN', Buffer.from('NaN'), 'not JSON: '],
    ['a leading zero', Buffer.from('01'), 'position 1'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'not UTF-8'],
    ['a surrogate as bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'not UTF-8'],
    ['Latin-1', Buffer.from('"caf\u00e9"', 'latin1'), 'not UTF-8'],
    ['deep nesting', Buffer.from('['.repeat(501) + ']'.repeat(501)), 'nested deeper than 500'],
    ['nesting that would break a parser', Buffer.alloc(5_000_000, '['), 'nested deeper than 500'],
  ])('refuses %s, and says why', (_, body, detail) => {
    expect(() => read(body)).toThrow(Fault)
    expect(() => read(body)).toThrow(
      expect.objectContaining({ code: 'message-unreadable', message: expect.stringContaining(detail) }),
    )
  })

  test('reads 500 levels', () => {
    expect(read('['.repeat(500) + ']'.repeat(500))).toBeInstanceOf(Array)
  })

  test.each([
    'application/json',
    'Application/JSON ; charset=UTF-8',
    'application/json; charset="utf-8"',
    'application/json;charset=utf8; q=1',
    'application/json; profile=x',
    'application/json;',
    'text/json',
    'application/fhir+json; fhirVersion=4.0',
    'application/vnd.api+json',
  ])('takes %s for JSON', (type) => {
    expect(read('{}', type)).toEqual({})
  })

  test.each([
    '',
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'application/json; charset=iso-8859-1',
    'application/json; charset=utf-16',
    'application/octet-stream; x=application/json',
    'json',
  ])('does not take "%s" for JSON', (type) => {
    expect(() => read('{}', type)).toThrow('the content type is not JSON')
  })
})
