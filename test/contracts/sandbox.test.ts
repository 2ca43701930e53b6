import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { compileAtDeploy } from '../../processors/runner/language/at-deploy.ts'
import { type OpenSandbox, openSandbox } from '../../processors/runner/sandbox/open.ts'
import type { Outcome } from '../../topology/words/run.ts'
import { noWorld } from '../fixtures/no-world.ts'
import { childrenOf, isRunning } from './sandbox-children.ts'
import { jobOf, printed, resultOf, run, runOf } from './sandbox-jobs.ts'

let sandbox: OpenSandbox

beforeAll(async () => {
  sandbox = await openSandbox({ version: '1.2.3' })
})
afterAll(() => sandbox[Symbol.asyncDispose]())

describe('a job', () => {
  test('takes a state and gives one, operation after operation', async () => {
    const code = `const add = 2
function more(n) { return n + add }
fn(state => ({ ...state, n: more(state.data.n) }));
alterState(async state => ({ ...state, n: state.n * 10 }))`
    const outcome = await runOf(sandbox, jobOf(code), { data: { n: 1 } })
    expect(outcome).toMatchObject({ status: 'success', exitCode: 0, error: null })
    expect(JSON.parse(outcome.state ?? '')).toEqual({ data: { n: 1 }, n: 30 })
  })

  test('may join its operations by commas, and assign names that it did not declare', async () => {
    const code = `fn(state => { total = 1; return state }), fn(state => ({ total: total + 1 }))`
    expect((await runOf(sandbox, jobOf(code))).state).toBe('{"total":2}')
  })

  test('may do things between its operations, which happen before the first of them', async () => {
    const code = `const cache = { x: 1, y: 2 }
let ready = true
const setup = () => { cache.z = 3 }
fn(() => cache)
delete cache.x
ready && setup()
cache.none?.call()
void setup()`
    expect((await runOf(sandbox, jobOf(code))).state).toBe('{"y":2,"z":3}')
  })

  test('goes through a list with each: state flows on, the last item and index stay', async () => {
    const code = `each('$.data.xs[*]', fn(state => ({ ...state, seen: [...(state.seen ?? []), [state.index, state.data]] })))`
    expect(JSON.parse((await runOf(sandbox, jobOf(code), { data: { xs: ['a', 'b'] } })).state ?? '')).toEqual({
      data: 'b',
      index: 1,
      seen: [
        [0, 'a'],
        [1, 'b'],
      ],
    })
  })

  test('has timers, which end with the run', async () => {
    const body = `let n = 0
      const timer = setInterval(() => n++, 1)
      setInterval(() => { throw new Error('after the end') }, 50)
      clearTimeout(setTimeout(() => { n = -100 }, 2))
      await new Promise(resolve => setTimeout(resolve, 20, 'given'))
      clearInterval(timer)
      return { ticked: n > 0 }`
    expect(await resultOf(sandbox, body)).toEqual({ ticked: true })
  })

  test('has a log: the versions first, then its lines with level and time', async () => {
    const code = `fn(state => {
      console.debug('d'); console.log('a', { b: [1] }, 2n, undefined, null); console.info(new Map([[1, 2]]))
      console.warn(Symbol('s')); console.error(() => 1)
      return state
    })`
    const { log } = await runOf(sandbox, jobOf(code))
    expect(log[0]).toMatchObject({
      level: 'info',
      source: 'penstock',
      message: `Penstock 1.2.3, Node ${process.version}, adaptor common@1.2.3`,
    })
    expect(log.slice(1).map(({ level, source, message }) => [level, source, message])).toEqual([
      ['debug', 'job', 'd'],
      ['log', 'job', 'a {"b":[1]} 2n undefined null'],
      ['info', 'job', 'Map [[1,2]]'],
      ['warn', 'job', 'Symbol(s)'],
      ['error', 'job', '[function without a name]'],
    ])
    for (const { time } of log) expect(new Date(time).toISOString()).toBe(time)
  })

  test('is silent when its console is off', async () => {
    expect(printed(await runOf(sandbox, jobOf(`fn(s => { console.log('x'); return s })`, { console: false })))).toEqual(
      [],
    )
  })

  test.each([
    ['null', null],
    ['5', 5],
    ['"text"', 'text'],
    ['false', false],
    ['[1,{"a":null}]', [1, { a: null }]],
    ['new Date(0)', '1970-01-01T00:00:00.000Z'],
    ['"\\ud800"', '\ud800'],
    ['({ toJSON: () => ({ a: 1 }) })', { a: 1 }],
    ['new Proxy({ a: 1 }, {})', { a: 1 }],
    ['({ a: undefined, f() {}, s: Symbol() })', {}],
    ['({ configuration: { password: "x" }, a: 1 })', { a: 1 }],
    ['[undefined, NaN]', [null, null]],
  ])('may end with the state %s', async (value, expected) => {
    expect(await resultOf(sandbox, `return ${value}`)).toEqual(expected)
  })

  test('that returns nothing ends with the state null, and is told so', async () => {
    const outcome = await runOf(sandbox, jobOf('\nfn(() => {})'))
    expect(outcome).toMatchObject({ status: 'success', state: 'null' })
    expect(outcome.log.at(-1)).toMatchObject({ level: 'warn', source: 'penstock' })
    expect(outcome.log.at(-1)?.message).toContain('fn(…) in line 2 returned nothing')
  })

  test('of which JSON loses a part is stored with a warning that says where', async () => {
    const { state, log } = await runOf(sandbox, jobOf(`fn(s => ({ ...s, byId: new Map([[1, 2]]) }))`))
    expect(state).toBe('{"data":{},"byId":{}}')
    expect(log.at(-1)).toMatchObject({
      ...{ level: 'warn', source: 'penstock' },
      message: expect.stringContaining('JSON shows the Map at byId of the final state as {}'),
    })
  })

  test.each([
    ['() => 1', /no JSON value but a function/],
    ['Symbol("s")', /no JSON value but a symbol/],
    ['5n', /not JSON: Do not know how to serialize a BigInt/],
    ['({ n: 5n })', /not JSON: Do not know how to serialize a BigInt/],
    ['(() => { const a = {}; a.self = { a }; return a })()', /not JSON: Converting circular structure/],
  ])('fails when its state is %s, and the operation is named', async (value, message) => {
    const outcome = await runOf(sandbox, jobOf(`fn(s => s)\nfn(() => ${value})`))
    expect(outcome).toMatchObject({ status: 'failed', exitCode: 1, state: null })
    expect(outcome.error).toMatchObject({ name: 'TypeError', operation: 'fn', line: 2 })
    expect(outcome.error?.message).toMatch(message)
  })
})

