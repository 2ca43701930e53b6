import type { Job } from '../../topology/project/project.ts'

/** A job that means harm, or does it by mistake, and how a run of it has to end (`semantics.md` 7). */
export type HostileJob = Readonly<{
  name: string
  code: string
  /** The status with the exit code, and the error's name where there is one. */
  end: string
  changes?: Partial<Job>
}>

export type End = Readonly<{ status: string; exitCode: number | null; error: Readonly<{ name: string }> | null }>

/** As the table says it. */
export const endOf = ({ status, exitCode, error }: End): string =>
  [status, exitCode, ...(error ? [error.name] : [])].join(' ')

const of =
  (end: string, changes: Partial<Job> = {}) =>
  (jobs: Readonly<Record<string, string>>): readonly HostileJob[] =>
    Object.entries(jobs).map(([name, code]) => ({ name, code, end, changes }))

const timeout = of('killed 2 TimeoutError', { timeoutMs: 800 })
/** So little memory that it is used up long before the time. */
const memory = of('killed 134 OOMError', { memoryMb: 16, timeoutMs: 100_000 })
const flood = of('killed 4 LogFloodError', { logLimitBytes: 1_000 })
const tooLarge = of('killed 4 StateTooLargeError')
const quick = { timeoutMs: 5_000 }

/** The same job, which leaves a state alone that says `calm`; undefined where the harm is not in an operation. */
export const orCalm = ({ code, end }: HostileJob): string | undefined => {
  const mild = code.replace(/^fn\((.*)\)$/ms, 'fn(unlessCalm($1))')
  const waits = '(s) => (s.calm ? new Promise((resolve) => setTimeout(resolve, 30, s.calm)) : work(s))'
  const inOperation = mild !== code && !code.includes('static {') && !/SyntaxError|ImportError/.test(end)
  return inOperation ? `const unlessCalm = (work) => ${waits}\n${mild}` : undefined
}

