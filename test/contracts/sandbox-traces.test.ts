import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adaptorNames, ofRunNames } from '../../processors/runner/language/names.ts'
import { openSandbox, type Sandbox } from '../../processors/runner/sandbox/open.ts'
import type { Adaptor } from '../../topology/project/adaptors.ts'
import type { Job } from '../../topology/project/project.ts'
import { jobOf, run, runOf } from './sandbox-jobs.ts'
import { mutations, walkOfRealm } from './sandbox-walk.ts'

let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await openSandbox({ version: '1.2.3' })
})
afterAll(() => sandbox[Symbol.asyncDispose]())

const error = (expression: string): string => `(await (async () => ${expression})().then(() => null, error => error))`

/** Things that no global leads to, each with an expression for it. */
const hidden = {
  signal: 'Object.getPrototypeOf(new AbortController().signal)',
  'class of signals': 'Object.getPrototypeOf(AbortSignal)',
  'adaptor error': `Object.getPrototypeOf(${error('parseXML("<")(state)')})`,
  'class of adaptor errors': `${error('parseXML("<")(state)')}.constructor`,
  'an error of Buffer': `Object.getPrototypeOf(${error('Buffer.alloc(1).readBigInt64LE(0)')})`,
  'another error of Buffer': `Object.getPrototypeOf(${error('Buffer.alloc(9).readBigInt64LE(9)')})`,
  'entries of parameters': 'Object.getPrototypeOf(new URLSearchParams("a").entries())',
  'entries of headers': 'Object.getPrototypeOf(new Headers({ a: 1 }).entries())',
  'entries of a form': 'Object.getPrototypeOf(new FormData().entries())',
  'class of bodies': 'Object.getPrototypeOf(Request)',
  'an error of JSONPath': `Object.getPrototypeOf(${error('jsonValue({ a: [1] }, "$.a[?(")')} ?? {})`,
  'util.encode': 'util.encode',
  'util.parseUrl': 'util.parseUrl',
  'util.post': 'util.post',
  'http.get': 'http.get',
  'http.options': 'http.options().json',
  get: 'get',
  cursor: 'cursor',
  validate: 'validate',
  log: 'log',
  fetch: 'fetch',
  'crypto.randomUUID': 'crypto.randomUUID',
  'beta.each': 'beta.each',
  'dateFns.format': 'dateFns.format',
  'what field gives': 'Object.getPrototypeOf(field("a", 1))',
  'what each gives': 'Object.getPrototypeOf(each([1], fn(s => s)))',
  'a wrapped iterator': 'Object.getPrototypeOf(Iterator.from({ next() {} }))',
  'what an async generator gives': 'Object.getPrototypeOf(Object.getPrototypeOf((async function* () {})()))',
  'a function that resolves': 'Object.getPrototypeOf(Promise.withResolvers().resolve)',
} as const

const scope = `const shared = { list: [], map: new Map() }
const pattern = /a/g
let counter = 0
class Kept { static count = 0; static #hidden = 0; static next() { return ++Kept.#hidden } }
class Stamp extends (function (object) { return object }) {
  #mark = 1
  static has(object) { return #mark in object }
}
const template = (strings => strings)
const site = () => template\`a\${1}b\`
`

/** Leaves a trace if the state says so, then reads. */
const jobFor = (leave: string, read: string): Job =>
  jobOf(`${scope}
fn(async state => {
  if (state.leave) { try { ${leave} } catch {} }
  return { seen: (${read}) ?? null }
})`)

const seesNothing = async (leave: string, read: string): Promise<void> => {
  const job = jobFor(leave, read)
  const before = await runOf(sandbox, job, { leave: false })
  await runOf(sandbox, job, { leave: true })
  const after = await runOf(sandbox, job, { leave: false })
  const elsewhere = await runOf(sandbox, { ...job, name: 'another', version: 7 }, { leave: false })
  expect(before.error).toBeNull()
  expect([after.state, elsewhere.state]).toEqual([before.state, before.state])
  expect(before.state).not.toContain('trace')
}

describe('what one run does to what no global names, the next run does not see', () => {
  test.each(Object.entries(hidden))('%s', async (_, expression) => {
    await seesNothing(`${expression}.trace = 'trace'`, `${expression}.trace`)
    const mark = "Symbol.for('mark')"
    await seesNothing(`Object.defineProperty(${expression}, ${mark}, { value: 'trace' })`, `${expression}[${mark}]`)
    await seesNothing(`Object.setPrototypeOf(${expression}, { trace: 'trace' })`, `${expression}.trace`)
  })
})

