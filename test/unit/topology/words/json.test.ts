import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contains } from '../../../../processors/filter/contains.ts'
import {
  depthOf,
  exactSource,
  isExactNumber,
  isJsonArray,
  isJsonObject,
  type Json,
  mayHoldInexactNumber,
  parseExact,
  sameJson,
} from '../../../../topology/words/json.ts'
import { jsonPairs } from '../../../fixtures/json-pairs.ts'

describe('parseExact', () => {
  test.each([
    ['9007199254740993', true],
    ['-9007199254740993', true],
    ['0.10000000000000000555', true],
    ['1e400', true],
    ['1E5', true],
    ['1.0e0', true],
    ['100000000000000000000', false],
    ['9007199254740992', false],
    ['1234567890.5', false],
    ['12', false],
  ])('%s is kept as text: %s', (text, kept) => {
    for (const read of [
      parseExact(text),
      (parseExact(`[${text}]`) as Json[])[0],
      (parseExact(`{"a": ${text}}`) as { a: Json }).a,
    ]) {
      expect(isExactNumber(read)).toBe(kept)
      expect(isExactNumber(read) ? exactSource(read) : String(read)).toBe(text)
    }
  })

  test('loses no digit on the way through, whatever the text', () => {
    for (const { body } of jsonPairs(7, 3_000)) {
      const [read, plain] = [parseExact(body), JSON.parse(body) as Json]
      const written = JSON.stringify(read)
      const again = parseExact(written)
      expect([contains(again, read), contains(read, again)]).toEqual([true, true])
      expect(JSON.stringify(JSON.parse(written))).toBe(JSON.stringify(plain))
    }
  })

  test('reads numbers as the source text access of JSON.parse does, whatever stands beside them', () => {
    const word = fc.constantFrom('"1e5"', '"\\"1e5"', '"\\\\"', 'true', 'null', '{}')
    const number = fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,24})?([eE][+-]?\d{1,3})?$/)
    const text = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        number,
        word,
        fc.array(tie('value')).map((items) => `[${items.join(', ')}]`),
        fc.array(fc.tuple(word, tie('value'))).map((members) => {
          const named = members.filter(([name]) => name.startsWith('"'))
          return `{${named.map(([name, value]) => `${name}:${value}`).join(',')}}`
        }),
      ),
    })).value
    fc.assert(
      fc.property(text, (text) => {
        expect(JSON.stringify(parseExact(text))).toBe(JSON.stringify(bySource(text)))
      }),
    )
  })

  test('says what is no JSON as JSON.parse does', () => {
    for (const text of ['', '{', '1e', '01', '[1e5,]', 'NaN']) expect(() => parseExact(text)).toThrow(SyntaxError)
  })

  test('__proto__ and constructor are keys like any other, on both ways through', () => {
    for (const number of ['1', '1e5']) {
      const read = parseExact(`{"__proto__":{"a":${number}},"constructor":1,"":2}`)
      expect(Object.keys(read as object)).toEqual(['__proto__', 'constructor', ''])
      expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
    }
  })

  test('an exact number is neither an array nor an object', () => {
    const read = parseExact('1e400')
    expect([isJsonArray(read), isJsonObject(read), isJsonObject(parseExact('{"rawJSON":"1e400"}'))]).toEqual([
      false,
      false,
      true,
    ])
  })
})

/** The slow way: what keeps the text of each number that may be inexact. */
const bySource = (text: string): unknown => {
  const parse = JSON.parse as (
    text: string,
    reviver: (...of: [string, unknown, { source?: string }]) => unknown,
  ) => unknown
  return parse(text, (_key, value, { source = '' }) =>
    typeof value === 'number' && mayHoldInexactNumber(source) && String(value) !== source
      ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source)
      : value,
  )
}

describe('sameJson', () => {
  test.each([
    ['{"a":[1,{"b":null}],"c":"x"}', '{"c":"x","a":[1,{"b":null}]}', true],
    ['1e400', '1e400', true],
    ['1e400', '1e401', false],
    ['1e400', '{"rawJSON":"1e400"}', false],
    ['{"rawJSON":"1e400"}', '1e400', false],
    ['[1,2]', '[2,1]', false],
    ['[1]', '[1,1]', false],
    ['[]', '{}', false],
    ['{}', '[]', false],
    ['null', '{}', false],
    ['{}', 'null', false],
    ['{"a":1}', '{"a":1,"b":2}', false],
    ['{"toString":1}', '{"a":1}', false],
    ['{"__proto__":1}', '{"__proto__":1}', true],
    ['{"__proto__":1}', '{"__proto__":2}', false],
    ['"1"', '1', false],
    ['0', 'false', false],
  ])('%s and %s: %s', (one, other, same) => {
    expect(sameJson(parseExact(one), parseExact(other))).toBe(same)
  })
})

describe('mayHoldInexactNumber', () => {
  test('never says no of a text that holds one', () => {
    const number = fc.tuple(fc.boolean(), fc.stringMatching(/^(0|[1-9]\d{0,24})(\.\d{1,24})?([eE][+-]?\d{1,4})?$/))
    fc.assert(
      fc.property(number, fc.constantFrom('', ' ', '\n', '\t', '\r'), ([minus, digits], space) => {
        const text = `${minus ? '-' : ''}${digits}`
        const inexact = String(JSON.parse(text)) !== text && /[eE]|[\d.]{16}/.test(text)
        if (!inexact) return
        for (const body of [text, space + text, `[${text}]`, `[1,${space}${text}]`, `{"a":${space}${text}}`]) {
          expect([body, mayHoldInexactNumber(body)]).toEqual([body, true])
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    '{"id":"019aa5e0-8c00-7111-8222-123456789abc","other":"3e7f4e2a-1e5d-4e6f-9e7a-0123456789ab"}',
    '{"hash":"d41d8cd98f00b204e9800998ecf8427e"}',
    '{"at":"2026-11-21T09:00:00.123Z","n":[1,2.5,-3,123456789012345]}',
  ])('does not take %s for one', (text) => {
    expect(mayHoldInexactNumber(text)).toBe(false)
  })

  test('is quick with texts that are made to be slow', () => {
    const hostile = [
      '1'.repeat(5_000_000),
      `[${'1.'.repeat(7)}${',1.1'.repeat(1_000_000)}]`,
      '-'.repeat(5_000_000),
      ' '.repeat(5_000_000),
    ]
    for (const text of hostile) expect(typeof mayHoldInexactNumber(text)).toBe('boolean')
  })
})

describe('depthOf', () => {
  const depth = (text: string): number => depthOf(Buffer.from(text))
  const nesting = (value: unknown): number =>
    typeof value !== 'object' || value === null ? 0 : 1 + Math.max(0, ...Object.values(value).map(nesting))

  test.each([
    ['1', 0],
    ['[]', 1],
    ['{"a":[1,{"b":2}],"c":[]}', 3],
    ['"[[["', 0],
    ['"\\"[["', 0],
    ['"\\\\"', 0],
    ['["\\\\",[]]', 2],
    ['', 0],
    [']]]]', 0],
  ])('of %s is %d', (text, levels) => {
    expect(depth(text)).toBe(levels)
  })

  test('is that of the value, whatever its strings hold', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(depth(text)).toBe(nesting(JSON.parse(text)))
      }),
    )
  })
})
