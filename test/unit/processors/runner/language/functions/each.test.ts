import { describe, expect, test } from 'vitest'
import { beta, each, map } from '../../../../../../processors/runner/language/functions/each.ts'
import type { Operation, State } from '../../../../../../processors/runner/language/operation.ts'

const collect: Operation = (state) => ({
  ...state,
  seen: [...((state['seen'] as unknown[]) ?? []), [state['index'], state['data']]],
})

describe('each', () => {
  test.each<[string, Parameters<typeof each>[0], readonly unknown[]]>([
    ['a path', '$.data.xs[*]', ['a', 'b']],
    ['a path to the list itself', '$.data.xs', [['a', 'b']]],
    ['a path to nothing', '$.none[*]', []],
    ['a path with a filter', '$.data.ys[?(@.n > 1)].n', [2, 3]],
    ['a path to null, 0 and false', '$.data.falsy[*]', [null, 0, false]],
    ['a list', [1, 2], [1, 2]],
    ['a function', (state: State) => Object.keys(state['data'] as object), ['xs', 'ys', 'falsy']],
    ['a key that needs no quotes', '$.data.ys[0].*meta-instance-id*', []],
  ])('goes through %s', (_what, items, expected) => {
    const data = { xs: ['a', 'b'], ys: [{ n: 1 }, { n: 2 }, { n: 3 }], falsy: [null, 0, false] }
    const result = each(items, collect)({ data }) as { seen?: [number, unknown][] }
    expect(result.seen?.map(([, item]) => item) ?? []).toEqual(expected)
  })

  test('leaves the state of an empty list as it is', () => {
    const state = { data: 1 }
    expect(each([], collect)(state)).toBe(state)
  })

  test('waits for each before the next, and stays without promises where there are none', async () => {
    const order: string[] = []
    const slow: Operation = async (state) => {
      order.push(`start ${state['data']}`)
      await null
      order.push(`end ${state['data']}`)
      return state
    }
    const result = each(['a', 'b'], slow)({})
    expect(result).toBeInstanceOf(Promise)
    expect(await result).toEqual({ data: 'b', index: 1 })
    expect(order).toEqual(['start a', 'end a', 'start b', 'end b'])
    expect(each(['a'], (state) => state)({})).toEqual({ data: 'a', index: 0 })
  })

  test('goes through a long list without a deep stack', async () => {
    const list = Array.from({ length: 50_000 }, (_, n) => n)
    expect(await each(list, async (state) => state)({})).toEqual({ data: 49_999, index: 49_999 })
  })

  test('says what it was not given', () => {
    expect(() => each('', collect)).toThrow(/each takes a JSONPath/)
    expect(() => each([1], undefined as never)).toThrow('each takes an operation: a function of state, not nothing')
    expect(() => each(() => 5, collect)({})).toThrow('each needs a list, and its function gave a value of type number')
    expect(() => each({ a: 1 } as never, collect)).toThrow('a function that gives one, not an object')
  })
})

describe('beta.each', () => {
  test.each([
    ['without promises', (state: State) => ({ ...state, seen: state['data'] })],
    ['with promises', async (state: State) => ({ ...state, seen: state['data'] })],
  ])('gives data back what it was, %s', async (_how, operation) => {
    const state = { data: { xs: [1, 2] } }
    expect(await beta.each('$.data.xs[*]', operation)(state)).toEqual({ data: { xs: [1, 2] }, index: 1, seen: 2 })
  })

  test('says where a state was lost', () => {
    expect(() => beta.each([1], () => undefined)({})).toThrow('An operation in beta.each returned nothing')
    expect(() => each([1, 2], () => undefined)({})).toThrow('An operation in each returned nothing')
  })
})

describe('map', () => {
  const state = { data: { xs: ['a', 'b'] }, references: ['r'] }

  test('leaves what its function gives for each item in data, in order', async () => {
    const seen: unknown[] = []
    const operation = map('$.data.xs[*]', async (item, index, given) => {
      seen.push([item, index, given])
      return `${item}${index}`
    }) as Operation
    expect(await operation(state)).toEqual({ ...state, data: ['a0', 'b1'] })
    expect(seen).toEqual([
      ['a', 0, state],
      ['b', 1, state],
    ])
  })

  test('takes a list, or a function that gives one', async () => {
    const twice = (item: unknown): number => Number(item) * 2
    for (const items of [[1, 2], () => [1, 2], new Set([1, 2])])
      expect(await (map(items, twice) as Operation)({})).toEqual({ data: [2, 4] })
  })

  test('with a state does the operation for each item, as in 1.x, and gives the state as it was', async () => {
    const seen: unknown[] = []
    const note: Operation = (given) => seen.push(given)
    expect(map('$.data.xs[*]', note, state)).toBe(state)
    const curried = map('$.data.xs[*]') as (operation: Operation, state: State) => unknown
    expect(curried(note, state)).toBe(state)
    const one = [
      { data: 'a', references: ['r'] },
      { data: 'b', references: ['r'] },
    ]
    expect(seen).toEqual([...one, ...one])
    let waited = 0
    const slow: Operation = async () => {
      await null
      waited++
    }
    expect(await map([1, 2], slow, state)).toBe(state)
    expect(waited).toBe(2)
  })
})
