import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operationNames } from '../../processors/runner/language/names.ts'
import { openSandbox, type Sandbox } from '../../processors/runner/sandbox/open.ts'
import type { Outcome } from '../../topology/words/run.ts'
import { jobOf, resultOf, runOf } from './sandbox-jobs.ts'

let sandbox: Sandbox

/** What `using` throws when two things go wrong is no global, and yet it can be had: its prototype. */
const suppressed =
  '(() => { try { using a = { [Symbol.dispose]() { throw 1 } }; throw 2 } catch (error) { return Object.getPrototypeOf(error) } })()'
const suppressedLater =
  '(await (async () => { await using a = { async [Symbol.asyncDispose]() { throw 1 } }; throw 2 })().catch(error => Object.getPrototypeOf(error)))'

/** Whose prototypes belong to all runs, although no global names them. */
const handedOut = [
  ...['function* () {}', 'async () => {}', 'async function* () {}', '(() => {}).bind()', '/a/', '(x => x)`a`'],
  ...['Object.getPrototypeOf((function* () {})())', 'Object.getPrototypeOf((async function* () {})())'],
  ...['[].values()', '""[Symbol.iterator]()', 'new Map().keys()', 'new Set().keys()', '"a".matchAll(/a/g)'],
  ...['[].values().map(x => x)', 'Iterator.from({ next() {} })', '(function () { return arguments })()'],
  ...['Promise.withResolvers().resolve', 'Proxy.revocable({}, {}).revoke', 'new Uint8Array(1).values()'],
  ...['new Intl.Segmenter().segment("a")', 'new Intl.Segmenter().segment("a")[Symbol.iterator]()'],
  ...['new Intl.NumberFormat().format', 'new Intl.Collator().compare', 'new Intl.DurationFormat()'],
]

beforeAll(async () => {
  sandbox = await openSandbox({ version: '1.2.3' })
})
afterAll(() => sandbox[Symbol.asyncDispose]())