describe('an error of a job', () => {
  test.each<[string, string, Partial<Outcome['error'] & object>, string, number]>([
    [
      'a thrown Error',
      `fn(s => {\n  throw new Error('no dob')\n})`,
      { name: 'Error', message: 'no dob', line: 2, column: 9 },
      'failed',
      1,
    ],
    [
      'a TypeError',
      `fn(s => s)\n\nfn(s => s.a.b)`,
      { name: 'TypeError', line: 3, column: 13, operation: 'fn' },
      'failed',
      1,
    ],
    [
      'an error after an await',
      `fn(async s => {\n  await null\n  throw new RangeError('r')\n})`,
      { name: 'RangeError', line: 3 },
      'failed',
      1,
    ],
    [
      'a name that is nowhere',
      `fn(s => missing(s))`,
      { name: 'ReferenceError', message: 'missing is not defined', line: 1, column: 9 },
      'crashed',
      1,
    ],
    [
      'code that is no JavaScript',
      `fn(s => s)\nfn(s => {{)`,
      { name: 'SyntaxError', line: 2, column: 11 },
      'crashed',
      1,
    ],
    ['an unknown operation', `fnn(s => s)`, { name: 'SyntaxError', line: 1, column: 1 }, 'crashed', 1],
    [
      'a call that makes no operation',
      `const f = () => 5\nf()`,
      { name: 'ValidationError', operation: 'f', line: 2 },
      'crashed',
      1,
    ],
    [
      'a wrong argument',
      `fn(s => s)\nfn(5)`,
      {
        name: 'TypeError',
        message: 'fn takes an operation: a function of state, not a value of type number',
        line: 2,
        column: 1,
      },
      'failed',
      1,
    ],
    [
      'an error in the declarations',
      `const a = null.b\nfn(s => s)`,
      { name: 'TypeError', line: 1, operation: null },
      'failed',
      1,
    ],
    [
      'an error in a timer',
      `fn(s => new Promise(() => {\n  setTimeout(() => { throw new Error('t') }, 1) }))`,
      { name: 'Error', message: 't', line: 2 },
      'failed',
      1,
    ],
    ['a rejected promise', `fn(() => Promise.reject(new Error('r')))`, { name: 'Error', message: 'r' }, 'failed', 1],
    [
      'an error with details',
      `fn(() => { throw Object.assign(new Error('h'), { code: 'E', details: { status: 404 } }) })`,
      { name: 'Error', details: { status: 404 } },
      'failed',
      1,
    ],
    [
      'an error with a cause in properties',
      `fn(() => { throw Object.assign(new Error('h'), { code: 'E' }) })`,
      { details: { code: 'E' } },
      'failed',
      1,
    ],
    [
      'an error with causes',
      `fn(() => { throw new Error('h', { cause: Object.assign(new TypeError('t', { cause: 'c' }), { code: 'E' }) }) })`,
      { message: 'h', details: { cause: { name: 'TypeError', message: 't', details: { code: 'E', cause: 'c' } } } },
      'failed',
      1,
    ],
    [
      'several errors at once',
      `fn(() => Promise.any([Promise.reject(new RangeError('r')), Promise.reject(5)]))`,
      { name: 'AggregateError', details: { errors: [{ name: 'RangeError', message: 'r' }, 5] } },
      'failed',
      1,
    ],
    [
      'an error that is its own cause',
      `fn(() => { const e = new Error('x'); e.cause = e; throw e })`,
      { message: 'x', details: { cause: { message: 'x', details: { cause: { message: 'x' } } } } },
      'failed',
      1,
    ],
    [
      'a generator among the operations',
      `const work = function* () {}\nexport default [work]`,
      { name: 'ValidationError', message: 'work(…) in line 2 gives no operation: it must return a function of state' },
      'crashed',
      1,
    ],
    ['a text', `fn(() => { throw 'text' })`, { name: 'Error', message: 'text', line: 1, operation: 'fn' }, 'failed', 1],
    ['nothing', `fn(() => { throw undefined })`, { name: 'Error', message: 'undefined' }, 'failed', 1],
    [
      'an object',
      `fn(() => { throw { code: 5 } })`,
      { name: 'Error', message: '{"code":5}', details: { code: 5 } },
      'failed',
      1,
    ],
    [
      'an error of its own class',
      `class Refused extends Error { name = 'Refused' }\nfn(() => { throw new Refused('r') })`,
      { name: 'Refused', message: 'r', line: 2 },
      'failed',
      1,
    ],
    [
      'what throws when it is read',
      `fn(() => { throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } }) })`,
      { name: 'Error' },
      'failed',
      1,
    ],
    [
      'an error whose getters lie',
      `fn(() => { throw Object.defineProperties(new Error('x'), { name: { get() { throw 1 } } }) })`,
      { name: 'Error' },
      'failed',
      1,
    ],
    [
      'a getter of the final state that throws',
      `fn(() => ({ get a() { throw new Error('g') } }))`,
      { name: 'Error', message: 'g', line: 1 },
      'failed',
      1,
    ],
    ['deep recursion', `const f = n => f(n + 1) + 1\nfn(s => f(0))`, { name: 'RangeError' }, 'failed', 1],
  ])('%s', async (_what, code, error, status, exitCode) => {
    const outcome = await runOf(sandbox, jobOf(code))
    expect(outcome).toMatchObject({ status, exitCode, state: null, error })
  })

  test('is none when nobody waits for the promise that it rejects', async () => {
    expect((await runOf(sandbox, jobOf(`fn(s => { Promise.reject(new Error('x')); return s })`))).status).toBe(
      'success',
    )
  })

  test('is the input, when that is not JSON', async () => {
    const broken = sandbox.run(
      { run, job: jobOf('fn(s => s)'), state: '{"data":', answer: noWorld },
      new AbortController().signal,
    )
    expect(await broken).toMatchObject({
      status: 'crashed',
      exitCode: 1,
      error: { name: 'InputError', operation: null },
    })
  })

  test('named like one of ours is still the job failing', async () => {
    const code = `fn(() => { throw Object.assign(new Error('x'), { name: 'TimeoutError' }) })`
    expect(await runOf(sandbox, jobOf(code))).toMatchObject({
      status: 'failed',
      exitCode: 1,
      error: { name: 'TimeoutError' },
    })
  })

  test('keeps what was printed before', async () => {
    const outcome = await runOf(sandbox, jobOf(`fn(() => { console.log('before'); throw new Error('x') })`))
    expect(printed(outcome)).toEqual(['before'])
  })
})

