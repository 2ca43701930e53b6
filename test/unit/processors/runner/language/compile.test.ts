import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileJob } from '../../../../../processors/runner/language/compile.ts'
import { userPlace } from '../../../../../processors/runner/language/positions.ts'
import { placeAt } from '../../../../../processors/runner/language/problem.ts'
import { scopeOf } from '../../../../../processors/runner/language/scope.ts'
import type { Adaptor } from '../../../../../topology/project/adaptors.ts'
import { compiled, scopeWith } from '../../../../fixtures/compiled-job.ts'

describe('a job compiles', () => {
  test.each<[string, readonly string[]]>([
    ['', []],
    ['// nothing but words', []],
    ['fn(state => state)', ['fn 1:1']],
    ['fn(a => a)\n  alterState(b => b);', ['fn 1:1', 'alterState 2:3']],
    ['fn(a => a), fn(b => b)', ['fn 1:1', 'fn 1:13']],
    ['alterState(a => a),\nfn(b => b)', ['alterState 1:1', 'fn 2:1']],
    ['(fn(a => a))', ['fn 1:2']],
    ['each("$.x[*]", each("$.y[*]", fn(s => s)))', ['each 1:1']],
    ['const op = fn(s => s)\neach("$.x[*]", op)', ['each 2:1']],
    ['const make = x => fn(s => x)\nmake(1)', ['make 2:1']],
    ['const my = { op: x => fn(s => x) }\nmy.op(1)', ['my.op 2:1']],
    ['function fnn(f) { return fn(f) }\nfnn(s => s)', ['fnn 2:1']],
    ['console.log("loading")\nfn(s => s)', ['fn 2:1']],
    ['let n = 0\nfor (const x of [1, 2]) n += x\nfn(s => n)', ['fn 3:1']],
    ['if (Math.random() > 2) { console.log("no") }\nfn(s => s)', ['fn 2:1']],
    ['const data = await Promise.resolve(1)\nfn(s => data)', ['fn 2:1']],
    ['fn(async s => { await s; if (s) { fn(x => x)(s) } return s })', ['fn 1:1']],
    ['fn(async s => { await get("/x")(s); return get("/y")(s) })', ['fn 1:1']],
    ['fn(s => { const get = console.log; get("/x"); return s })', ['fn 1:1']],
    ['const get = console.log\nfn(s => { get("/x"); return s })', ['fn 2:1']],
    ['fn(s => { map("$.a", fn(x => x), s); return s })', ['fn 1:1']],
    ['fn(s => { util.uuid(), toArray(s), fields(), http.options({}); return s })', ['fn 1:1']],
    ['fn(s => { const op = get("/x"); s.a = get("/y"); return op(s) })', ['fn 1:1']],
    ['fn(async s => { await get("/x")(s).then(s => s); return s })', ['fn 1:1']],
    ['each(function* (s) { yield s.data }, fn(s => s))', ['each 1:1']],
    ['parseCsv(async function* () { yield "a" })', ['parseCsv 1:1']],
    ['const items = (function* () { yield 1 })()\neach(toArray(items), fn(s => s))', ['each 2:1']],
    ['"use strict"\nfn(s => s)', ['fn 2:1']],
    ['fn(s => "<!-- html -->")', ['fn 1:1']],
    ['fn(s => s)\r\nfn(s => s)\u2028fn(s => s)', ['fn 1:1', 'fn 2:1', 'fn 3:1']],
    ['fn(s => s) // end', ['fn 1:1']],
    ['class A { static x = 1 }\nfn(s => A.x)', ['fn 2:1']],
    ['const cache = { x: 1 }\ndelete cache.x\nfn(s => s)', ['fn 3:1']],
    ['let ready = true\nconst setup = () => { ready = 1 }\nready && setup()\nfn(s => s)', ['fn 4:1']],
    ['const a = null\na?.b()\nfn(s => s)', ['fn 3:1']],
    ['if (typeof later === "undefined") console.log("not here")\nfn(s => s)', ['fn 2:1']],
    ['if (toArray(1).length > 0) console.log("a plain function")\nfn(s => s)', ['fn 2:1']],
    ['const f = () => {}\nvoid f()\nfn(s => s)', ['fn 3:1']],
    [`const f = () => {}\n!f(), f() ? 1 : 2, [f()], \`\${f()}\`, { a: f() }.a\nfn(s => s)`, ['fn 3:1']],
    ['const a = { get b() { return console.log("b") } }\na.b\nfn(s => s)', ['fn 3:1']],
  ])('%s', (code, operations) => {
    expect(compiled(code).operations.map(({ name, line, column }) => `${name} ${line}:${column}`)).toEqual(operations)
  })

  test('without changing its lines, and columns can be told again', () => {
    const code = 'fn(a => a), fn(b => b.c)\nconst d = 1; fn(e => e)'
    const { script, inserts } = compiled(code)
    const places = ['b.c', 'const d', 'e => e', '=> a'].map((text) => {
      const { line, column } = placeAt(script, script.indexOf(text))
      return userPlace(inserts, { line: line - 1, column })
    })
    expect(places).toEqual(
      ['b.c', 'const d', 'e => e', '=> a'].map((text) => {
        const { line, column } = placeAt(code, code.indexOf(text))
        return { line, column }
      }),
    )
  })

  test('with names that are assigned and not declared as its own', () => {
    const declares = (code: string): string => /\{(let [^;]*;)?\{\n/.exec(compiled(code).script)?.[1] ?? ''
    expect(declares('fn(s => { total = 1; return s })')).toBe('let total;')
    expect(declares('x = 1, y = 2; [a, { b, c: [d = x] }] = []; fn(s => z++)')).toBe('let x,y,a,b,d,z;')
    expect(declares('fn(s => { for (k in s) for (v of s) ; return s })')).toBe('let k,v;')
    expect(declares('fn(s => { const total = 1; return s })\nfn(s => { total = 2 })')).toBe('let total;')
    expect(declares('fn(s => { if (s) { var t } t = 2; s = 3; u.v = 4 })')).toBe('')
    expect(declares('fn(function me(s) { me = s; arguments = 1 })'.replace('arguments = 1', ''))).toBe('')
    expect(declares('try { late() } catch (e) { e = 1 } function late() { late = 2 } class C { m() { C = 1 } }')).toBe(
      '',
    )
    expect(declares('Array = 1; fn = 2; console = 3')).toBe('')
  })

  test('and takes once what has two reasons to be there', () => {
    expect(compiled('console.log(1), log(2)', scopeWith('log', 'console', 'log'))).toMatchObject({
      uses: ['console', 'log'],
      operations: [{ name: 'console.log' }, { name: 'log' }],
    })
  })

  test('with a name for its own use that the job does not use', () => {
    expect(compiled('const $add = 1; fn(s => $add)').script).toContain('async($add$)')
    expect(compiled('function $add() {} fn(s => s)').script).toContain('async($add$)')
  })

  test('quickly, also when it is long', () => {
    const code = Array.from(
      { length: 10_000 },
      (_, n) => `fn(state => ({ ...state, n${n}: state.data.x + ${n} }))`,
    ).join('\n')
    expect(compiled(code).operations).toHaveLength(10_000)
  })
})

describe('a job is refused', () => {
  test.each<[string, number, number, RegExp]>([
    ['fn(s => ', 1, 3, /^The code ends too early: nothing closes this \($/],
    ['fn(s => s)\nfn(s => s\n', 2, 3, /^The code ends too early: nothing closes this \($/],
    ['fn(s => {\n  s.list = [1, 2\n\n', 2, 12, /nothing closes this \[, nor the \{ in line 1, nor the \( in line 1$/],
    [`fn(s => { if (s) { return \`\${s}\` }`, 1, 9, /nothing closes this \{, nor the \( in line 1$/],
    [`fn(s => \`\${s.a ? /[(]/ : "("`, 1, 10, /nothing closes this \$\{, nor the ` in line 1, nor the \(/],
    ['fn(s => `', 1, 9, /nothing closes this `, nor the \( in line 1$/],
    ['fn(s => s)\nconst a =\n\n', 2, 10, /^The code ends too early: something has to follow here$/],
    ['fn(s => s', 1, 3, /^The code ends too early/],
    ['fn(s => s) )', 1, 12, /^Unexpected token$/],
    ['const a = 1\nconst a = 2', 2, 7, /Identifier 'a' has already been declared/],
    ['return 5', 1, 1, /'return' outside of function/],
    ['#!/usr/bin/env node\nfn(s => s)', 1, 2, /Unexpected character '#!'|Unexpected/],
    ['fnn(s => s)', 1, 1, /^There is no operation "fnn"; did you mean "fn"\?$/],
    ['fn(s => s)\n  eech("$.x", fn(s => s))', 2, 3, /"eech"; did you mean "each"\?$/],
    ['each("$.x", alterstate(s => s))', 1, 13, /"alterstate"; did you mean "alterState"\?$/],
    ['fn(s => s)\nfindPatients("https://example.org")', 2, 1, /^There is no operation "findPatients"; known are /],
    [
      'create("Account")',
      1,
      1,
      /^There is no operation "create"; it comes with the adaptor salesforce, dhis2 or openmrs: name/,
    ],
    ['const x = 1\nfn(s => s)\nfetchAll("x")', 3, 1, /^There is no operation "fetchAll"; known are (?!x,)/],
    ['const _ = require("lodash")\nfn(s => s)', 1, 11, /^There is no require: a job is one text, .* into the job$/],
    ['const surname = s => s\nsurnam(1)', 2, 1, /^There is no operation "surnam"; did you mean "surname"\?$/],
    ['fn(s => s)\nbuffer.from("x")', 2, 1, /^There is no operation "buffer"/],
    ['const sites = []\neach(site, fn(s => s))', 2, 6, /^There is no "site"; did you mean "sites"\?$/],
    [
      'each(rows, fn(s => s))',
      1,
      6,
      /^There is no "rows"; declare it, or take it from the state: state => state.data.rows$/,
    ],
    ['if (ready) { fn(s => s) }', 1, 14, /fn\(…\) would never run here: .*Put the condition inside/],
    ['if (ready)\n  fn(s => s)', 2, 3, /would never run here/],
    ['fn(function* (s) { yield s })', 1, 4, /body of a generator would never run here. Leave the \* of/],
    ['each("$.a", async function* (s) { return s })', 1, 13, /body of a generator/],
    ['get("/x", {}, function* (s) {})', 1, 15, /body of a generator/],
    ['get("/x").then(s => s).catch(function* () {})', 1, 30, /body of a generator/],
    ['each("$.a", fn(s => each("$.b", function* () {})(s)))', 1, 33, /body of a generator/],
    ['export default [fn(s => s), function* (s) {}]', 1, 29, /body of a generator/],
    [
      'each("$.a", s => {\n  get("/x")\n  return s })',
      2,
      3,
      /^get\(…\) does nothing here: .*Write return get\(…\)\(state\)/,
    ],
    ['fn(async s => { await post("/x", s.data); return s })', 1, 23, /^post\(…\) does nothing here/],
    ['fn(s => { s.ok && http.get("http://a/"); return s })', 1, 19, /^http\.get\(…\)/],
    ['fn(s => { s.ok ? s : void get("/x"), s; return s })', 1, 27, /^get\(…\)/],
    ['fn(s => { get("/x").then(s => s).catch(() => 1); return s })', 1, 11, /^get\(…\)/],
    ['const load = () => { for (const x of []) beta.each("$.a", fn(s => s)) }', 1, 42, /^beta\.each\(…\)/],
    ['fn(s => { map("$.a", x => x); return s })', 1, 11, /^map\(…\)/],
    ['import { get as load } from "@openfn/language-http"; fn(s => { load("/x"); return s })', 1, 64, /^load\(…\)/],
    ['for (const x of [1]) fn(s => x)', 1, 22, /a loop cannot make operations. Use each/],
    ['while (true) { fn(s => s) }', 1, 16, /would never run here/],
    ['{ fn(s => s) }', 1, 3, /would never run here/],
    ['try { fn(s => s) } catch {}', 1, 7, /Put try and catch inside/],
    ['switch (1) { case 1: fn(s => s) }', 1, 22, /would never run here/],
    ['await fn(s => s)', 1, 1, /await does nothing to an operation/],
    ['const x = await fn(s => s)', 1, 11, /await does nothing to an operation/],
    ['each(await load(), fn(s => s)); function load() {}', 1, 6, /await cannot stand in what an operation is given/],
    ['true && fn(s => s)', 1, 1, /An operation in the middle of an expression would never run/],
    ['true ? fn(s => s) : fn(s => 1)', 1, 1, /An operation in the middle of an expression/],
    ['fn(s => s), true && fn(s => s)', 1, 13, /An operation in the middle of an expression/],
    ['[fn(s => s)]', 1, 1, /An operation in the middle of an expression/],
    ['!fn(s => s)', 1, 1, /An operation in the middle of an expression/],
    ['fn', 1, 1, /fn is not called/],
    ['void fn(s => s)', 1, 1, /An operation in the middle of an expression/],
    ['fn?.(s => s)', 1, 1, /An operation in the middle of an expression/],
    ['true && each("$.x", fn(s => s))', 1, 1, /An operation in the middle of an expression/],
    ['state => state', 1, 1, /This does nothing/],
    ['5', 1, 1, /This does nothing/],
    ['ready', 1, 1, /This does nothing/],
    ['-1 + 2, fn(s => s)', 1, 1, /This does nothing/],
    [`[{ a: \`b\${1}\` }, x => x] || null`, 1, 1, /This does nothing/],
    ['fn(s => s)\n({ a: 1 })', 1, 11, /Is a semicolon missing/],
    ['fn(s => s)\n[1, 2].map(fn)', 1, 11, /Is a semicolon missing/],
    ['fn(s => s)\n`words`', 1, 11, /Is a semicolon missing/],
    ['fn(s => s).than(s => s)', 1, 12, /An operation has no such method/],
    ['fn(s => s).than(s => s).then(s => s)', 1, 12, /An operation has no such method/],
    ['export const a = 1', 1, 1, /Nothing needs to be exported/],
    ['export * from "@openfn/language-http"', 1, 1, /Nothing needs to be exported/],
    ['const url = import.meta.url', 1, 13, /import.meta/],
    ['x = 1\n--> a comment in scripts only', 2, 3, /Unexpected token/],
  ])('%s', (code, line, column, message) => {
    const problem = compileJob(code)
    expect(problem).toMatchObject({ kind: 'problem', line, column })
    expect(problem.kind === 'problem' && problem.message).toMatch(message)
  })

  test.each<[string, Adaptor, boolean]>([
    ['fn(s => { create("A", { a: 1 }); return s })', 'salesforce', true],
    ['fn(s => { create("A", ["a"]); return s })', 'dhis2', true],
    ['fn(s => { create("A", { a: 1 }, s); return s })', 'salesforce', false],
    ['fn(s => { create("A", {}, { ...s, data: 1 }); return s })', 'salesforce', false],
    ['fn(s => { create(...s.args); return s })', 'salesforce', false],
    ['fn(s => { get("A"); return s })', '@openfn/language-asana@1.0.0', false],
  ])('where a function drops what it makes, unless it may do something: %s of %s', (code, adaptor, refused) => {
    const result = compileJob(code, scopeOf({ adaptor, bundle: { names: ['get', 'fn'] } }))
    if (refused) expect(result).toMatchObject({ kind: 'problem', message: expect.stringContaining('create(…) does') })
    else expect(result.kind).toBe('compiled')
  })

  test('with the line and a mark under the place', () => {
    const problem = compileJob('fn(s => s)\n\tif (x) fn(s => s)')
    expect(problem.kind === 'problem' && problem.caret).toBe('\tif (x) fn(s => s)\n\t       ^')
    const long = compileJob(`${'/* long */ '.repeat(50)}fnn(s => s)`)
    expect(long.kind === 'problem' && long.caret.split('\n').map((line) => line.length)).toEqual([91, 81])
  })

  test.each([
    ['brackets', '['.repeat(100_000)],
    ['parentheses', '('.repeat(100_000)],
    ['blocks', '{'.repeat(100_000)],
    ['functions', `fn(${'a=>'.repeat(50_000)}1)`],
    ['calls', `fn(${'f('.repeat(50_000)}`],
    ['templates', '`${'.repeat(50_000)],
    ['sums', `fn(s => ${'1+'.repeat(100_000)}1)`],
    ['members', `fn(s => s${'.a'.repeat(100_000)})`],
    ['negations', `fn(s => ${'!'.repeat(100_000)}1)`],
    ['patterns', `const ${'['.repeat(50_000)}`],
  ])('or compiled, but never a crash, when it nests %s without end', (_what, code) => {
    expect(['problem', 'compiled']).toContain(compileJob(code).kind)
  })

  test.each([
    'x = 1; a<!--b\n}});evil();(async()=>{{',
    'a = b <!--c\n',
    'fn(s => s)\n/* */ --> x',
    '}}); evil(); (async () => {{',
    '*/ }}); /*',
  ])('when it could be more than one function: %s', (code) => {
    expect(compileJob(code).kind).toBe('problem')
  })
})

describe('for any text', () => {
  const pieces = [
    'fn(s => s)',
    'each("$.a", fn(x => x))',
    'const a = 1',
    '\n',
    ';',
    ',',
    '(',
    ')',
    '{',
    '}',
    'if (a)',
    'await ',
    '// c\n',
    '<!--',
    '-->',
    '`',
    'x = 1',
  ]
  const anyCode = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join('')),
  )

  test('the compiler answers, always in the same way, and its problems lie in the text', () => {
    fc.assert(
      fc.property(anyCode, (code) => {
        const result = compileJob(code)
        expect(compileJob(code)).toEqual(result)
        if (result.kind === 'compiled') return
        const lines = code.split(/\r\n|[\n\r\u2028\u2029]/)
        expect(result.line).toBeGreaterThanOrEqual(1)
        expect(result.line).toBeLessThanOrEqual(lines.length)
        expect(result.column).toBeLessThanOrEqual((lines[result.line - 1] ?? '').length + 1)
      }),
    )
  })

  test('every character of a compiled job is found at its own place', () => {
    const statement = fc.constantFrom(
      'fn(s => s)',
      'each("$.a", fn(x => x))',
      'alterState(s => s), fn(s => s)',
      'const a$ = 1',
      'x = 1',
    )
    const separator = fc.constantFrom('\n', ';', ';  ', '\n\n  ', '; /* é */ ')
    fc.assert(
      fc.property(fc.array(fc.tuple(statement, separator), { maxLength: 8 }), (parts) => {
        const code = parts.map(([text, end], n) => text.replace('$', String(n)) + end).join('')
        const { script, inserts } = compiled(code)
        const own = script.split('\n').slice(1, -1)
        const found = own.flatMap((text, at) =>
          [...text].map((_, column) => userPlace(inserts, { line: at + 1, column: column + 1 })),
        )
        const seen = new Set(found.map(({ line, column }) => `${line}:${column}`))
        for (const [at, text] of code.split('\n').entries())
          for (let column = 1; column <= text.length; column++) expect(seen).toContain(`${at + 1}:${column}`)
      }),
    )
  })
})
