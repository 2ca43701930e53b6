import { describe, expect, test } from 'vitest'
import { alterState, each, fn, type Operation, type State } from '../../../../../processors/runner/language/core.ts'

const collect: Operation = (state) => ({
  ...state,
  seen: [...((state['seen'] as unknown[]) ?? []), [state['index'], state['data']]],
})

describe('fn', () => {
  test.each([fn, alterState])('calls its function with the state', (make) => {
    expect(make((state) => state['a'])({ a: 1 })).toBe(1)
  })

  test.each([undefined, null, 5, {}])('takes nothing but a function: %s', (value) => {
    expect(() => fn(value as never)).toThrow(/fn takes a function of state/)
  })
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
    expect(() => each([1], undefined as never)).toThrow(/each takes an operation, not nothing/)
    expect(() => each(() => 5, collect)({})).toThrow('each needs a list, and its function gave a value of type number')
    expect(() => each({ a: 1 } as never, collect)({})).toThrow('each needs a list, not a value of type object')
  })
})
