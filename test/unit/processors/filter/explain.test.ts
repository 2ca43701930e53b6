import { describe, expect, test } from 'vitest'
import { contains } from '../../../../processors/filter/contains.ts'
import { explain, explainWithin } from '../../../../processors/filter/explain.ts'
import type { Mismatch, Wish } from '../../../../topology/project/mismatch.ts'
import { parseExact } from '../../../../topology/words/json.ts'
import { jsonPairs } from '../../../fixtures/json-pairs.ts'

const whyNot = (body: string, trigger: Partial<Wish>, source: string | null = 'inbox'): Mismatch | null => {
  const message = { source, contentType: 'application/json', body: Buffer.from(body) }
  const [why] = explain([{ sources: null, ...trigger }])(message)
  if (why === undefined) throw new Error('a trigger was forgotten')
  return why
}
const whyNotFilter = (body: string, filter: string): Mismatch | null => whyNot(body, { filter: parseExact(filter) })
const whyNotNot = (body: string, not: string): Mismatch | null => whyNot(body, { not: parseExact(not) })

type Case = readonly [body: string, filter: string, why: Partial<Mismatch>]

const visit = '{"form":"visit","triage":[{"bed":1},{"level":"yellow","bed":2},{"level":"green"}]}'

describe('a message that does not match is told the first place at which it fails', () => {
  test.each<Case>([
    ['{}', '{"form":"x"}', { problem: 'missing', path: '$.form', wanted: '"x"', found: null, nearest: null }],
    ['{"form":"y"}', '{"form":"x"}', { problem: 'other-value', path: '$.form', wanted: '"x"', found: '"y"' }],
    ['{"n":"5"}', '{"n":5}', { problem: 'other-type', path: '$.n', wanted: '5', found: '"5"' }],
    ['{"a":{"b":null}}', '{"a":{"b":{"c":1}}}', { problem: 'other-type', path: '$.a.b', found: 'null' }],
    ['{"a":["x"]}', '{"a":"x"}', { problem: 'other-type', path: '$.a', found: '["x"]' }],
    ['{"ok":true}', '{"ok":false}', { problem: 'other-value', path: '$.ok', wanted: 'false', found: 'true' }],
    ['{"b":2}', '{"z":1,"a":1,"b":1}', { problem: 'missing', path: '$.z' }],
    ['[]', '{}', { problem: 'other-type', path: '$', wanted: '{}', found: '[]' }],
    ['"text"', '{"form":"x"}', { problem: 'other-type', path: '$', found: '"text"' }],
    ['["a","b"]', '"c"', { problem: 'no-element', path: '$[*]', wanted: '"c"', found: '["a","b"]' }],
    ['{"tags":[1,2]}', '{"tags":[2,3]}', { problem: 'no-element', path: '$.tags[*]', wanted: '3', found: '[1,2]' }],
    [
      '{"tags":[]}',
      '{"tags":[{"a":1}]}',
      { problem: 'no-element', path: '$.tags[*]', wanted: '{"a":1}', nearest: null },
    ],
    ['{"tags":["a"]}', '{"tags":[["a"]]}', { problem: 'no-element', path: '$.tags[*]', wanted: '["a"]' }],
    ['[[1],[2]]', '[[2,3]]', { problem: 'no-element', path: '$[*][*]', nearest: '$[1]', wanted: '3', found: '[2]' }],
    [
      visit,
      '{"triage":[{"level":"red"}]}',
      {
        problem: 'other-value',
        path: '$.triage[*].level',
        nearest: '$.triage[1].level',
        wanted: '"red"',
        found: '"yellow"',
      },
    ],
    [
      visit,
      '{"triage":[{"level":"green","bed":3}]}',
      { problem: 'other-value', path: '$.triage[*].level', nearest: '$.triage[1].level', wanted: '"green"' },
    ],
    [
      visit,
      '{"triage":[{"level":"green"},{"level":"green","ward":1}]}',
      { problem: 'missing', path: '$.triage[*].ward', nearest: '$.triage[2].ward', found: null },
    ],
    ['{"x.y":{"":{"患者":1}}}', '{"x.y":{"":{"患者":2}}}', { path: '$["x.y"][""].患者' }],
    ['{"a\\"b":1}', '{"a\\"b":2}', { path: '$["a\\"b"]' }],
    ['{}', '{"__proto__":{"a":1}}', { problem: 'missing', path: '$.__proto__' }],
    ['{"id":9007199254740992}', '{"id":9007199254740993}', { wanted: '9007199254740993', found: '9007199254740992' }],
    ['{"n":0.1}', '{"n":0.10000000000000000555}', { wanted: '0.10000000000000000555', found: '0.1' }],
  ])('%s for %s', (body, filter, why) => {
    expect(whyNotFilter(body, filter)).toMatchObject(why)
  })

  test.each([
    ['{}', '{"form":"x"}', '$.form is missing; wanted is "x".'],
    ['{"n":"5"}', '{"n":5}', '$.n is text, "5"; wanted is a number, 5.'],
    ['{"n":4}', '{"n":5}', '$.n is 4; wanted is 5.'],
    ['{"tags":[1,2]}', '{"tags":[3]}', '$.tags has no element that is or contains 3; it is [1,2].'],
    [
      visit,
      '{"triage":[{"level":"red"}]}',
      'The element that comes nearest will not do: $.triage[1].level is "yellow"; wanted is "red".',
    ],
  ])('%s for %s, as a sentence', (body, filter, sentence) => {
    expect(whyNotFilter(body, filter)?.message).toBe(sentence)
  })

  test.each([
    [
      '{"test":true}',
      '{"test":true}',
      { path: '$.test', found: 'true', message: '$.test is true, which the trigger excludes by its `not`.' },
    ],
    [
      visit,
      '{"triage":[{"level":"green"}]}',
      { path: '$.triage[*].level', nearest: '$.triage[2].level', found: '"green"' },
    ],
    ['["a","b"]', '"b"', { path: '$[*]', nearest: '$[1]', found: '"b"' }],
    ['{"a":{"b":1,"c":2}}', '{"a":{"b":1,"c":2}}', { path: '$.a', found: '{"b":1,"c":2}' }],
    ['{"a":1}', '{}', { path: '$', found: '{"a":1}' }],
    ['{"a":10e399}', '{"a":1e400}', { path: '$.a', found: '10e399' }],
  ])('%s holds the excluded %s', (body, not, why) => {
    expect(whyNotNot(body, not)).toMatchObject({ problem: 'excluded', wanted: null, ...why })
  })

  test('one that came by another source is told so before its body is looked at', () => {
    const trigger = { sources: ['lab', 'ward'], filter: { form: 'x' } }
    expect(whyNot('{}', trigger)).toMatchObject({
      problem: 'other-source',
      path: null,
      wanted: '["lab","ward"]',
      found: '"inbox"',
    })
    expect(whyNot('{}', trigger, null)).toMatchObject({ problem: 'other-source', found: null })
    expect(whyNot('{"form":"x"}', trigger, 'ward')).toBeNull()
  })

  test('one that cannot be read is told what is wrong with it', () => {
    for (const body of ['{', Buffer.from([0xff]), '['.repeat(501)]) {
      const message = { source: null, contentType: 'application/json', body: Buffer.from(body) }
      expect(explain([{ sources: null }])(message)).toMatchObject([
        { problem: 'unreadable', path: null, message: expect.stringContaining('cannot be read') },
      ])
    }
  })

  test.each([Number.POSITIVE_INFINITY, 20, 0])(
    'agrees with the matcher, whatever is asked for, in %d steps',
    (steps) => {
      const pairs = [...jsonPairs(77, 3_000)]
      const told = new Set<string | undefined>()
      const disagreeing = pairs.filter(({ body, filter }, at) => {
        const [whole, part, not] = [parseExact(body), parseExact(filter), parseExact(pairs.at(at - 1)?.filter ?? '0')]
        const sources = at % 5 === 0 ? ['lab'] : at % 5 === 1 ? ['inbox'] : null
        const wanted = (sources?.includes('inbox') ?? true) && contains(whole, part) && !contains(whole, not)
        const message = { source: 'inbox', contentType: 'application/json', body: Buffer.from(body) }
        const [why] = explainWithin(steps)([{ sources, filter: part, not }])(message)
        told.add(why?.problem)
        return (why === null) !== wanted
      })
      expect(disagreeing).toEqual([])
      expect(told.has('unexplained')).toBe(steps < 100)
      expect(told.has('missing')).toBe(steps > 0)
    },
  )

  test('one that matches is told nothing', () => {
    expect(whyNotFilter(visit, '{"triage":[{"level":"green"}]}')).toBeNull()
    expect(whyNotNot(visit, '{"triage":[{"level":"red"}]}')).toBeNull()
    expect(whyNot('[]', {})).toBeNull()
  })
})

