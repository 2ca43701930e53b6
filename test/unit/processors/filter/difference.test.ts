import { describe, expect, test } from 'vitest'
import { contains } from '../../../../processors/filter/contains.ts'
import { comparer, type Difference, type Path, TooManySteps } from '../../../../processors/filter/difference.ts'
import { type Json, parseExact } from '../../../../topology/words/json.ts'
import { jsonPairs } from '../../../fixtures/json-pairs.ts'

const { differenceOf, placeOf } = comparer({ left: Number.POSITIVE_INFINITY })

const pairs = [...jsonPairs(3, 8_000), ...jsonPairs(1_121, 8_000)].map(({ body, filter }) => ({
  body: parseExact(body),
  filter: parseExact(filter),
}))

describe('a difference', () => {
  test('is found exactly where a body does not contain a filter', () => {
    const wrong = pairs.filter(
      ({ body, filter }) => (differenceOf(body, filter) === undefined) !== contains(body, filter),
    )
    expect(wrong).toEqual([])
  })

  test('goes away when what is wanted is put in its place, and never comes back along a path of objects', () => {
    let mended = 0
    for (const { body, filter } of pairs) {
      const told = new Set<string>()
      let whole = body
      let difference = differenceOf(whole, filter)
      while (difference !== undefined) {
        told.add(textOf(difference))
        whole = mend(whole, difference)
        const { path } = difference
        difference = differenceOf(whole, filter)
        if (difference !== undefined) expect(told).not.toContain(textOf(difference))
        if (path.some((step) => typeof step === 'number')) break // another element of the filter may have wanted what was there
      }
      if (difference === undefined) mended++
      expect(contains(whole, filter)).toBe(difference === undefined)
    }
    expect(mended).toBeGreaterThan(15_000)
  })

  test('names what is there, and what the filter says, at its path', () => {
    const differences = pairs.flatMap(({ body, filter }) => {
      const difference = differenceOf(body, filter)
      return difference === undefined ? [] : [{ body, difference }]
    })
    for (const { body, difference } of differences) expect(at(body, difference.path)).toBe(difference.found)
    expect(new Set(differences.map(({ difference }) => difference.problem)).size).toBe(4)
  })
})

describe('a comparison', () => {
  /** An array that counts how often somebody looks at one of its elements. */
  const watched = (array: readonly Json[]): Readonly<{ array: readonly Json[]; looks(): number }> => {
    let looks = 0
    const get = (target: readonly Json[], key: string | symbol): unknown => {
      if (typeof key === 'string' && /^\d/.test(key)) looks++
      return Reflect.get(target, key)
    }
    return { array: new Proxy(array, { get }), looks: () => looks }
  }

  test.each<[string, (n: number) => Json]>([
    ['scalars', (n) => n],
    ['objects', (n) => ({ n })],
    ['arrays', (n) => [n]],
  ])('of %s in arrays looks at no more values than it may', (_what, item) => {
    const whole = watched(Array.from({ length: 1_000 }, (_, n) => item(n)))
    const part = Array.from({ length: 1_000 }, (_, n) => item(2_000 + n))
    const steps = { left: 10_000 }
    expect(() => comparer(steps).differenceOf(whole.array, part)).toThrow(TooManySteps)
    expect(whole.looks()).toBeGreaterThan(1_000)
    expect(whole.looks()).toBeLessThanOrEqual(11_000)
    expect(steps.left).toBeLessThan(0)
  })

  test('that ran out of steps names a place that holds the piece, if not the smallest', () => {
    const inner = Array.from({ length: 100 }, (_, n) => [n])
    const whole = { a: { b: inner } }
    const piece = { a: { b: [[99]] } }
    expect(comparer({ left: 1_000 }).placeOf(whole, piece)).toEqual({ path: ['a', 'b', 99, 0], found: 99 })
    expect(comparer({ left: 50 }).placeOf(whole, piece)).toEqual({ path: ['a', 'b'], found: inner })
  })
})

describe('the place of a piece', () => {
  test('holds something, and lies in the body', () => {
    const contained = pairs.filter(({ body, filter }) => contains(body, filter))
    for (const { body, filter } of contained) {
      const { path, found } = placeOf(body, filter)
      expect(at(body, path)).toBe(found)
    }
    expect(contained.length).toBeGreaterThan(5_000)
  })

  test('is that of the one thing that the piece names', () => {
    const body = parseExact('{"a":[{"b":1},{"b":2,"c":[3,4]}]}')
    expect(placeOf(body, parseExact('{"a":[{"c":[4]}]}'))).toEqual({ path: ['a', 1, 'c', 1], found: 4 })
    expect(placeOf(body, parseExact('{"a":[{"b":2,"c":[]}]}')).path).toEqual(['a', 1])
    expect(placeOf(body, parseExact('{"a":[]}')).path).toEqual(['a'])
  })
})

const at = (value: Json | undefined, [step, ...rest]: Path): Json | undefined => {
  if (step === undefined) return value
  const held = value as Readonly<Record<string | number, Json>>
  return Object.hasOwn(held, step) ? at(held[step], rest) : undefined
}

/** The value with another one at the path; nothing else changes. */
const put = (value: Json, [step, ...rest]: Path, change: (here: Json) => Json): Json => {
  if (step === undefined) return change(value)
  if (Array.isArray(value))
    return (value as readonly Json[]).map((item, index) => (index === step ? put(item, rest, change) : item))
  const inner = at(value, [step]) ?? null
  const entries = Object.entries(value as object).filter(([key]) => key !== step)
  return Object.fromEntries([...entries, [step, put(inner, rest, change)]]) as Json
}

const mend = (whole: Json, { problem, path, wanted }: Difference): Json =>
  put(whole, path, (here) => (problem === 'no-element' ? [...(here as readonly Json[]), wanted] : wanted))

const textOf = ({ path, wanted }: Difference): string => JSON.stringify([path, wanted])
