import { describe, expect, test } from 'vitest'
import {
  alterState,
  as,
  assert,
  combine,
  execute,
  fn,
  fnIf,
} from '../../../../../../processors/runner/language/functions/control.ts'
import type { Operation } from '../../../../../../processors/runner/language/operation.ts'

const add =
  (n: number): Operation =>
  (state) => ({ ...state, n: Number(state['n'] ?? 0) + n })
const addLater =
  (n: number): Operation =>
  async (state) =>
    add(n)(state)

describe('fn', () => {
  test.each([fn, alterState])('calls its function with the state', (make) => {
    expect(make((state) => state['a'])({ a: 1 })).toBe(1)
  })

  test.each([undefined, null, 5, {}])('takes nothing but a function: %s', (value) => {
    expect(() => fn(value as never)).toThrow(/fn takes an operation: a function of state/)
  })

  test.each<Operation>([
    function* (state) {
      yield state
    },
    async function* (state) {
      yield state
    },
  ])('nor a generator function, as all that take an operation', (generator) => {
    const why = /, not a generator function, whose body would never run$/
    expect(() => fn(generator)).toThrow(why)
    expect(() =>
      execute(
        fn((state) => state),
        generator,
      ),
    ).toThrow(why)
    expect(() => as('a', generator)).toThrow(why)
  })
})

describe('execute', () => {
  test('does operations in order, lists of them too, and gives a promise', async () => {
    const all = execute(add(1), [addLater(2), [add(3)]] as never)
    expect(all({})).toBeInstanceOf(Promise)
    expect(await all({})).toEqual({ n: 6 })
    expect(await execute()({ a: 1 })).toEqual({ a: 1 })
  })

  test('refuses what is no operation', () => {
    expect(() => execute(add(1), { a: 1 } as never)).toThrow(
      'execute takes an operation: a function of state, not an object',
    )
  })
})

describe('fnIf', () => {
  test.each([
    [true, 1],
    [(state: { go?: boolean }) => state.go, 1],
    [() => 0, undefined],
    [null, undefined],
  ])('asks its condition: %s', (condition, n) => {
    expect(fnIf(condition, add(1))({ go: true })).toEqual(n ? { go: true, n } : { go: true })
  })

  test('refuses a promise, which is always true', () => {
    expect(() => fnIf(async () => false, add(1))({})).toThrow('The condition of fnIf gave a promise')
  })
})

describe('combine', () => {
  test('does one after another, with or without promises', async () => {
    expect(combine(add(1), add(2))({})).toEqual({ n: 3 })
    expect(await combine(add(1), addLater(2), add(3))({})).toEqual({ n: 6 })
  })

  test('gives each a copy', () => {
    const state = { n: 1 }
    combine((given) => Object.assign(given, { n: 2 }))(state)
    expect(state).toEqual({ n: 1 })
  })

  test('says that a state was lost', () => {
    expect(() => combine(() => undefined, add(1))({})).toThrow(
      'An operation in combine returned nothing, so the state is lost',
    )
  })
})

describe('as', () => {
  const answer: Operation = async (state) => ({ ...state, data: 'new', response: 200 })

  test('keeps the data of an operation under a key', async () => {
    const state = { data: 'old', other: 1 }
    const expected = { data: 'old', other: 1, response: 200, users: 'new' }
    expect(await as('users', answer)(state)).toEqual(expected)
    expect(await as((given) => `users${given['other']}`, answer)(state)).toHaveProperty('users1', 'new')
    expect(state).toEqual({ data: 'old', other: 1 })
  })

  test('a second time the new data wins', async () => {
    expect(await as('users', answer)({ data: 'old', users: 'before' })).toHaveProperty('users', 'new')
  })

  test('says what it was not given', async () => {
    await expect(as(5 as never, answer)({})).rejects.toThrow('as takes the name of a key of the state')
    await expect(as('a', () => undefined)({})).rejects.toThrow('An operation in as returned nothing')
  })
})

describe('assert', () => {
  test('lets the state through, or fails with the message', () => {
    const state = { n: 1 }
    expect(assert((given: typeof state) => given.n === 1, 'no')(state)).toBe(state)
    expect(() => assert(false, (given: typeof state) => `n is ${given.n}`)(state)).toThrow('n is 1')
    expect(() => assert(0)(state)).toThrow('The assertion failed: it gave 0')
    expect(() => assert(async () => false)(state)).toThrow('The condition of assert gave a promise')
  })
})