describe('what one run does, neither the next run of the same job sees nor one of another', () => {
  test.each<[string, string]>([
    // what a job has beside the language
    ['Buffer.prototype.toString = () => "trace"', 'Buffer.from("a").toString()'],
    ['Buffer.prototype.trace = 1', 'Buffer.from("a").trace'],
    ['Buffer.from = () => "trace"', 'Buffer.from("a").length'],
    ['Buffer.poolSize = "trace"', 'Buffer.poolSize'],
    ['new Uint8Array(Buffer.from("a").buffer).fill(116)', '[Buffer.from("a").buffer.byteLength, Buffer.alloc(4)]'],
    [
      'Buffer.from("trace".repeat(100)); Buffer.allocUnsafe(4096).fill("trace")',
      'Buffer.allocUnsafe(4096).some(byte => byte !== 0)',
    ],
    ['Buffer.concat([Buffer.from("trace")]).fill(7)', '[...Buffer.concat([Buffer.from("a")])]'],
    ['URL.prototype.trace = 1', 'new URL("http://a/").trace'],
    ['Object.defineProperty(URL.prototype, "href", { get: () => "trace" })', 'new URL("http://a/").href'],
    ['URL.parse = () => "trace"', 'URL.parse("http://a/").href'],
    ['URLSearchParams.prototype.get = () => "trace"', 'new URLSearchParams("a=1").get("a")'],
    [
      'const url = new URL("http://u:trace@h/trace?trace#trace"); url[Object.getOwnPropertySymbols(url)[0]].url.path.push("trace")',
      '[new URL("/", "http://h").href, new URL("http://h").pathname, new URL("", "http://h/a/b").href]',
    ],
    [
      'const url = new URL("http://u:trace@h/"); Object.defineProperty(url[Object.getOwnPropertySymbols(url)[0]].url, "host", { set() { throw 1 } }); url.host = "trace"',
      '[new URL("http://h/p?q#f").href, URL.canParse("p"), new URL("p", "http://h/x").href]',
    ],
    ['new URL("http://trace/", { toString() { throw 1 } })', 'new URL("p", "http://h/x").href'],
    ['Headers.prototype.append = () => {}', 'new Headers({ a: 1 }).get("a")'],
    ['Headers.prototype[Symbol.iterator] = function* () { yield "trace" }', '[...new Headers({ a: 1 })]'],
    ['Request.prototype.trace = 1', 'new Request("http://a").trace'],
    ['Response.json = () => "trace"', 'Response.json({}).status'],
    ['Object.getPrototypeOf(Response).prototype.text = () => "trace"', 'await new Response("a").text()'],
    ['FormData.prototype.get = () => "trace"', 'new FormData().get("a")'],
    ['Blob.prototype.text = () => "trace"', 'await new Blob(["a"]).text()'],
    ['File.prototype.trace = 1', 'new File([], "a").trace'],
    ['DOMException.prototype.name = "trace"', 'new DOMException("a", "b").name'],
    ['DOMException.trace = 1', 'DOMException.trace'],
    ['TextDecoder.prototype.decode = () => "trace"', 'new TextDecoder().decode()'],
    [
      'new TextDecoder().decode(Uint8Array.of(0xe2, 0x82), { stream: true })',
      'new TextDecoder().decode(Uint8Array.of(97))',
    ],
    [
      'const d = new TextDecoder("utf-8", { ignoreBOM: true }); d.encoding = "__defineGetter__"; d.fatal = () => () => "trace"; d.decode(Uint8Array.of(5))',
      '(() => { const d = new TextDecoder("utf-8", { ignoreBOM: true }); try { d.encoding = "5" } catch {} return d.decode() })()',
    ],
    ['TextEncoder.prototype.encode = () => "trace"', 'new TextEncoder().encode("a").length'],
    [
      'atob.trace = btoa.trace = structuredClone.trace = queueMicrotask.trace = 1',
      '[atob.trace, structuredClone.trace]',
    ],
    ['AbortSignal.prototype.throwIfAborted = () => "trace"', 'String(new AbortController().signal.throwIfAborted())'],
    ['AbortSignal.abort("trace")', 'new AbortController().signal.aborted'],
    ['http.get = () => "trace"; http.trace = 1', '[typeof http.get("http://a"), http.trace]'],
    ['util.trace = 1; util.encode = () => "trace"', '[util.trace, util.encode("a")]'],
    ['http.options({ headers: { a: "trace" } }).json()', 'http.options().json().headers'],
    ['dateFns.format = () => "trace"', 'dateFns.format(new Date(0), "yyyy")'],
    ['dateFns.parse("1", "d", new Date(), { locale: { trace: 1 } })', 'dateFns.format(new Date(0), "EEEE")'],
    ['console.log = 1; console.trace = () => "trace"', '[typeof console.log, console.trace]'],
    ['crypto.getRandomValues(new Uint8Array(8)).trace = 1', 'new Uint8Array(8).trace'],
    // state of modules
    ['cursor("trace", { key: "trace" })(state)', 'Object.keys(cursor("x")({}))'],
    ['jsonValue({ get a() { throw 1 } }, "$..a")', 'jsonValue({ a: 1 }, "$..a")'],
    [
      'jsonValue({ a: 1 }, "$[?(@.trace = 1)]"); jsonValue([{}], "$[?(x = 1)]")',
      'jsonValue([{ x: 2 }], "$[?(@.x === 2)].x")',
    ],
    [
      'jsonValue({ __proto__: null }, "__proto__"); jsonValue({}, "$.constructor.trace")',
      'jsonValue({ a: 1 }, "$.constructor")',
    ],
    ['await parseCsv(\'a;b\\n"trace\', { delimiter: ";" })(state)', '(await parseCsv("a,b\\n1,2")({})).data'],
    ['parseXML("<a><b>trace")(state)', 'parseXML("<a>1</a>")({}).data'],
    ['scrubEmojis("😀trace😀")', 'scrubEmojis("a😀")'],
    ['humanProper("trace_trace")', 'humanProper("a_b")'],
    [
      'await validate({ $id: "http://h/s", $defs: { a: { $id: "http://h/t", const: "trace" } } }, 1)(state)',
      '(await validate({ type: "string" }, () => 1)({})).validationErrors[0].errors[0].keyword',
    ],
    ['group([{ a: "__proto__" }], "a")(state)', '({}).length'],
    ['composeNextState(state, "trace").references.push("trace")', 'composeNextState({}, 1).references'],
    ['splitKeys({ a: 1 }, ["a"])[1].trace = 1', 'splitKeys({ a: 1 }, ["a"])'],
    ['expandReferences({ a: () => "trace" })(state).trace = 1', 'expandReferences({ a: 1 })({})'],
    // the job's own declarations
    ['shared.list.push("trace"); shared.map.set("trace", 1)', '[shared.list, shared.map.size]'],
    ['pattern.test("aa")', 'pattern.lastIndex'],
    ['Kept.count++; Kept.next(); Kept.trace = 1', '[Kept.count, Kept.next(), Kept.trace]'],
    ['site().trace = 1', 'site().trace'],
    ['site().raw.push("trace")', 'site().raw'],
    ['shared.map.set(site(), "trace")', 'shared.map.get(site())'],
    [
      'new Stamp(Object.prototype); new Stamp(Array); new Stamp(fn); new Stamp(site())',
      '[Object.prototype, Array, fn, site()].map(Stamp.has)',
    ],
    ['counter = 5; site.trace = 1', '[counter, site.trace]'],
    // what is left running
    [
      'setInterval(() => { shared.list.push("trace"); console.log("trace") }, 0)',
      'await new Promise(done => setTimeout(done, 5, shared.list))',
    ],
    [
      '(async () => { for (let n = 0; n < 200; n++) await null; shared.list.push("trace"); console.log("trace") })()',
      'await new Promise(done => setTimeout(done, 5, shared.list))',
    ],
    ['void Promise.reject(new Error("trace"))', 'await null'],
    ['new Promise(() => {}).then(() => shared.list.push("trace"))', 'shared.list'],
    ['clearTimeout(1); clearInterval(2); setTimeout(() => {}, 1e9)', 'typeof setTimeout(() => {}, 1)'],
    // the language
    ['Promise.prototype.constructor = function () { throw "trace" }', 'await (async () => 1)()'],
    ['Object.defineProperty(Promise, Symbol.species, { get: () => "trace" })', 'Promise[Symbol.species] === Promise'],
    ['Object.defineProperty(Array, Symbol.species, { get: () => "trace" })', '[1].map(x => x)'],
    ['Promise.all = Promise.allSettled = Promise.withResolvers = () => "trace"', 'await Promise.all([1])'],
    [
      'Object.getPrototypeOf(Object.getPrototypeOf((async function* () {})())).next = () => "trace"',
      'await (async function* () { yield 1 })().next()',
    ],
    ['Object.getPrototypeOf(async function* () {}).prototype.trace = 1', '(async function* () {})().trace'],
    ['Iterator.prototype.map = () => "trace"', '[1].values().map(x => x).toArray()'],
    ['Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({ done: true })', '[...[1]]'],
    ['Object.getPrototypeOf(new Map().entries()).next = () => ({ done: true })', '[...new Map([[1, 2]])]'],
    ['Object.getPrototypeOf("".matchAll(/a/g)).next = () => ({ done: true })', '[..."a".matchAll(/a/g)].length'],
    ['Array.prototype.push.call(Array.prototype, "trace")', '[Array.prototype.length, [,][0]]'],
    ['Array.prototype.fill.call(Object.freeze(["a"]), "trace")', '[Object.isFrozen(Array.prototype)]'],
    ['Array.prototype.splice.call(Array.prototype, 0, 0, "trace")', 'Array.prototype.length'],
    ['Array.prototype.length = 3', 'Array.prototype.length'],
    ['Object.prototype.__defineGetter__.call(globalThis, "trace", () => 1)', 'globalThis.trace'],
    ['Object.prototype.__defineSetter__.call(Array.prototype, "0", function () { this.trace = 1 })', '[1].trace'],
    ['Object.prototype.__proto__ = { trace: 1 }', '({}).trace'],
    ['Array.prototype.__proto__ = { trace: 1 }', '[].trace'],
    ['fn.__proto__ = { trace: 1 }', 'fn.trace'],
    ['Reflect.setPrototypeOf(Function.prototype, { trace: 1 })', '(() => {}).trace'],
    ['Object.assign(Math, { trace: 1 }); Object.assign(JSON, { trace: 1 })', '[Math.trace, JSON.trace]'],
    ['delete Array.prototype.map; delete globalThis.Array', 'typeof Array.prototype.map'],
    ['globalThis[Symbol.toStringTag] = "trace"', 'String(globalThis)'],
    ['Object.preventExtensions(globalThis); globalThis.constructor = 1', 'typeof globalThis.constructor'],
    ['Symbol.for("trace").description', 'Symbol.keyFor(Symbol("a"))'],
    ['Symbol.prototype.description = "trace"', 'Symbol("a").description'],
    ['Object.defineProperty(Symbol, "iterator", { value: Symbol("trace") })', '[...[1]]'],
    ['Function.prototype[Symbol.hasInstance] = () => "trace"', '[] instanceof Array'],
    ['Function.prototype.toString = () => "trace"', 'typeof String(Array)'],
    ['Error.prototype.toString = () => "trace"', 'String(new Error("a"))'],
    ['AggregateError.prototype.name = "trace"', 'new AggregateError([]).name'],
    ['Error.captureStackTrace.trace = 1', 'Error.captureStackTrace.trace'],
    ['Object.defineProperty(Error, "prepareStackTrace", { value: () => "trace" })', 'new Error("a").stack === "trace"'],
    [
      'RangeError.stackTraceLimit = 0; Error.stackTraceLimit = Infinity',
      '[RangeError.stackTraceLimit, new Error("a").stack.length > 20]',
    ],
    ['Date.prototype[Symbol.toPrimitive] = () => "trace"', 'new Date(0) + 0 === "trace"'],
    ['Date.parse = () => "trace"; Date.UTC = () => "trace"', '[Date.parse("1970-01-01"), Date.UTC(1970)]'],
    ['Date.prototype.setTime.call(Date.prototype, 1)', 'new Date(0).getTime()'],
    ['Intl.Locale.prototype.trace = 1', 'new Intl.Locale("en").trace'],
    ['Intl.getCanonicalLocales.trace = 1', 'Intl.getCanonicalLocales.trace'],
    [
      'Object.getPrototypeOf(new Intl.PluralRules("en")).select = () => "trace"',
      'new Intl.PluralRules("en").select(1)',
    ],
    ['new Intl.DateTimeFormat("de").format.trace = 1', 'new Intl.DateTimeFormat("de").format.trace'],
    [
      '/(trace)/.exec("trace"); "trace".replace(/t(r)ace/, "")',
      '[RegExp.$1, RegExp.lastParen, RegExp["$_"], RegExp.input]',
    ],
    ['RegExp.prototype.exec = () => "trace"', '/a/.exec("a").length'],
    ['RegExp.prototype[Symbol.replace] = () => "trace"', '"a".replace(/a/, "b")'],
    [
      'RegExp.prototype.lastIndex = 5; RegExp.prototype.compile?.call(/a/, "trace")',
      '[RegExp.prototype.lastIndex, /a/.source]',
    ],
    ['Map.prototype.set.call(Map.prototype, 1, "trace")', 'new Map().size'],
    ['Map.groupBy = () => "trace"', 'Map.groupBy([1], x => x).size'],
    ['Object.getPrototypeOf(Int8Array.prototype).set = () => "trace"', 'String(new Uint8Array(1).set([1]))'],
    ['Uint8Array.prototype.BYTES_PER_ELEMENT = "trace"', 'Uint8Array.prototype.BYTES_PER_ELEMENT'],
    ['ArrayBuffer.prototype.slice = () => "trace"', 'new ArrayBuffer(2).slice(1).byteLength'],
    ['DataView.prototype.getInt8 = () => "trace"', 'new DataView(new ArrayBuffer(1)).getInt8(0)'],
    ['Proxy.revocable = Reflect.get = () => "trace"', 'Reflect.get({ a: 1 }, "a")'],
    ['structuredClone(new Map([[Object.prototype, "trace"]]))', 'structuredClone(new Map()).size'],
    ['(function f() { "use strict"; f.caller.trace = 1 })()', 'typeof fn.trace'],
    [
      '(function () { arguments[0] = "trace"; arguments.callee.caller.trace = 1 })(1)',
      '(function () { return arguments.length })()',
    ],
    ['BigInt.prototype.toJSON = () => "trace"', 'typeof BigInt.prototype.toJSON'],
    ['String.prototype.toJSON = Array.prototype.toJSON = () => "trace"', 'JSON.stringify(["a"])'],
    ['JSON.rawJSON?.("1").trace', 'JSON.stringify({ a: 1 })'],
  ])('%s', (leave, read) => seesNothing(leave, read))

  test('cookies that a server gave to one run are not sent by another', async () => {
    const code =
      "fn(async state => { await http.get('http://h/a', { keepCookie: true })(state); return (await http.get('http://h/b')(state)).data })"
    const headers = [
      ['set-cookie', 'kept=1; path=/'],
      ['content-type', 'application/json'],
    ]
    const answer = async ({ text }: Readonly<{ text: string }>): Promise<string> => {
      const sent = (JSON.parse(text) as { headers: [string, string][] }).headers
      const cookies = sent.filter(([name]) => name.toLowerCase() === 'cookie').map(([, value]) => value)
      const body = JSON.stringify({ cookies, first: text.includes('/a') })
      return JSON.stringify({ status: 200, statusText: 'OK', headers, url: 'http://h/', encoding: 'utf8', body })
    }
    const job = jobOf(code)
    const once = () => sandbox.run({ run, job, state: '{}', answer }, new AbortController().signal)
    const asks = jobOf("fn(async state => (await http.get('http://h/b', { keepCookie: true })(state)).data)", {})
    const alone = () => sandbox.run({ run, job: asks, state: '{}', answer }, new AbortController().signal)
    expect((await once()).state).toBe('{"cookies":["kept=1"],"first":false}')
    expect((await alone()).state).toBe('{"cookies":[],"first":false}')
    expect((await alone()).state).toBe('{"cookies":[],"first":false}')
  })
})

describe('whatever a run does to whatever it can reach, another run finds everything as it was', () => {
  test.each(Object.entries(adaptorNames))('with the adaptor %s', async (adaptor, own) => {
    const names = [...new Set([...ofRunNames, ...own])].filter((name) => /^\w+$/.test(name))
    const job = jobOf(walkOfRealm(names), { adaptor: adaptor as Adaptor })
    const look = async (): Promise<Readonly<{ digest: string; paths: number }>> => {
      const { state, error } = await runOf(sandbox, job, { kind: 'look' })
      expect(error).toBeNull()
      return JSON.parse(state ?? '')
    }
    const first = await look()
    expect(first.paths).toBeGreaterThan(1_000)
    const deed = fc.record({ path: fc.nat(first.paths - 1), mutation: fc.nat(mutations - 1) })
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { minLength: 100, maxLength: 300 }), async (deeds) => {
        await runOf(sandbox, job, { kind: 'do', deeds })
        expect(await look()).toEqual(first)
      }),
      { numRuns: 20 },
    )
  })
})