test('a job is run as its deploy compiled it, and compiled here where this compiler did not do that', async () => {
  const made = compileAtDeploy('fn(() => "then")', { adaptor: 'common', bundle: null })
  const { text } = made as Extract<typeof made, { text: string }>
  const compiled = { id: '', text }
  expect((await runOf(sandbox, jobOf('fn(() => "now")', { compiled }))).state).toBe('"then"')
  const earlier = { id: '', text: text.replace(/"compiler":\d+/, '"compiler":0') }
  expect((await runOf(sandbox, jobOf('fn(() => "now") //', { compiled: earlier }))).state).toBe('"now"')
})

describe('a run that does not end by itself', () => {
  const limits = { timeoutMs: 300 }
  test.each([
    ['a loop', `fn(() => { for (;;); })`],
    ['a loop after an await', `fn(async () => { await null; for (;;); })`],
    ['a loop in a getter of the final state', `fn(() => ({ get a() { for (;;); } }))`],
    ['a loop in what it throws', `fn(() => { throw { get message() { for (;;); } } })`],
    ['a loop in the declarations', `for (;;);`],
    ['a loop that catches everything', `fn(() => { for (;;) try { for (;;); } catch {} })`],
    ['a catastrophic expression', `fn(() => /^(a+)+$/.test('a'.repeat(40) + 'b'))`],
    ['microtasks without end', `fn(() => { const again = () => Promise.resolve().then(again); return again() })`],
    ['a promise that never settles', `fn(() => new Promise(() => {}))`],
    ['a thenable that never settles', `fn(() => ({ then() {} }))`],
    [
      'timers without end',
      `fn(() => { const again = () => setTimeout(again, 0); again(); return new Promise(() => {}) })`,
    ],
    ['an interval', `fn(() => { setInterval(() => {}, 1); return new Promise(() => {}) })`],
    ['an iterator without end', `fn(() => [...(function* () { for (;;) yield })()].length)`],
  ])('%s is killed', { timeout: 20_000 }, async (_what, code) => {
    const outcome = await runOf(sandbox, jobOf(code, limits))
    expect(outcome).toMatchObject({ status: 'killed', state: null })
    expect([
      ['TimeoutError', 2],
      ['OOMError', 134],
    ]).toContainEqual([outcome.error?.name, outcome.exitCode])
  })

  test('tells what it had printed, if it yields', async () => {
    const code = `fn(s => s)\nfn(() => { console.log('here'); return new Promise(() => {}) })`
    const outcome = await runOf(sandbox, jobOf(code, limits))
    expect(outcome).toMatchObject({ status: 'killed', error: { name: 'TimeoutError', operation: 'fn', line: 2 } })
    expect(printed(outcome)).toEqual(['here'])
  })

  test('does no more operations after its end', async () => {
    const code = `fn(s => new Promise(r => setTimeout(() => { r(s); throw new Error('in a timer') }, 1)))
fn(s => { for (;;); })`
    expect((await runOf(sandbox, jobOf(code, limits))).error?.message).toBe('in a timer')
  })

  test('is cut off when its signal aborts, and rejects with the reason', async () => {
    for (const code of [`fn(() => new Promise(() => {}))`, `fn(() => { for (;;); })`]) {
      const reason = new Error('not wanted')
      const stop = new AbortController()
      const running = sandbox.run({ run, job: jobOf(code), state: '{}', answer: noWorld }, stop.signal)
      await runOf(sandbox, jobOf('fn(s => s)')) // by now it is on its way
      stop.abort(reason)
      await expect(running).rejects.toBe(reason)
    }
    await expect(
      sandbox.run({ run, job: jobOf('fn(s => s)'), state: '{}', answer: noWorld }, AbortSignal.abort('at once')),
    ).rejects.toBe('at once')
  })
})

