import { all, at, type Case, later, name, note, plus, type State, state } from './case.ts'

export const listCases: readonly Case[] = [
  ...all(
    [
      '$.data.list[*]',
      '$.data.list',
      '$.data.gone[*]',
      '$.data.numbers[*]',
      '$.data.name',
      '$.data.list[*].tags[*]',
      '$.data.none',
    ],
    (path) => ({
      says: `each ${path}`,
      call: ({ each }) => each(path, note)(state()),
    }),
  ),
  ...all(['$.data.list[*]', '$.data.gone[*]', '$.data.numbers[*]'], (path) => ({
    says: `beta.each ${path}`,
    call: ({ beta }) => beta.each(path, note)(state()),
  })),
  { says: 'each of a list', call: ({ each }) => each([1, 2], note)({}) },
  { says: 'each of an empty list', call: ({ each }) => each([], note)({ a: 1 }) },
  { says: 'each of a function', call: ({ each }) => each(at('xs'), note)({ xs: [1, 2] }) },
  { says: 'each with promises', call: ({ each }) => each([1, 2, 3], later(1))({}) },
  {
    says: 'each with some promises',
    call: ({ each }) =>
      each([1, 2, 3], (given: unknown) =>
        ((given as State)['data'] as number) % 2 ? later(1)(given) : plus(1)(given),
      )({}),
  },
  { says: 'each of nothing', call: ({ each }) => each(undefined, note) },
  { says: 'each of a number', call: ({ each }) => each(5, note)({}) },
  { says: 'each of an object', call: ({ each }) => each({ a: 1 }, note)({}) },
  { says: 'each of a set', call: ({ each }) => each(new Set([1]), note)({}), differs: 'C5' },
  { says: 'each that loses the state', call: ({ each }) => each([1, 2], () => undefined)({}) },
  {
    says: 'each within each',
    call: ({ each }) => each('$.data.list[*]', each('$.data.tags[*]', note))(state()),
  },
  { says: 'beta.each with promises', call: ({ beta }) => beta.each([1, 2], later(1))({ data: 'd' }) },
  {
    says: 'beta.each within each',
    call: ({ each, beta }) => each('$.data.list[*]', beta.each('$.data.tags[*]', note))(state()),
  },
  {
    says: 'map a path',
    call: ({ map }) => map('$.data.list[*]', (item: unknown, index: unknown) => [item, index])(state()),
  },
  {
    says: 'map a list',
    call: ({ map }) => map([1, 2], async (item: unknown) => Number(item) * 2)({ a: 1 }),
  },
  { says: 'map nothing', call: ({ map }) => map('$.gone[*]', name)(state()) },
  {
    says: 'map with the state',
    call: ({ map }) => map([1], (_: unknown, __: unknown, given: unknown) => (given as State)['a'])({ a: 1 }),
  },
  {
    says: 'map of a function',
    call: ({ map }) => map(at('xs'), (item: unknown) => item)({ xs: [1] }),
    differs: 'C5',
  },
  { says: 'map a set', call: ({ map }) => map(new Set([1, 2]), (item: unknown) => item)({}) },
  { says: 'join', call: ({ join }) => join('$.data.list[*]', '$.data.name', 'name')(state()) },
  {
    says: 'join where the item has the key',
    call: ({ join }) => join('$.data.list[*]', '$.data.name', 'id')(state()),
  },
  { says: 'join of nothing', call: ({ join }) => join('$.gone[*]', '$.data.name', 'id')(state()) },
  {
    says: 'join with what is not there',
    call: ({ join }) => join('$.data.list[*]', '$.gone', 'x')(state()),
  },
  { says: 'merge', call: ({ merge }) => merge('$.data.list[*]', { id: 0, name })(state()) },
  {
    says: 'merge fields',
    call: ({ merge, fields, field, dataValue }) =>
      merge('$.data.list[*]', fields(field('n', dataValue('name')), field('m', 1)))(state()),
  },
  { says: 'merge into numbers', call: ({ merge }) => merge('$.data.numbers[*]', { a: 1 })(state()) },
  { says: 'merge by a function', call: ({ merge }) => merge('$.data.list[*]', () => ({ a: 1 }))(state()) },
  {
    says: 'each of merge',
    call: ({ each, merge, fields, field, dataValue, lastReferenceValue }) =>
      each(
        merge(
          '$.data.list[*]',
          fields(field('meta', dataValue('*meta-instance-id*')), field('parent', lastReferenceValue('id'))),
        ),
        note,
      )(state()),
  },
  { says: 'merge of a list', call: ({ merge }) => merge([{ a: 1 }], { b: 2 })({}), differs: 'C5' },
  { says: 'field', call: ({ field }) => field('a', 1) },
  { says: 'fields', call: ({ fields, field }) => fields(field('a', 1), field('b', 2), field('a', 3)) },
  { says: 'fields of nothing', call: ({ fields }) => fields() },
  { says: 'fields of undefined', call: ({ fields }) => fields(undefined) },
  { says: 'fields of an object', call: ({ fields }) => fields({ a: 1 }), differs: 'C6' },
  { says: 'index', call: ({ index }) => index()(state()) },
  { says: 'arrayToString', call: ({ arrayToString }) => arrayToString(['a', 'b', 1], ', ') },
  { says: 'arrayToString without a separator', call: ({ arrayToString }) => arrayToString(['a', 'b']) },
  { says: 'arrayToString of one number', call: ({ arrayToString }) => arrayToString([3], ','), differs: 'C7' },
  { says: 'arrayToString of nothing', call: ({ arrayToString }) => arrayToString(undefined, ',') },
  { says: 'arrayToString of an empty list', call: ({ arrayToString }) => arrayToString([], ',') },
  { says: 'arrayToString with holes', call: ({ arrayToString }) => arrayToString(['a', null, undefined, 'b'], '-') },
  { says: 'arrayToString of a text', call: ({ arrayToString }) => arrayToString('abc', '-') },
  { says: 'toArray of a list', call: ({ toArray }) => toArray([1, [2]]) },
  { says: 'toArray of a text', call: ({ toArray }) => toArray('a') },
  { says: 'toArray of null', call: ({ toArray }) => toArray(null) },
  { says: 'toArray of undefined', call: ({ toArray }) => toArray() },
  { says: 'toArray of an object', call: ({ toArray }) => toArray({ a: 1 }) },
  { says: 'splitKeys', call: ({ splitKeys }) => splitKeys({ a: 1, b: 2, c: 3 }, ['b', 'z']) },
  { says: 'splitKeys of no keys', call: ({ splitKeys }) => splitKeys({ a: 1 }, []) },
  { says: 'splitKeys of nothing', call: ({ splitKeys }) => splitKeys(null, ['a']) },
  { says: 'splitKeys by a text', call: ({ splitKeys }) => splitKeys({ a: 1 }, 'abc'), differs: 'C6' },
  { says: 'chunk', call: ({ chunk }) => chunk([1, 2, 3, 4, 5], 2) },
  { says: 'chunk of a few', call: ({ chunk }) => chunk([1], 5) },
  { says: 'chunk of nothing', call: ({ chunk }) => chunk([], 5) },
  { says: 'chunk of a text', call: ({ chunk }) => chunk('abcde', 2) },
  { says: 'chunk without a size', call: ({ chunk }) => chunk([1, 2]), differs: 'C6' },
  ...all(['tag', 'at.city', 'at["city"]', 'at[city]', 'gone', 'list[0]'], (key) => ({
    says: `group by ${key}`,
    call: ({ group }) => {
      const people = [
        { tag: 'x', at: { city: 'A' }, list: [1] },
        { tag: 'y', at: { city: 'B' }, list: [2] },
        { tag: 'x', at: { city: 'A' }, list: [1] },
        {},
      ]
      return group(people, key)({ a: 1 })
    },
  })),
  {
    says: 'group by functions',
    call: ({ group }) => group(at('xs'), at('key'))({ xs: [{ a: 1 }, { a: 2 }], key: 'a' }),
  },
  { says: 'group with a callback', call: ({ group }) => group([{ a: 1 }], 'a', plus(1))({}) },
  { says: 'group null', call: ({ group }) => group(null, 'a')({}) },
  {
    says: 'group by null and false',
    call: ({ group }) => group([{ a: null }, { a: false }, { a: 0 }], 'a')({}),
  },
  { says: 'group an object', call: ({ group }) => group({ x: { a: 1 }, y: { a: 2 } }, 'a')({}) },
  {
    says: 'group by what says undefined',
    call: ({ group }) => group([{ a: 'undefined' }], 'a')({}),
    differs: 'C8',
  },
  { says: 'group a path', call: ({ group }) => group('$.xs[*]', 'a')({ xs: [{ a: 1 }] }), differs: 'C5' },
]
