import { describe, expect, test } from 'vitest'
import { contains } from '../../../../processors/filter/contains.ts'
import { parseExact } from '../../../../topology/words/json.ts'
import { jsonPairs } from '../../../fixtures/json-pairs.ts'
import { openPostgres } from '../../../fixtures/postgres.ts'

const says = (whole: string, part: string): boolean => contains(parseExact(whole), parseExact(part))

/** Cases of the rules in PostgreSQL's manual (8.14.3) and around them; the oracle below is asked about each, too. */
const cases: readonly (readonly [whole: string, part: string, holds: boolean])[] = [
  ['{"a":1,"b":2}', '{"a":1}', true],
  ['{"a":1}', '{"a":1,"b":2}', false],
  ['{"a":1}', '{}', true],
  ['[]', '{}', false],
  ['{}', '[]', false],
  ['{"a":{"b":1}}', '{"a":{}}', true],
  ['{"a":[1]}', '{"a":{}}', false],
  ['{"a":[1]}', '{"a":[]}', true],
  ['{"a":{}}', '{"a":[]}', false],
  ['1', '1', true],
  ['1', '"1"', false],
  ['true', '"true"', false],
  ['null', 'null', true],
  ['0', 'null', false],
  ['{"a":null}', '{"a":null}', true],
  ['{}', '{"a":null}', false],
  ['[1,2,3]', '[3,1]', true],
  ['[1]', '[1,1]', true],
  ['[1,2]', '[1,4]', false],
  ['[{"a":1},{"b":2}]', '[{"a":1,"b":2}]', false],
  ['[{"a":1,"b":2}]', '[{"a":1},{"b":2}]', true],
  ['[[1,2]]', '[[1]]', true],
  ['[[1],[2]]', '[[1,2]]', false],
  ['["x","y"]', '"x"', true],
  ['"x"', '["x"]', false],
  ['{"a":["x"]}', '{"a":"x"}', false],
  ['[["x"]]', '"x"', false],
  ['[["x"]]', '["x"]', false],
  ['[null]', 'null', true],
  ['[1.0]', '1', true],
  ['[{"a":1}]', '{"a":1}', false],
  ['{"x":{"a":1}}', '{"a":1}', false],
  ['1', '1.0', true],
  ['1e0', '1', true],
  ['0', '-0', true],
  ['-0.0e7', '0', true],
  ['9007199254740993', '9007199254740992', false],
  ['9007199254740992', '9007199254740993', false],
  ['9007199254740993', '9007199254740993.0', true],
  ['0.1', '0.10000000000000000555', false],
  ['0.1', '1e-1', true],
  ['1e400', '10e399', true],
  ['1e400', '1e401', false],
  ['1e-400', '0', false],
  ['100000000000000000000000', '1e23', true],
  ['-1e23', '1e23', false],
  ['"é"', '"\\u00e9"', true],
  ['"é"', '"e\\u0301"', false],
  ['"a"', '"A"', false],
  ['{"":1}', '{"":1}', true],
  ['{"a":1,"a":2}', '{"a":1}', false],
  ['{"a":1,"a":2}', '{"a":2}', true],
  ['{}', '{"__proto__":{}}', false],
  ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}', true],
  ['{"__proto__":{"a":1.0}}', '{"a":1}', false],
  ['{}', '{"constructor":{}}', false],
  ['{"constructor":1}', '{"constructor":1}', true],
  ['[1]', '{"length":1}', false],
  ['"ab"', '{"length":2}', false],
  ['{"a":1e1}', '{"a":{}}', false],
  ['{"a":1e1}', '{"a":{"rawJSON":"1e1"}}', false],
  ['{"a":{"rawJSON":"1e1"}}', '{"a":1e1}', false],
]

describe('contains', () => {
  test.each(cases)('%s @> %s is %s', (whole, part, holds) => {
    expect(says(whole, part)).toBe(holds)
  })

  test('agrees with PostgreSQL on the cases above and on 24,000 generated pairs', { timeout: 60_000 }, async () => {
    await using postgres = await openPostgres()
    const known = cases.map(([body, filter]) => ({ body, filter }))
    const pairs = [...known, ...jsonPairs(1, 8_000), ...jsonPairs(2, 8_000), ...jsonPairs(20_261_121, 8_000)]
    const answers = await postgres.contains(pairs)

    expect(answers.length).toBe(pairs.length)
    expect(pairs.filter(({ body, filter }, at) => says(body, filter) !== answers[at])).toEqual([])
    const matching = answers.filter((answer) => answer).length / answers.length
    expect(matching).toBeGreaterThan(0.4)
    expect(matching).toBeLessThan(0.6)
  })

  test('takes what jsonb cannot hold as plain text', () => {
    expect(says('{"a":"\\u0000"}', '{"a":"\\u0000"}')).toBe(true)
    expect(says('{"a":"\\u0000"}', '{"a":""}')).toBe(false)
    expect(says('{"a":"\\ud800"}', '{"a":"\\ud800"}')).toBe(true)
    expect(says('{"a":"\\ud800"}', '{"a":"\\udbff"}')).toBe(false)
    expect(says('{"a":"\\ud800"}', '{"a":"\\ufffd"}')).toBe(false)
  })

  test('compares numbers of any size without writing them out', () => {
    expect(says('1e999999999', '10e999999998')).toBe(true)
    expect(says('1e999999999', '1e-999999999')).toBe(false)
    expect(says('1e00000000000000000000000000000001', '10')).toBe(true)
    expect(says('1e99999999999999999999', '1.0e+99999999999999999999')).toBe(true)
    expect(says('1e99999999999999999999', '1e99999999999999999998')).toBe(false)
    expect(says('1e99999999999999999999', '1e-99999999999999999999')).toBe(false)
    expect(says(`1${'0'.repeat(2_000_000)}`, '1e2000000')).toBe(true)
    expect(says(`0.${'0'.repeat(2_000_000)}1`, '1e-2000001')).toBe(true)
    expect(says(`1e${'9'.repeat(2_000_000)}`, '1')).toBe(false)
  })

  test('goes as deep as a body may', () => {
    const nested = (of: string) => '['.repeat(500) + of + ']'.repeat(500)
    expect(says(nested('1'), nested('1'))).toBe(true)
    expect(says(nested('1'), nested('2'))).toBe(false)
  })
})