describe('a filter that is too large to be compared with a message', () => {
  const items = Array.from({ length: 30_000 }, (_, n) => ({ n }))
  const last = { n: items.length }
  const body = Buffer.from(JSON.stringify({ items, form: 'visit' }))
  const wishes: readonly Partial<Wish>[] = [
    { filter: { items: items.toReversed() } },
    { filter: { items: [...items, last] } },
    { filter: {}, not: { items: items.toReversed() } },
    { filter: {}, not: { items: [...items, last] } },
    { filter: { form: 'birth' } },
  ]

  test('is said to match or not, and others still say why', () => {
    const whys = explain(wishes.map((wish) => ({ sources: null, ...wish })))({
      source: null,
      contentType: 'application/json',
      body,
    })
    expect(whys.map((why) => why?.problem ?? null)).toEqual([null, 'unexplained', 'excluded', null, 'other-value'])
    expect(whys[1]).toMatchObject({ path: null, wanted: null, message: expect.stringContaining('too large') })
  })
})

describe('what is shown of a value', () => {
  test('is cut when it is long', () => {
    const why = whyNotFilter(JSON.stringify({ a: { text: '😀'.repeat(1_000_000) } }), '{"a":1}')
    expect(why?.found).toMatch(/^\{"text":"😀+…$/u)
    expect(why?.found?.length).toBeLessThan(210)
  })

  test('of two long texts begins shortly before they part', () => {
    const same = 'x'.repeat(5_000)
    const why = whyNotFilter(`{"a":"${same}one"}`, `{"a":"${same}two"}`)
    expect([why?.wanted, why?.found]).toEqual([`…"${'x'.repeat(20)}two"`, `…"${'x'.repeat(20)}one"`])
  })

  test('has every digit of a number', () => {
    const digits = '1234567890'.repeat(50)
    const why = whyNotFilter(`{"n":${digits}1}`, `{"n":${digits}2}`)
    expect([why?.wanted, why?.found]).toEqual([`${digits}2`, `${digits}1`])
  })

  test('stays short for a path of 500 long names', () => {
    const name = 'n'.repeat(1_000)
    const nested = (leaf: string) => `${`{"${name}":`.repeat(500)}${leaf}${'}'.repeat(500)}`
    expect(whyNotFilter(nested('1'), nested('2'))?.path?.length).toBeLessThan(2_010)
  })
})
