import { describe, expect, test } from 'vitest'
import { compileJob } from '../../../../../processors/runner/language/compile.ts'
import { carryOut, compiled, scopeWith } from '../../../../fixtures/compiled-job.ts'

const own = {
  get: (answer: unknown) => (state: object) => Promise.resolve({ ...state, data: answer }),
  fail: (why: string) => (): unknown => {
    throw new Error(why)
  },
  later: (value: unknown) => Promise.resolve(value),
}

describe('what is chained to an operation', () => {
  test.each<[string, unknown]>([
    ['get(1).then(state => ({ ...state, n: state.data + 1 }))', { data: 1, n: 2 }],
    ['get(1)\n  // then\n  .then(s => s.data)\n  .then(n => ({ n }))', { n: 1 }],
    ['(get(1)).then(s => s.data).finally(() => {})', 1],
    ['get(1).then(s => s.data), fn(n => n + 1)', 2],
    ['(get(1) /* ) */).then(s => s.data)', 1],
    ['get(1).then(state => get(2).then(s => s.data)(state))', 2],
    ['fail("no").catch((error, state) => ({ ...state, why: error.message }))', { first: true, why: 'no' }],
    ['fail("no").then(s => s).catch((error, ...more) => [error.message, more.length])', ['no', 0]],
    ['fail("no").catch(undefined).catch(error => error.message)', 'no'],
    ['get(1).catch(() => 2).then(s => s.data)', 1],
    [
      'each([1, 2], get(5).then(s => ({ ...s, sum: (s.sum ?? 0) + s.data })))',
      { first: true, data: 5, index: 1, sum: 10 },
    ],
    ['const op = get(1).then(s => s.data); each([1], op)', 1],
    ['const make = x => get(x); make(3).then(s => s.data)', 3],
    ['const op = get(4); op.then(s => s.data)', 4],
    ['const make = x => get(x).then(s => s.data); make(5)', 5],
    ['const n = await later(6).then(n => n + 1); fn(() => n)', 7],
    ['fn(state => get(8)(state).then(s => s.data))', 8],
    ['fn(() => later(1).then(n => n + 8))', 9],
    ['const defer = 1, $then = 2, $promise = 3; get(1).then(s => [defer, $then, $promise, s.data])', [1, 2, 3, 1]],
    ['get(state.first).then(s => s.data)', true],
    ['export default [get(1).then(s => s.data), fn(n => n + 1)]', 2],
  ])('goes on with its outcome: %s', async (code, expected) => {
    const given = { ...own, later: own.later }
    expect(await carryOut(code, { state: { first: true }, own: given })).toEqual(
      typeof expected === 'object' && expected && 'data' in expected && !('first' in expected)
        ? { first: true, ...expected }
        : expected,
    )
  })

  test('has the name and the place of the operation', () => {
    const { operations } = compiled(
      'get(1)\n  .then(s => s)\n  .catch(s => s)\nhttp.get(1).then(s => s)',
      scopeWith('get', 'http'),
    )
    expect(operations).toEqual([
      { name: 'get', line: 1, column: 1 },
      { name: 'http.get', line: 4, column: 1 },
    ])
  })

  test('needs nothing of the realm where nothing is chained', () => {
    expect(compiled('fn(s => s)').uses).toEqual([])
    expect(compiled('fn(s => load().then(x => x)); function load() {}').uses).toEqual([])
    expect(compiled('fn(s => util.get("/").then(x => x))').uses).toEqual(['util'])
    expect(compiled('fn(s => s).then(s => s)').uses).toEqual(['.then'])
  })

  test('may be given nothing that waits', () => {
    expect(compileJob('fn(s => s).then(await load())\nfunction load() {}')).toMatchObject({ line: 1, column: 17 })
  })
})