describe('what one run does, the next run of the same job does not see', () => {
  test.each<[string, string]>([
    ['globalThis.trace = 1', 'globalThis.trace'],
    ['global.trace = 1', 'typeof trace'],
    ['trace = 1', 'typeof globalThis.trace'],
    ['Object.defineProperty(globalThis, "trace", { value: 1 })', 'globalThis.trace'],
    ['Object.prototype.trace = 1', '({}).trace'],
    ['({}).__proto__.trace = 1', '({}).trace'],
    ['Object.setPrototypeOf(globalThis, { trace: 1 })', 'globalThis.trace'],
    ['Object.getPrototypeOf(globalThis).trace = 1', 'globalThis.trace'],
    ['Array.prototype.map = () => "trace"', '[1].map(x => x)'],
    ['Array.prototype[0] = "trace"', '[,][0]'],
    ['Array.from = () => "trace"', 'Array.from([1])'],
    ['String.prototype.trim = () => "trace"', '" a ".trim()'],
    ['Function.prototype.call = () => "trace"', '(() => 1).call()'],
    ['Promise.prototype.then = () => "trace"', 'typeof Promise.resolve().then(() => 1)'],
    ['Promise.resolve = () => "trace"', 'await Promise.resolve(1)'],
    ['JSON.parse = () => "trace"', 'JSON.parse("1")'],
    ['JSON.stringify = () => "trace"', 'JSON.stringify(1)'],
    ['Math.random = () => "trace"', 'typeof Math.random()'],
    ['Date.now = () => "trace"', 'typeof Date.now()'],
    ['Date.prototype.toISOString = () => "trace"', 'new Date(0).toISOString()'],
    ['Error.prepareStackTrace = () => "trace"', 'typeof new Error("x").stack + (new Error("x").stack === "trace")'],
    ['TypeError.prepareStackTrace = () => "trace"', 'new TypeError("x").stack === "trace"'],
    ['Error.stackTraceLimit = 0', 'new Error("x").stack.split("\\n").length > 1'],
    ['Error.prototype.name = "trace"', 'new Error("x").name'],
    ['Error.captureStackTrace = () => {}', 'String(Error.captureStackTrace)'],
    ['Intl.trace = 1', 'Intl.trace'],
    ['Intl.NumberFormat.prototype.format = () => "trace"', 'new Intl.NumberFormat("en").format(1)'],
    ['Intl.DateTimeFormat = () => "trace"', 'typeof new Intl.DateTimeFormat()'],
    ['Object.getPrototypeOf(new Intl.Segmenter().segment("a")).trace = 1', 'new Intl.Segmenter().segment("a").trace'],
    [
      'Object.getPrototypeOf(new Intl.Segmenter().segment("a")[Symbol.iterator]()).trace = 1',
      'new Intl.Segmenter().segment("a")[Symbol.iterator]().trace',
    ],
    ['/(trace)/.exec("trace")', 'RegExp.$1'],
    ['/(trace)/.exec("trace")', 'RegExp.lastMatch'],
    ['RegExp.prototype.test = () => "trace"', '/a/.test("a")'],
    ['Object.getPrototypeOf(function* () {}).trace = 1', '(function* () {}).trace'],
    ['Object.getPrototypeOf(async () => {}).trace = 1', '(async () => {}).trace'],
    ['Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())).trace = 1', '[][Symbol.iterator]().trace'],
    ['Iterator.prototype.trace = 1', '[].values().trace'],
    ['Object.getPrototypeOf(Uint8Array).trace = 1', 'Uint8Array.trace'],
    ['Symbol.trace = 1', 'Symbol.trace'],
    ['Symbol.for("a").constructor.prototype.trace = 1', 'Symbol.for("a").trace'],
    ['Reflect.trace = Proxy.trace = 1', '[Reflect.trace, Proxy.trace]'],
    ['console.log = () => "trace"; console.trace = 1', '[typeof console.log("a"), console.trace]'],
    ['console.log.trace = 1', 'console.log.trace'],
    ['setTimeout.trace = 1', 'setTimeout.trace'],
    ['fn.trace = 1', 'fn.trace'],
    ['globalThis.fn = () => "trace"', 'typeof fn(x => x)'],
    ['each.call = () => "trace"', 'typeof each.call'],
    ['shared.trace = 1', 'shared.trace'],
    ['counter++', 'counter'],
    ['function trace() {}; Object.assign(state.constructor, { trace })', 'Object.trace'],
    ['(x => x)`a`.trace = 1', '(x => x)`a`.trace'],
    ['each("$..[?(@.constructor.prototype.trace = 1)]", fn(x => x))(state)', '({}).trace'],
    ['setTimeout(() => { shared.trace = 1 }, 0)', 'shared.trace'],
    ['Object.freeze(state)', 'Object.isFrozen(state)'],
    [`${suppressed}.trace = 1`, `${suppressed}.trace`],
    [`${suppressed}.constructor.trace = 1`, `${suppressed}.constructor.trace`],
    [
      `Object.getPrototypeOf(${suppressed}.constructor).prepareStackTrace = () => "trace"`,
      'new Error("x").stack === "trace"',
    ],
    [`${suppressedLater}.trace = 1`, `${suppressedLater}.trace`],
  ])('%s', async (leave, read) => {
    const code = `const shared = {}
let counter = 0
fn(async state => {
  if (state.leave) { try { ${leave} } catch {} }
  return { seen: ${read} ?? null }
})`
    const job = jobOf(code)
    const before = await runOf(sandbox, job, { leave: false })
    await runOf(sandbox, job, { leave: true })
    const after = await runOf(sandbox, job, { leave: false })
    expect(before.status).toBe('success')
    expect(after.state).toBe(before.state)
    expect(after.state).not.toContain('trace"')
  })

  test('not even while both are running', async () => {
    const job = jobOf(`let mine
fn(async state => {
  mine = state.id
  await new Promise(resolve => setTimeout(resolve, 5))
  return { mine, id: state.id }
})`)
    const outcomes = await Promise.all([1, 2, 3, 4, 5].map((id) => runOf(sandbox, job, { id })))
    expect(outcomes.map((one) => one.state)).toEqual([1, 2, 3, 4, 5].map((id) => `{"mine":${id},"id":${id}}`))
  })
})