/** All of them. Each is bounded by its time or its memory, and most end within half a second. */
export const hostileJobs: readonly HostileJob[] = [
  ...timeout({
    'a loop': `fn(() => { for (;;); })`,
    'a loop in the declarations': `for (;;);`,
    'a loop after an await': `fn(async () => { await null; for (;;); })`,
    'a loop that catches everything': `fn(() => { for (;;) try { for (;;); } catch {} finally { for (;;); } })`,
    'a loop in a timer': `fn(() => new Promise(() => setTimeout(() => { for (;;); }, 1)))`,
    'a loop in a getter of the state': `fn(() => ({ get a() { for (;;); } }))`,
    'a loop in toJSON': `fn(() => ({ toJSON() { for (;;); } }))`,
    'a loop in toJSON of what is printed': `fn(() => { console.log({ toJSON() { for (;;); } }) })`,
    'a loop in toString of what is thrown': `fn(() => { throw { toString() { for (;;); }, get message() { for (;;); } } })`,
    'a loop in the stack of an error': `fn(() => { throw Object.defineProperty(new Error(), 'stack', { get() { for (;;); } }) })`,
    'a loop in a trap of a proxy that is thrown': `fn(() => { throw new Proxy({}, { getPrototypeOf() { for (;;); } }) })`,
    'a loop in a trap of a proxy that is the state': `fn(() => new Proxy({}, { ownKeys() { for (;;); } }))`,
    'a loop in Symbol.toPrimitive': `fn(() => { \`\${{ [Symbol.toPrimitive]() { for (;;); } }}\` })`,
    'a loop in Symbol.iterator': `fn(() => { const [a] = { [Symbol.iterator]() { for (;;); } } })`,
    'a loop in then': `fn(() => ({ then() { for (;;); } }))`,
    'a loop in a sort': `fn(() => [2, 1].sort(() => { for (;;); }))`,
    'a loop in a replacer': `fn(() => JSON.stringify({ a: 1 }, () => { for (;;); }))`,
    'a loop in a reviver': `fn(() => JSON.parse('[1]', () => { for (;;); }))`,
    'a loop in a species': `class Odd extends Array { static get [Symbol.species]() { for (;;); } }\nfn(() => new Odd(1, 2).map((x) => x))`,
    'a loop in a finally of an async generator': `async function* g() { try { yield 1 } finally { for (;;); } }\nfn(async () => { for await (const a of g()) break })`,
    'a loop in a static block': `class A { static { for (;;); } }\nfn((s) => s)`,
    'a catastrophic expression': `fn(() => /^(a+)+$/.test('a'.repeat(40) + 'b'))`,
    'a catastrophic expression with a back reference': `fn(() => /^(([a-z])+.)+[A-Z]([a-z])+$/.exec('a'.repeat(60)))`,
    'a catastrophic replace': `fn(() => 'x'.repeat(50_000).replace(/(x+x+)+y/g, ''))`,
    'a search that V8 does not leave': `fn(() => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1))`,
    'a reversal that V8 does not leave': `fn(() => Array.prototype.reverse.call({ length: 2 ** 53 - 1 }))`,
    'a join that V8 does not leave': `fn(() => Array.prototype.join.call({ length: 2 ** 32 - 2 }, ''))`,
    'a list of keys that V8 does not leave': `fn(() => Object.keys(new Proxy({}, { ownKeys: () => new Array(1e8).fill('a') })))`,
    'a number of a million digits': `fn(() => { let n = 3n ** 1_000_000n; for (;;) (n * n).toString() })`,
    'a sort without end': `fn(() => { for (;;) Array.from({ length: 100_000 }, Math.random).sort() })`,
    'microtasks without end': `fn(() => { const again = () => Promise.resolve().then(again); return again() })`,
    'awaits without end': `fn(async () => { for (;;) await null })`,
    'thenables without end': `fn(() => { const again = () => ({ then(r) { r(again()) } }); return again() })`,
    'an async generator without end': `fn(async () => { for await (const a of (async function* () { for (;;) yield })()); })`,
    'a promise that never settles': `fn(() => new Promise(() => {}))`,
    'a thenable that never settles': `fn(() => ({ then() {} }))`,
    'an interval': `fn(() => new Promise(() => setInterval(() => {}, 1)))`,
    'a thousand intervals': `fn(() => new Promise(() => { for (let n = 0; n < 1_000; n++) setInterval(() => {}, 0) }))`,
    'timers that follow each other': `fn(() => { const again = () => setTimeout(again, 0); again(); return new Promise(() => {}) })`,
    'timers that double': `fn(() => { const more = () => { setTimeout(more, 0); setTimeout(more, 0) }; more(); return new Promise(() => {}) })`,
    'a million timers': `fn(() => new Promise(() => { for (let n = 0; n < 1e6; n++) setTimeout(() => {}, n % 100) }))`,
    'an iterator of nothing': `fn(() => { for (const a of { [Symbol.iterator]: () => ({ next: () => ({}) }) }); })`,
  }),
  ...memory({
    objects: `fn(() => { const a = []; for (;;) a.push({ a: [1, 2, 3] }) })`,
    'objects, in a timer': `fn(() => new Promise(() => setTimeout(() => { const a = []; for (;;) a.push({ a }) }, 1)))`,
    'an error that is caught again and again': `fn(() => { const a = []; for (;;) try { for (;;) a.push(new Array(1e6).fill({})) } catch {} })`,
    'a map': `fn(() => { const a = new Map(); for (let n = 0;; n++) a.set(n, n) })`,
    'a set of texts': `fn(() => { const a = new Set(); for (let n = 0;; n++) a.add('text ' + n) })`,
    closures: `fn(() => { let f = () => {}; for (;;) { const g = f, big = new Array(100).fill(1); f = () => [g, big] } })`,
    symbols: `fn(() => { const a = {}; for (;;) a[Symbol()] = 1 })`,
    'property names': `fn(() => { const a = {}; for (let n = 0;; n++) a['name ' + n] = n })`,
    promises: `fn(async () => { const a = []; for (;;) a.push(new Promise((r) => a.push(r)).then(() => a)) })`,
    'a flood of microtasks': `fn(() => { const more = () => { for (let n = 0; n < 100; n++) Promise.resolve().then(more) }; more(); return new Promise(() => {}) })`,
    timers: `fn(() => { for (;;) setTimeout(() => {}, 1e6) })`,
    'one array buffer': `fn(() => new ArrayBuffer(2_000_000_000).byteLength)`,
    'array buffers': `fn(() => { const a = []; for (;;) a.push(new Uint8Array(50_000_000).fill(1)) })`,
    'typed arrays of typed arrays': `fn(() => { let a = new Float64Array(1_000).fill(1); for (;;) { const b = new Float64Array(a.length * 2); b.set(a); a = b } })`,
    'a resizable array buffer': `fn(() => { const a = new ArrayBuffer(1, { maxByteLength: 2 ** 31 }); for (let n = 1;; n *= 2) { a.resize(n); new Uint8Array(a).fill(1) } })`,
    'small array buffers': `fn(() => { const a = []; for (;;) a.push(new Uint8Array(64).fill(1)) })`,
    'structured texts': `fn(() => { const a = []; for (let n = 0;; n++) a.push([...('x'.repeat(20_000_000) + n)].join('-')) })`,
    'Array.fill': `fn(() => { const a = []; for (;;) a.push(new Array(30_000_000).fill(1.5)) })`,
    'Array.concat': `fn(() => { let a = [1, 2, 3]; for (;;) a = a.concat(a) })`,
    'Array.from a length': `fn(() => Array.from({ length: 2 ** 32 - 1 }, () => ({})).length)`,
    flat: `fn(() => { let a = [1]; for (let n = 0; n < 40; n++) a = [a, a]; return a.flat(Infinity).length })`,
    'a spread': `fn(() => [...'.'.repeat(400_000_000)].length)`,
    split: `fn(() => '.'.repeat(400_000_000).split('').length)`,
    'an iterator without end': `fn(() => [...(function* () { for (;;) yield {} })()].length)`,
    'a shared graph as JSON': `fn(() => { let a = ['x'.repeat(1_000)]; for (let n = 0; n < 17; n++) a = [a, a]; const all = []; for (;;) all.push(JSON.stringify(a)) })`,
    'Object.fromEntries': `fn(() => Object.fromEntries((function* () { for (let n = 0;; n++) yield ['k' + n, n] })()))`,
    'Intl formats': `fn(() => { const a = []; for (;;) a.push(new Intl.DateTimeFormat('en', { timeZone: 'Asia/Tokyo' })) })`,
    'memory in what it throws': `fn(() => { throw { get message() { const a = []; for (;;) a.push({ a }) } } })`,
    'memory in toJSON': `fn(() => ({ toJSON() { const a = []; for (;;) a.push({ a }) } }))`,
    'a deep state that is read': `fn(() => JSON.parse('['.repeat(1e6) + ']'.repeat(1e6)))`,
    'JSON of a shared graph': `fn(() => { let a = ['xxxxxxxx']; for (let n = 0; n < 40; n++) a = [a, a]; return a })`,
    'a replace that grows': `fn(() => { let a = 'ab'; for (;;) a = a.replace(/./g, '$&$&') })`,
    'memory in a declaration': `const a = []\nfor (;;) a.push({ a })`,
  }),
  ...of('failed 1 RangeError', { ...quick, memoryMb: 32 })({
    'a text repeated too often': `fn(() => 'x'.repeat(2 ** 30))`,
    'a text that is padded too far': `fn(() => 'x'.padStart(2 ** 30))`,
    'a text that doubles': `fn(() => { let a = 'x'; for (;;) a += a })`,
    'promises for Promise.all': `fn(() => Promise.all((function* () { for (;;) yield new Promise(() => {}) })()))`,
    'texts joined to a long one': `fn(() => new Array(2 ** 27).join('1234567890'))`,
    'an array of impossible length': `fn(() => new Array(-1))`,
    recursion: `const f = (n) => f(n + 1) + 1\nfn(() => f(0))`,
    'recursion of two': `const f = (n) => g(n) + 1\nconst g = (n) => f(n) + 1\nfn(() => f(0))`,
    'recursion in a getter': `const a = { get b() { return this.b } }\nfn(() => a.b)`,
    'recursion in a getter of the state': `fn(() => ({ get a() { return { get a() { return JSON.stringify(this) } } } }))`,
    'recursion in toJSON': `fn(() => ({ toJSON() { return JSON.stringify(this) } }))`,
    'recursion in toString': `fn(() => { const a = { toString() { return \`\${a}\` } }; return \`\${a}\` })`,
    'recursion in a proxy': `fn(() => { const p = new Proxy({}, { get: (t, k) => p[k] }); return p.a })`,
    'recursion in a chain of prototypes of proxies': `fn(() => { let p = {}; for (let n = 0; n < 1e5; n++) p = new Proxy(p, {}); return p.a })`,
    'recursion in a constructor': `class A { constructor() { this.a = new A() } }\nfn(() => new A())`,
    'a deep state': `fn(() => { let a = []; for (let n = 0; n < 1e5; n++) a = [a]; return a })`,
    'a date that is none': `fn(() => new Date(NaN).toISOString())`,
  }),
  ...flood({
    'lines without end': `fn(() => { for (;;) console.log('0123456789') })`,
    'lines without end that catch': `fn(() => { for (let n = 0; n < 1e4; n++) try { console.log('0123456789') } catch {} })`,
    'one huge line': `fn(() => { console.log('x'.repeat(20_000_000)) })`,
    'one huge object': `fn(() => { console.log(Array.from({ length: 200_000 }, (_, n) => ({ n }))) })`,
    'lines of all levels': `fn(() => { for (;;) for (const level of ['debug', 'log', 'info', 'warn', 'error']) console[level](level) })`,
    'lines from timers': `fn(() => new Promise(() => setInterval(() => { for (let n = 0; n < 1_000; n++) console.log(n) }, 0)))`,
    'lines with many parts': `fn(() => { for (;;) console.log(...new Array(1_000).fill('x')) })`,
    'empty lines': `fn(() => { for (;;) console.log() })`,
  }),
  ...tooLarge({
    'a long text as state': `fn(() => 'x'.repeat(10_000_000))`,
    'a long text of long characters as state': `fn(() => ({ text: 'é'.repeat(6_000_000) }))`,
    'a long list as state': `fn(() => Array.from({ length: 2_000_000 }, (_, n) => n))`,
    'a shared graph as state': `fn(() => { let a = ['x'.repeat(1_000)]; for (let n = 0; n < 15; n++) a = [a, a]; return a })`,
    'lone surrogates as state': `fn(() => '\\ud800'.repeat(2_000_000))`,
    'a long toJSON': `fn(() => ({ toJSON: () => 'x'.repeat(10_000_000) }))`,
  }),
  ...of('killed 4 SecurityError')({
    Function: `fn(() => Function('return process')())`,
    'a constructor of a constructor': `fn((s) => s.constructor.constructor('return process')())`,
    'an async constructor': `fn(() => (async () => {}).constructor('return process')())`,
    'a generator constructor': `fn(() => (function* () {}).constructor('return process')())`,
    'an async generator constructor': `fn(() => (async function* () {}).constructor('return process')())`,
    'the constructor of what the host gave': `fn(() => console.log.constructor('return process')())`,
    'the constructor of a timer': `fn(() => setTimeout.constructor('return process')())`,
    eval: `fn(() => eval('1'))`,
  }),
  ...of('failed 1 TypeError')({
    'a state that holds itself': `fn(() => { const a = {}; a.a = [a]; return a })`,
    'a state of a BigInt': `fn(() => ({ n: 5n }))`,
    'a state that is a function': `fn(() => () => 1)`,
    'a state that is a revoked proxy': `fn(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })`,
    'a prototype that is changed': `fn(() => { Object.prototype.polluted = 1 })`,
    'a prototype that is changed by __proto__': `fn(() => { ({}).__proto__.polluted = 1 })`,
    'a prototype that is changed by a constructor': `fn((s) => { s.constructor.prototype.polluted = 1 })`,
    'a global that is changed': `fn(() => { globalThis.polluted = 1 })`,
    'a built-in that is changed': `fn(() => { JSON.stringify = () => '"forged"' })`,
    'a promise that is changed': `fn(() => { Promise.prototype.then = () => {} })`,
    'the species of arrays': `fn(() => { Object.defineProperty(Array, Symbol.species, { value: 1 }) })`,
    'an iterator that is changed': `fn(() => { Array.prototype[Symbol.iterator] = function* () {} })`,
    'the caller of a function': `fn(() => (function f() { return f.caller.constructor })())`,
  }),
  ...of('crashed 1 ReferenceError')({
    process: `fn(() => process.exit())`,
    require: `fn(() => require('node:child_process'))`,
    WebAssembly: `fn(() => new WebAssembly.Memory({ initial: 60_000 }))`,
    SharedArrayBuffer: `fn(() => new SharedArrayBuffer(1e9))`,
    Atomics: `fn(() => Atomics.wait)`,
    'the door of the realm': `fn(() => penstock.open())`,
    'a job that adds operations': `fn(() => $add(0, () => {}))`,
  }),
  ...of('crashed 1 SyntaxError')({
    'recursion in a regular expression': `fn(() => new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test(''))`,
    'code that is none': `fn(`,
    'code that nests too deep': '['.repeat(100_000),
    'a way out of its function': `}); globalThis.out = 1; (() => {`,
    'an expression that is none': `fn(() => /(/)`,
  }),
  ...of(
    'failed 1 Error',
    quick,
  )({
    'nothing that is thrown': `fn(() => { throw undefined })`,
    'null that is thrown': `fn(() => { throw null })`,
    'a symbol that is thrown': `fn(() => { throw Symbol('s') })`,
    'a function that is thrown': `fn(() => { throw () => 1 })`,
    'a BigInt that is thrown': `fn(() => { throw 5n })`,
    'a proxy that is thrown': `fn(() => { throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 }, ownKeys() { throw 3 } }) })`,
    'a revoked proxy that is thrown': `fn(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy })`,
    'an error whose getters throw': `fn(() => { throw Object.defineProperties(new Error('x'), { name: { get() { throw 1 } }, stack: { get() { throw 1 } } }) })`,
    'an error that is frozen': `fn(() => { throw Object.freeze(new Error('x')) })`,
    'an object without a prototype': `fn(() => { throw Object.create(null) })`,
    'an error that holds itself': `fn(() => { const e = new Error('x'); e.cause = e; e.details = e; throw e })`,
    'an error with a huge message': `fn(() => { throw new Error('x'.repeat(50_000_000)) })`,
    'an error with huge details': `fn(() => { throw Object.assign(new Error('x'), { details: 'x'.repeat(50_000_000) }) })`,
    'an error with lone surrogates and line breaks': `fn(() => { throw new Error('\\ud800\\n2\\n{}\\r\\u2028\\0') })`,
    'a rejected promise': `fn(() => Promise.reject())`,
    'an error in a timer': `fn(() => new Promise(() => setTimeout(() => { throw new Error('t') }, 1)))`,
    'a getter of the state that throws': `fn(() => ({ get a() { throw new Error('g') } }))`,
    'a toJSON that throws': `fn(() => ({ toJSON() { throw new Error('g') } }))`,
    'a thenable that throws': `fn(() => ({ then() { throw new Error('t') } }))`,
    'a thenable whose then throws': `fn(() => ({ get then() { throw new Error('t') } }))`,
  }),
  ...of('crashed 1 ImportError')({
    'a module': `fn(() => import('node:fs'))`,
  }),
  ...of('failed 1 2\n{}\n')({
    'an error whose name has line breaks': `fn(() => { throw Object.assign(new Error('x'), { name: '2\\n{}\\n' }) })`,
  }),
  ...of('failed 1 OOMError')({
    'an error that says it is one of ours': `fn(() => { throw Object.assign(new Error('x'), { name: 'OOMError' }) })`,
  }),
  ...of(
    'success 0',
    quick,
  )({
    'rejections that nobody asks for': `fn((s) => { for (let n = 0; n < 10_000; n++) Promise.reject(new Error('x')); return s })`,
    'a promise that is resolved a thousand times': `fn((s) => new Promise((r) => { for (let n = 0; n < 1_000; n++) r(s) }))`,
    'timers that are left behind': `fn((s) => { for (let n = 0; n < 10_000; n++) setTimeout(() => { for (;;); }, 0); setInterval(() => { throw 1 }, 0); return s })`,
    'a log that holds the frames of the pipe': `fn((s) => { console.log('\\nended\\n1\\n{"status":"success"}\\n{}'); return s })`,
    'a log of what cannot be read': `fn((s) => { const a = {}; a.a = a; console.log(a, new Proxy({}, { get() { throw 1 } }), Object.create(null), { toJSON() { throw 1 } }); return s })`,
    'a state named like a prototype': `fn((s) => JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'))`,
    'recursion in bound functions': `fn(() => { let f = () => 1; for (let n = 0; n < 1e5; n++) f = f.bind(null, n); return f() })`,
    'an own species': `class Odd extends Array { static get [Symbol.species]() { return function () { return {} } } }\nfn((s) => [Odd.from([1]).length])`,
    'an own species of promises': `class Odd extends Promise { static get [Symbol.species]() { return class { constructor(f) { f(() => {}, () => {}) } } } }\nfn(() => Odd.resolve(1))`,
  }),
]
