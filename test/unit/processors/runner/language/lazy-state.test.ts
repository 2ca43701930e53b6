import { describe, expect, test } from 'vitest'
import { compileJob } from '../../../../../processors/runner/language/compile.ts'
import { carryOut, compiled, scopeWith } from '../../../../fixtures/compiled-job.ts'

describe('$ in what a call is given', () => {
  test.each([
    ['post($.data.url)', 'post($=>($.data.url))'],
    ['post($)', 'post($=>($))'],
    ['post($.a, $.b)', 'post($=>($.a), $=>($.b))'],
    [`post(\`/p/\${$.id}\`)`, `post($=>(\`/p/\${$.id}\`))`],
    ['post("/p", { a: $.b, c: [$.d] })', 'post("/p", $=>({ a: $.b, c: [$.d] }))'],
    ['post("/p", { $ })', 'post("/p", $=>({ $ }))'],
    ['post("/p" + $?.a?.["b"])', 'post($=>("/p" + $?.a?.["b"]))'],
    ['each($.rows, post($.url))', 'each($=>($.rows), post($=>($.url)))'],
    [
      'each($.rows.filter(row => row.id === $.id), post("/"))',
      'each($=>($.rows.filter(row => row.id === $.id)), post("/"))',
    ],
    [
      'each($.rows.map(row => row.a).slice($.from), fn(s => s))',
      'each($=>($.rows.map(row => row.a).slice($.from)), fn(s => s))',
    ],
    ['post(encodeURIComponent($.id))', 'post($=>(encodeURIComponent($.id)))'],
    ['post("/p/".concat(String($.id), $.end))', 'post($=>("/p/".concat(String($.id), $.end)))'],
    ['post(new Date($.at).toISOString())', 'post($=>(new Date($.at).toISOString()))'],
    ['post(http.options({ a: $.b }).oauth($.c))', 'post($=>(http.options({ a: $.b }).oauth($.c)))'],
    ['post($.made($.x))', 'post($=>($.made($.x)))'],
    ['post(post("/").then(s => s)[$.key])', 'post($=>($then(post("/"),$promise=>$promise.then(s => s))[$.key]))'],
    ['http.send($.url)', 'http.send($=>($.url))'],
    ['const my = url => post(url); my($.url)', 'const my = url => post(url); my($=>($.url))'],
    ['const my = { op: fn }; my.op($.url)', 'const my = { op: fn }; my.op($=>($.url))'],
    ['const later = post($.url); later', undefined],
    ['post(($.url))', 'post(($=>($.url)))'],
    ['post({ a: () => $.b })', 'post($=>({ a: () => $.b }))'],
    ['fn(state => post($.url)(state))', 'fn(state => post($=>($.url))(state))'],
    ['post(\n  $.a\n    .b,\n)', 'post(\n  $=>($.a\n    .b),\n)'],
  ])('makes a function of the state of it: %s', (code, expected) => {
    const result = compileJob(code, scopeWith('post', 'http'))
    if (expected === undefined) return expect(result).toMatchObject({ message: expect.stringMatching(/does nothing/) })
    expect(bodyOf(code)).toBe(expected)
  })

  test.each([
    ['fn(state => ({ ...state, a: $.data.a }))', 'fn(state => ({ ...state, a: state.data.a }))'],
    ['fn((state) => { console.log($); return { $ } })', 'fn((state) => { console.log(state); return { $:state } })'],
    [
      'fn(function (state) { return $.rows.map(row => row + $.b) })',
      'fn(function (state) { return state.rows.map(row => row + state.b) })',
    ],
    [
      'post("/").catch((error, state) => $.data)',
      '$then(post("/"),$promise=>$promise.catch((error, state) => state.data))',
    ],
    ['fn((state = {}) => $)', 'fn((state = {}) => state)'],
    ['fn(async state => post(await $.url)(state))', undefined],
  ])('is the state of a function that names it so: %s', (code, expected) => {
    if (expected !== undefined) expect(bodyOf(code)).toBe(expected)
    else expect(compileJob(code, scopeWith('post')).kind).toBe('problem')
  })

  test.each([
    'const $ = x => x; fn(s => $(s))',
    'fn($ => $.data)',
    'fn(({ $ }) => $)',
    'function f($) { return $.x } fn(s => f(s))',
    'each("$.data[*]", fn(s => s))',
    'fn(s => { let $ = 1; $ = 2; return $ })',
    'fn(s => s.$)',
  ])('is left alone where it is something else: %s', (code) => {
    expect(bodyOf(code)).toBe(code)
  })

  test('is read when the operation works, of the state that it is given', async () => {
    const own = {
      add: (n: (state: unknown) => unknown) => (state: { sum: number }) => ({
        ...state,
        sum: state.sum + Number(n(state)),
      }),
    }
    expect(
      await carryOut('add($.n); fn(state => ({ ...state, n: 10 })); add($.n * 2)', { state: { n: 1, sum: 0 }, own }),
    ).toEqual({
      n: 10,
      sum: 21,
    })
    expect(
      await carryOut('each($.rows, fn(state => ({ ...state, last: $.data })))', { state: { rows: [1, 2] } }),
    ).toEqual({
      ...{ rows: [1, 2], data: 2, index: 1, last: 2 },
    })
  })
})

describe('$ is refused', () => {
  test.each<[string, number, number, RegExp]>([
    ['const url = $.data.url\npost(url)', 1, 13, /^\$ must be inside an operation/],
    ['$.data', 1, 1, /must be inside an operation/],
    ['$.data.forEach(x => x)', 1, 1, /must be inside an operation/],
    ['console.log($.data)', 1, 13, /must be inside an operation/],
    ['const f = () => $.data; fn(s => f())', 1, 17, /must be inside an operation/],
    ['fn(s => $.data)', 1, 9, /given the state as "s": write s in place of \$/],
    ['fn(() => $.data)', 1, 10, /does not name the state/],
    ['fn(({ data }) => $.data)', 1, 18, /does not name the state/],
    ['post("/").then(answer => $.data)', 1, 26, /as "answer"/],
    ['post(...$.data)', 1, 9, /cannot be spread/],
    ['$ = 1', 1, 1, /can only be read/],
    ['fn(state => { $.data = 1; return state })', 1, 15, /can only be read/],
    ['fn(state => { $.data.n++; return state })', 1, 15, /can only be read/],
    ['fn(state => { delete $.data; return state })', 1, 22, /can only be read/],
    ['fn(state => { ({ a: $.b, c: [$.d] } = state); return state })', 1, 21, /can only be read/],
    ['fn(state => { for ($.x of []); return state })', 1, 20, /can only be read/],
  ])('%s', (code, line, column, message) => {
    expect(compileJob(code, scopeWith('post'))).toMatchObject({
      kind: 'problem',
      line,
      column,
      message: expect.stringMatching(message),
    })
  })
})

/** What became of the code, without the marks of operations. */
const bodyOf = (code: string): string => {
  const { script } = compiled(code, scopeWith('post', 'http'))
  return script.slice(script.indexOf('\n') + 1, -4).replace(/\$add\(\d+,\(\)=>\(([\s\S]*?)\)\)(?=;|$)/g, '$1')
}