describe('a job finds no way out', () => {
  const runs = (attempt: string): Promise<Outcome> =>
    runOf(sandbox, jobOf(`fn(async state => { ${attempt}; return 'out' })`))

  test.each([
    ['Function("return process")()'],
    ['new Function("return 1")()'],
    ['(() => {}).constructor("return process")()'],
    ['state.constructor.constructor("return process")()'],
    ['(async () => {}).constructor("return process")()'],
    ['(function* () {}).constructor("return process")()'],
    ['(async function* () {}).constructor("return process")()'],
    ['console.log.constructor("return process")()'],
    ['setTimeout.constructor("return process")()'],
    ['fn.constructor("return process")()'],
    ['Reflect.construct(Function, ["return process"])()'],
    ['Reflect.construct(Object.getPrototypeOf(async () => {}).constructor, ["return process"])()'],
    ['eval("1")'],
  ])('%s makes code of text, which ends the run', async (attempt) => {
    expect(await runs(attempt)).toMatchObject({ state: null, status: 'killed', error: { name: 'SecurityError' } })
  })

  test.each([
    ['globalThis.eval("1")'],
    ['setTimeout("1")'],
    ['require("fs")'],
    ['process.env'],
    ['await import("node:fs")'],
    ['arguments.callee'],
    ['(function () { return arguments.callee })()'],
    ['new WebAssembly.Module(new Uint8Array())'],
    ['new SharedArrayBuffer(8)'],
    ['Atomics.wait'],
    ['new WeakRef({})'],
    ['new FinalizationRegistry(() => {})'],
    ['new DisposableStack()'],
    ['new AsyncDisposableStack()'],
    ['new SuppressedError()'],
    ['new Compartment()'],
    ['lockdown()'],
    ['harden({})'],
    ['penstock.runs'],
    ['$add(0, () => {})'],
  ])('%s throws', async (attempt) => {
    const { state, status } = await runs(attempt)
    expect(state).toBeNull()
    expect(['failed', 'crashed']).toContain(status)
  })

  test('all globals are known, and none can be changed', async () => {
    const names = await resultOf(sandbox, 'return Object.getOwnPropertyNames(globalThis).sort()')
    for (const name of ['process', 'console', 'eval', 'WebAssembly', 'Atomics', 'harden', 'Compartment', 'require'])
      expect(names).not.toContain(name)
    expect(names).toEqual(expect.arrayContaining([...operationNames, 'Object', 'global', 'globalThis']))
    const open = `return Object.getOwnPropertyNames(globalThis).filter(name => {
      const value = globalThis[name]
      const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
      return isObject && (!Object.isFrozen(value) || (value.prototype && !Object.isFrozen(value.prototype)))
    })`
    expect(await resultOf(sandbox, open)).toEqual([])
  })

  test('everything that the language hands out is frozen, by whatever way it is reached', async () => {
    const walk = `const seen = new Set()
      const open = []
      const visit = (value, path) => {
        if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return
        if (seen.has(value)) return
        seen.add(value)
        if (!Object.isFrozen(value)) open.push(path)
        for (const key of Reflect.ownKeys(value)) {
          const { value: own, get, set } = Object.getOwnPropertyDescriptor(value, key)
          for (const next of [own, get, set]) visit(next, path + '.' + String(key))
        }
        visit(Object.getPrototypeOf(value), path + '.__proto__')
      }
      visit(globalThis, 'globalThis')
      const late = {
        'using': ${suppressed},
        'await using': ${suppressedLater},
        ${handedOut.map((text) => `${JSON.stringify(text)}: Object.getPrototypeOf(${text})`).join()}
      }
      for (const path of Object.keys(late)) visit(late[path], path)
      return { open, enough: seen.size > 800 }`
    expect(await resultOf(sandbox, walk)).toEqual({ open: [], enough: true })
  })

  test('nothing of the host can be reached from what a job holds', async () => {
    const reach = `const seen = new Set()
      const found = []
      const visit = (value, path) => {
        if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return
        if (seen.has(value)) return
        seen.add(value)
        if (/^(Reference|ExternalCopy|Isolate|Context|Callback|Script|process)$/.test(value.constructor?.name ?? '')) found.push(path)
        for (const key of Reflect.ownKeys(value)) {
          const { value: own, get, set } = Object.getOwnPropertyDescriptor(value, key)
          for (const next of [own, get, set]) visit(next, path + '.' + String(key))
        }
        visit(Object.getPrototypeOf(value), path + '.__proto__')
      }
      visit(globalThis, 'globalThis'); visit({ console, setTimeout, clearTimeout, setInterval, state }, 'run')
      return { found, enough: seen.size > 500 }`
    expect(await resultOf(sandbox, reach)).toEqual({ found: [], enough: true })
  })

  test('ordinary code works in the frozen realm', async () => {
    const body = `class Animal { constructor(name) { this.name = name } toString() { return this.name } }
      class Dog extends Animal { get [Symbol.toStringTag]() { return 'Dog' } }
      const o = {}; o.constructor = 1; o.toString = () => 'own'
      const copy = Object.assign({}, { constructor: 2, valueOf: 3 })
      const error = new Error('m'); error.message = 'changed'; error.name = 'Mine'
      return [String(new Dog('rex')), o.constructor, String(o), copy.valueOf, String(error),
        (1234.5).toLocaleString('de-DE'), new Date(0).toLocaleDateString('en-GB', { timeZone: 'UTC' }),
        [3, 1, 2].sort().join(), 'a-b'.replace(/-/g, '+'), [...new Map([[1, 2]]).keys()], structured(), Object.groupBy([1, 2], n => n % 2)]
      function structured() { return [...'é'].length }`
    expect(await resultOf(sandbox, body)).toEqual([
      ...['rex', 1, 'own', 3, 'Mine: changed', '1.234,5', '01/01/1970', '1,2,3', 'a+b', [1], 1],
      { 0: [2], 1: [1] },
    ])
  })
})
