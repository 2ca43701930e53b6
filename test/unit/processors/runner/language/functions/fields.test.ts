import { describe, expect, test } from 'vitest'
import { field, fields, index, join, merge } from '../../../../../../processors/runner/language/functions/fields.ts'
import { dataValue } from '../../../../../../processors/runner/language/functions/paths.ts'
import {
  composeNextState,
  expandReferences,
} from '../../../../../../processors/runner/language/functions/references.ts'
import type { State } from '../../../../../../processors/runner/language/operation.ts'

const state = { data: { kids: [{ n: 1, id: 'own' }, { n: 2 }], form: 'f' }, index: 4 }

describe('fields', () => {
  test('make an object of which the last of a name wins', () => {
    const value = dataValue('x')
    expect(fields(field('a', 1), field('b', value), field('a', 2))).toEqual({ a: 2, b: value })
    expect(fields()).toEqual({})
  })

  test('__proto__ is a name as any other', () => {
    expect(Object.entries(fields(field('__proto__', 1)))).toEqual([['__proto__', 1]])
  })

  test('say what they were not given', () => {
    expect(() => field(undefined as never, 1)).toThrow('field takes a name, and a value, not nothing')
    expect(() => fields(field('a', 1), undefined as never)).toThrow('fields takes what field(…) gives, not nothing')
    expect(() => fields({ a: 1 } as never)).toThrow('fields takes what field(…) gives, not an object')
  })
})

describe('merge and join', () => {
  test('merge adds fields to each object, and the fields win', () => {
    const merged = merge('$.data.kids[*]', fields(field('id', dataValue('form')), field('n2', 0)))
    expect(merged(state)).toEqual([
      { n: 1, id: 'f', n2: 0 },
      { n: 2, id: 'f', n2: 0 },
    ])
  })

  test('join adds one value to each object, and what the object has wins', () => {
    expect(join('$.data.kids[*]', '$.data.form', 'id')(state)).toEqual([
      { n: 1, id: 'own' },
      { n: 2, id: 'f' },
    ])
  })

  test('index is the place of the item', () => {
    expect(index()(state)).toBe(4)
  })
})

describe('expandReferences', () => {
  test('calls functions however deep, and what they give', () => {
    const value = { a: (given: State) => given['index'], b: [() => () => ({ c: () => 'deep' }), 1], d: null }
    expect(expandReferences(value)(state)).toEqual({ a: 4, b: [{ c: 'deep' }, 1], d: null })
  })

  test.each([new Date(0), new Map([[1, 2]]), /x/g, new Uint8Array([1]), Promise.resolve(1), new Error('e')])(
    'leaves what is no plain object as it is: %s',
    (value) => {
      expect(expandReferences({ value })(state)).toEqual({ value })
      expect(expandReferences(value)(state)).toBe(value)
    },
  )

  test('skips what it is told to', () => {
    const value = { a: () => 1 }
    expect(expandReferences(value, () => true)(state)).toBe(value)
    expect(expandReferences(value, () => false)(state)).toEqual({ a: 1 })
  })

  test('says that a value holds itself', () => {
    const value: Record<string, unknown> = {}
    value['self'] = value
    expect(() => expandReferences(value)(state)).toThrow(/holds itself/)
  })
})

describe('composeNextState', () => {
  test('puts the data before first among the references', () => {
    expect(composeNextState({ data: 'b', references: ['a'], x: 1 }, 'c')).toEqual({
      data: 'c',
      references: ['b', 'a'],
      x: 1,
    })
  })

  test('needs no references, and no data before', () => {
    expect(composeNextState({ data: 'a' }, 'b')).toEqual({ data: 'b', references: ['a'] })
    expect(composeNextState({}, 'b')).toEqual({ data: 'b', references: [] })
    expect(composeNextState(undefined as never, 'b')).toEqual({ data: 'b', references: [] })
  })
})
