import { describe, expect, test } from 'vitest'
import {
  arrayToString,
  chunk,
  group,
  splitKeys,
  toArray,
} from '../../../../../../processors/runner/language/functions/lists.ts'
import { humanProper, scrubEmojis } from '../../../../../../processors/runner/language/functions/texts.ts'

describe('lists', () => {
  test.each<[string, unknown, unknown]>([
    ['arrayToString', arrayToString([1, 'a', null]), '1,a,'],
    ['arrayToString with a separator', arrayToString(['a', 'b'], ' | '), 'a | b'],
    ['arrayToString of one number', arrayToString([3], ','), '3'],
    ['arrayToString of nothing', arrayToString(undefined as never), ''],
    ['toArray of a list', toArray([1, [2]]), [1, [2]]],
    ['toArray of a value', toArray('a'), ['a']],
    ['toArray of null', toArray(null), [null]],
    ['splitKeys', splitKeys({ a: 1, b: 2, c: 3 }, ['b', 'z']), [{ a: 1, c: 3 }, { b: 2 }]],
    ['chunk', chunk([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]],
    ['chunk of a text', chunk('abc', 2), ['ab', 'c']],
    ['chunk of nothing', chunk([], 2), []],
    ['chunk without end', chunk([1, 2], Number.POSITIVE_INFINITY), [[1, 2]]],
  ])('%s', (_what, found, expected) => {
    expect(found).toEqual(expected)
  })

  test.each<[() => unknown, string]>([
    [() => arrayToString('abc' as never), 'arrayToString takes a list, not a value of type string'],
    [() => splitKeys(null as never, []), 'splitKeys takes an object, not null'],
    [() => splitKeys({}, 'a' as never), 'splitKeys takes a list of keys, not a value of type string'],
    [() => chunk(5 as never, 1), 'chunk takes a list, not a value of type number'],
    [() => chunk([1], 0), 'chunk takes a size that is a whole number from 1, not 0'],
    [() => chunk([1], undefined as never), 'whole number from 1, not undefined'],
  ])('%s says what it was not given', (act, message) => {
    expect(act).toThrow(message)
  })
})

describe('group', () => {
  const people = [{ at: { city: 'A' }, n: 1 }, { at: { city: 'B' }, n: 2 }, { at: { city: 'A' }, n: 3 }, { n: 4 }]
  const grouped = { A: [people[0], people[2]], B: [people[1]] }

  test.each<[string, unknown, unknown]>([
    ['a list', people, 'at.city'],
    ['a path', '$.people[*]', 'at.city'],
    ['a function', (state: { people: unknown }) => state.people, 'at.city'],
    ['a key as a list', people, ['at', 'city']],
    ['a key in brackets', people, 'at["city"]'],
  ])('by a key, of %s', (_what, list, key) => {
    expect(group(list, key)({ people })).toEqual({ people, data: grouped })
  })

  test('a key that is there as a whole comes first, and only own keys count', () => {
    expect(group([{ 'a.b': 1, a: { b: 2 } }], 'a.b')({})).toEqual({ data: { 1: [{ 'a.b': 1, a: { b: 2 } }] } })
    expect(group([{}], 'constructor')({})).toEqual({ data: {} })
  })

  test('gives the callback the new state, and nothing is an empty object', () => {
    expect(group(null, 'a', (state) => ({ got: state }))({})).toEqual({ got: { data: {} } })
  })

  test('says what it was not given', () => {
    expect(() => group([], undefined)({})).toThrow("group takes a key such as 'address.city', not nothing")
    expect(() => group(5, 'a')({})).toThrow('group takes a list of objects, not a value of type number')
  })
})

describe('texts', () => {
  test.each([
    ['mario_ROSSI', 'Mario Rossi'],
    ['anna-lena de la cruz', 'Anna Lena De La Cruz'],
    ['élan VITAL', 'Élan Vital'],
    ["o'BRIEN", "O'brien"],
    ['', ''],
  ])('humanProper of %s', (text, expected) => {
    expect(humanProper(text)).toBe(expected)
  })

  test.each([5, null, undefined, true])('humanProper gives back what is no text: %s', (value) => {
    expect(humanProper(value)).toBe(value)
  })

  test('scrubEmojis replaces each emoji once', () => {
    expect(scrubEmojis('a😀b🚀c☀️©')).toBe('a\uFFFDb\uFFFDc\uFFFD\uFFFD\uFFFD')
    expect(scrubEmojis('a😀b', '')).toBe('ab')
    expect(scrubEmojis('a😀b', '$&')).toBe('a$&b')
    expect(scrubEmojis('', 'x')).toBe('')
    expect(scrubEmojis('Zoë 患者')).toBe('Zoë 患者')
    expect(() => scrubEmojis(5 as never)).toThrow('scrubEmojis takes a text, not a value of type number')
  })
})