describe('a run that wants too much', () => {
  test.each([
    ['objects', `fn(() => { const a = []; for (;;) a.push({ a: [1, 2, 3] }) })`],
    ['array buffers', `fn(() => { const a = []; for (;;) a.push(new Uint8Array(50_000_000).fill(1)) })`],
    ['one array buffer', `fn(() => new ArrayBuffer(2_000_000_000).byteLength)`],
    ['Array.fill', `fn(() => { const a = []; for (;;) a.push(new Array(30_000_000).fill(1.5)) })`],
    [
      'strings',
      `fn(() => { const a = []; for (let n = 0;; n++) a.push([...('x'.repeat(20_000_000) + n)].join('-')) })`,
    ],
    ['promises', `fn(async () => { const a = []; for (;;) a.push(new Promise(r => a.push(r)).then(() => a)) })`],
    ['a spread of a long text', `fn(() => [...'.'.repeat(400_000_000)].length)`],
    ['a map', `fn(() => { const a = new Map(); for (let n = 0;; n++) a.set(n, n) })`],
  ])('of %s is killed', { timeout: 30_000 }, async (_what, code) => {
    const outcome = await runOf(sandbox, jobOf(code, { memoryMb: 32 }))
    expect(outcome).toMatchObject({ status: 'killed', exitCode: 134, error: { name: 'OOMError' }, state: null })
  })

  test('of state is killed, and the state is kept cut, as text', async () => {
    const outcome = await runOf(sandbox, jobOf(`fn(s => ({ text: 'é'.repeat(5_000_000) }))`))
    expect(outcome).toMatchObject({
      status: 'killed',
      exitCode: 4,
      error: { name: 'StateTooLargeError', operation: 'fn' },
    })
    expect(JSON.parse(outcome.state ?? '')).toMatch(/^\{"text":"é+$/)
    expect((await runOf(sandbox, jobOf(`fn(s => 'x'.repeat(9_999_998))`))).status).toBe('success')
    expect((await runOf(sandbox, jobOf(`fn(s => 'x'.repeat(9_999_999))`))).status).toBe('killed')
  })

  test('a large initial state is no trouble', async () => {
    const outcome = await runOf(sandbox, jobOf(`fn(s => s.data.length)`), { data: 'x'.repeat(30_000_000) })
    expect(outcome.state).toBe('30000000')
  })

  test('of log loses what is over the limit, with a notice', async () => {
    const code = `fn(s => { for (let n = 0; n < 100; n++) console.log('0123456789'); return s })`
    const outcome = await runOf(sandbox, jobOf(code, { logLimitBytes: 265 }))
    expect(outcome.status).toBe('success')
    expect(printed(outcome)).toEqual(['0123456789', '0123456789', '01234'])
    expect(outcome.log.at(-1)).toMatchObject({
      source: 'penstock',
      message: 'The log is cut here: it may have 265 bytes',
    })
  })

  test.each([
    ['gives up', `fn(s => { for (;;) console.log('0123456789') })`],
    ['hides it', `fn(s => { for (let n = 0; n < 1_000; n++) try { console.log('0123456789') } catch {} return s })`],
  ])('of far too much log is killed, also when it %s', async (_what, code) => {
    const outcome = await runOf(sandbox, jobOf(code, { logLimitBytes: 25 }))
    expect(outcome).toMatchObject({ status: 'killed', exitCode: 4, error: { name: 'LogFloodError' }, state: null })
    expect(outcome.log.length).toBeLessThan(10)
  })

  test('of nesting in code or state is told so', async () => {
    expect((await runOf(sandbox, jobOf('['.repeat(200_000)))).status).toBe('crashed')
    const deep = `fn(() => { let a = []; for (let n = 0; n < 1e6; n++) a = [a]; return a })`
    expect((await runOf(sandbox, jobOf(deep))).error?.name).toBe('RangeError')
  })
})

describe('neighbours', () => {
  const slow = jobOf(`fn(s => new Promise(r => setTimeout(r, 300, { id: s.id })))`, { timeoutMs: 20_000 })

  test('in one isolate succeed when one of them loops; only that one is killed', { timeout: 30_000 }, async () => {
    const job = jobOf(`fn(s => { if (s.id === 3) for (;;); return { id: s.id } })`, { timeoutMs: 300 })
    const outcomes = await Promise.all([1, 2, 3, 4, 5, 6].map((id) => runOf(sandbox, job, { id })))
    expect(outcomes.map((one) => one.error?.name ?? JSON.parse(one.state ?? '').id)).toEqual([
      1,
      2,
      'TimeoutError',
      4,
      5,
      6,
    ])
  })

  test('in one isolate succeed when one of them eats its memory', { timeout: 30_000 }, async () => {
    const code = `fn(async s => { await new Promise(r => setTimeout(r, 50)); const a = []; while (s.id === 2) a.push({ a }); return { id: s.id } })`
    const job = jobOf(code, { memoryMb: 32 })
    const outcomes = await Promise.all([1, 2, 3].map((id) => runOf(sandbox, job, { id })))
    expect(outcomes.map((one) => one.error?.name ?? JSON.parse(one.state ?? '').id)).toEqual([1, 'OOMError', 3])
  })

  test('in one isolate end also when a run takes many turns of promises, and some are rejected that nobody waits for', async () => {
    const job = jobOf(
      `fn(async s => {
      for (let turn = 0; turn < s.turns; turn++) { await null; if (turn % 7 === 5) Promise.reject(new Error('x')) }
      if (s.id % 2) await new Promise(resolve => setTimeout(resolve, 1))
      for (let turn = 0; turn < s.turns; turn++) await null
      return s.id
    })`,
      { timeoutMs: 600_000 },
    )
    expect((await runOf(sandbox, job, { id: 0, turns: 500 })).state).toBe('0') // alone: no neighbour's end brings its own
    const ids = Array.from({ length: 40 }, (_, id) => id)
    const outcomes = await Promise.all(ids.map((id) => runOf(sandbox, job, { id, turns: 5 * id })))
    expect(outcomes.map((one) => one.state)).toEqual(ids.map(String))
  })

  test('in isolates of their own draw random numbers of their own', async () => {
    const draws = await Promise.all([1, 2, 3].map((id) => runOf(sandbox, jobOf(`fn(() => Math.random()) // ${id}`))))
    expect(new Set(draws.map((one) => one.state)).size).toBe(3)
  })

  test('of other jobs succeed when one eats more memory than its isolate was to have', {
    timeout: 30_000,
  }, async () => {
    await using own = await openSandbox({ version: '1', maxRssMb: 300 })
    const bomb = jobOf(`fn(() => { const a = []; for (;;) a.push(new Array(30_000_000).fill(1.5)) })`, { memoryMb: 8 })
    const [first, ...others] = await Promise.all([runOf(own, bomb), ...[1, 2, 3].map((id) => runOf(own, slow, { id }))])
    expect(first).toMatchObject({ status: 'killed', exitCode: 134 })
    expect(others.map((one) => one.state)).toEqual(['{"id":1}', '{"id":2}', '{"id":3}'])

    // from now on that job is kept away from the others
    const [again, other] = await Promise.all([runOf(own, bomb), runOf(own, slow, { id: 4 })])
    expect([again.error?.name, other.state]).toEqual(['OOMError', '{"id":4}'])
  })

  test('succeed when the process dies for no reason of theirs, and the next run finds another', {
    timeout: 30_000,
  }, async () => {
    const ends: string[] = []
    await using own = await openSandbox({ version: '1', onChildEnd: (why) => ends.push(why) })
    const running = [1, 2].map((id) => runOf(own, slow, { id }))
    for (const pid of childrenOf(process.pid).filter((pid) => !before.has(pid))) process.kill(pid, 'SIGKILL')
    expect((await Promise.all(running)).map((one) => one.state)).toEqual(['{"id":1}', '{"id":2}'])
    expect(new Set(ends)).toEqual(new Set(['died']))
    expect((await runOf(own, slow, { id: 9 })).state).toBe('{"id":9}')
  })

  const before = new Set<number>()
  beforeAll(() => {
    for (const pid of childrenOf(process.pid)) before.add(pid)
  })
})

describe('processes', () => {
  test('have no environment', () => {
    const [pid] = childrenOf(process.pid)
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('')
  })

  test('are gone when the sandbox is closed; what ran is rejected', async () => {
    const before = new Set(childrenOf(process.pid))
    const own = await openSandbox({ version: '1' })
    const running = runOf(own, jobOf(`fn(() => { for (;;); })`))
    const refused = expect(running).rejects.toThrow('The sandbox is closed')
    await own[Symbol.asyncDispose]()
    await refused
    expect(childrenOf(process.pid).filter((pid) => !before.has(pid))).toEqual([])
    await expect(runOf(own, jobOf('fn(s => s)'))).rejects.toThrow('The sandbox is closed')
  })

  test('end with their parent, however that ends', { timeout: 30_000 }, async () => {
    const script = `import { openSandbox } from './processors/runner/sandbox/open.ts'
      const sandbox = await openSandbox({ version: '1' })
      const job = { name: 'j', version: 1, code: 'fn(() => { for (;;); })', codeId: '', timeoutMs: 60000, memoryMb: 128, adaptor: 'common' }
      void sandbox.run({ job, state: '{}' }, new AbortController().signal)
      setTimeout(() => console.log('ready'), 0)`
    const parent = spawn(process.execPath, ['--no-node-snapshot', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(parent.stdout, 'data')
    const orphans = childrenOf(parent.pid ?? 0)
    expect(orphans).not.toEqual([])
    parent.kill('SIGKILL')
    await vi.waitUntil(() => orphans.every((pid) => !isRunning(pid)), { timeout: 10_000 })
  })

  test('are replaced when they have grown, without a run that fails', { timeout: 30_000 }, async () => {
    const ends = Promise.withResolvers<string>()
    await using own = await openSandbox({ version: '1', recycleRssMb: 10, onChildEnd: ends.resolve })
    const slow = jobOf(`fn(s => new Promise(r => setTimeout(r, 400, s)))`)
    expect((await runOf(own, slow)).status).toBe('success')
    expect(await ends.promise).toBe('recycled')
    expect((await runOf(own, slow)).status).toBe('success')
  })

  test('keep a thousand jobs, many more than they have isolates for, in 2 GB', { timeout: 240_000 }, async () => {
    const jobs = Array.from({ length: 1_000 }, (_, n) => jobOf(`let runs = 0\nfn(() => [${n}, ++runs])`))
    let mostBytes = 0
    for (const [n, job] of [...jobs, ...jobs.slice(0, 100)].entries()) {
      expect((await runOf(sandbox, job)).state).toBe(JSON.stringify([n % 1_000, 1]))
      mostBytes = Math.max(mostBytes, sandbox.state().memoryBytes)
    }
    expect(sandbox.state().loaded).toBeLessThanOrEqual(60)
    expect(mostBytes).toBeLessThan(2 ** 31)
  })
})
