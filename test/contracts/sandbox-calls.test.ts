import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Egress, openEgress } from '../../processors/runner/egress/open.ts'
import { type OpenSandbox, openSandbox } from '../../processors/runner/sandbox/open.ts'
import { type World, worldOfRun } from '../../processors/runner/world-of-run.ts'
import type { Job } from '../../topology/project/project.ts'
import { newMessageId, type RunId } from '../../topology/words/ids.ts'
import type { Outcome } from '../../topology/words/run.ts'
import { traceOf } from '../../topology/words/trace.ts'
import { endOf } from './sandbox-hostile-jobs.ts'
import { jobOf } from './sandbox-jobs.ts'

let sandbox: OpenSandbox
let egress: Egress
let server: Server
let url: string
let requests = 0
const ends: string[] = []

beforeAll(async () => {
  sandbox = await openSandbox({ version: '1.2.3', onChildEnd: (why) => void ends.push(why) })
  egress = openEgress({ version: '1.2.3', own: [], loopbackAllowed: true })
  server = createServer((request, response) => {
    requests++
    if (request.url === '/never') return void request.resume()
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{"fine":true}'))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]()
  await egress[Symbol.asyncDispose]()
  server.closeAllConnections()
  server.close()
})

type Tried = Readonly<{ outcome: Outcome; world: World; asked: number; mostHeld: number }>

/** Runs a job with a real way out, and counts what of it the parent has in its hands at once, in characters. */
const tried = async (body: string, changes: Partial<Job> = {}): Promise<Tried> => {
  const job = jobOf(`fn(async state => {\n${body}\n})`, changes)
  const id = newMessageId()
  const run = id as string as RunId
  const policy = { allow: [], allowPrivate: true }
  const traceparent = traceOf({ id, traceparent: null })
  const world = worldOfRun({ egress, job, run, policy, traceparent, configuration: null, secrets: [] })
  let [asked, held, mostHeld] = [0, 0, 0]
  const answer: World['answer'] = async (call, signal) => {
    asked++
    held += call.text.length
    mostHeld = Math.max(mostHeld, held)
    try {
      return await world.answer(call, signal)
    } finally {
      held -= call.text.length
    }
  }
  const state = JSON.stringify({ url })
  const outcome = await sandbox.run({ run, job, state, answer }, AbortSignal.timeout(60_000))
  return { outcome: world.shown(outcome), world, asked, mostHeld }
}

const codesOf = ({ state }: Outcome): unknown => JSON.parse(state ?? 'null')

/** What the job is told of each call that it makes in an odd way. */
const codes = (calls: string): string => `
const told = []
for (const call of [${calls}]) told.push(await Promise.resolve().then(call).then(() => 'fine', ({ name, code }) => code ?? name))
return told`

test('thousands of calls that nobody waits for end with their run', async () => {
  const before = requests
  const { outcome, asked } = await tried(`for (let n = 0; n < 5_000; n++) void fetch(state.url); return 'done'`)
  expect([endOf(outcome), outcome.state]).toEqual(['success 0', '"done"'])
  expect(asked).toBeLessThanOrEqual(32)
  expect(requests - before).toBeLessThanOrEqual(32)
})

test('of very many calls the first ten thousand are made, and the first thousand that ended are kept', async () => {
  const { outcome, world } = await tried(
    `const all = await Promise.allSettled(Array.from({ length: 10_500 }, (_, n) => fetch(state.url + n)))
    return Object.entries(Object.groupBy(all, ({ reason }) => reason?.code ?? 'fine')).map(([code, list]) => [code, list.length])`,
    { testMode: true, timeoutMs: 60_000 },
  )
  expect(codesOf(outcome)).toEqual([
    ['fine', 10_000],
    ['TOO_MANY_CALLS', 500],
  ])
  expect(world.calls()).toHaveLength(1_000)
  expect(outcome.log.filter(({ message }) => message.startsWith('Test mode: '))).toHaveLength(1_000)
  expect(outcome.log.filter(({ message }) => message.includes('first 1000'))).toHaveLength(1)
})

test('a loop of large bodies fills the memory of its own run, and of nobody else', async () => {
  const { outcome, mostHeld } = await tried(
    `for (;;) {
      void fetch(state.url + 'never', { method: 'POST', body: 'x'.repeat(4_000_000) }).catch(() => {})
      await new Promise(done => setTimeout(done, 0))
    }`,
    { memoryMb: 64, timeoutMs: 20_000 },
  )
  expect(endOf(outcome)).toBe('killed 134 OOMError')
  expect(mostHeld).toBeLessThan(21_000_000)
})

test('large bodies that are waited for reach the server, one after another', async () => {
  const { outcome } = await tried(
    `const all = []
    for (let n = 0; n < 20; n++) all.push((await fetch(state.url, { method: 'POST', body: 'x'.repeat(4_000_000) })).status)
    return all`,
  )
  expect(codesOf(outcome)).toEqual(Array.from({ length: 20 }, () => 200))
})

test('a run that is over calls nobody any more', async () => {
  const { outcome, asked } = await tried(`
    setInterval(() => void fetch(state.url), 0)
    ;(async () => { for (let n = 0; n < 1_000; n++) { await null; void fetch(state.url + n) } })()
    return 'done'`)
  expect(outcome.state).toBe('"done"')
  const { asked: next } = await tried(`await new Promise(done => setTimeout(done, 20)); return 'calm'`)
  expect([asked <= 32, next]).toEqual([true, 0])
})

test('a run over its time calls nobody any more, however many calls it had waiting', async () => {
  const { outcome, asked } = await tried(
    `for (let n = 0; n < 3_000; n++) void fetch(state.url.replace('127.0.0.1', '127.0.0.2')).catch(() => {})
    await new Promise(() => {})`,
    { timeoutMs: 300 },
  )
  expect(endOf(outcome)).toBe('killed 2 TimeoutError')
  expect(asked).toBeLessThanOrEqual(3_000)
})

test('calls of a shape that there is not are refused, each by itself', async () => {
  const { outcome, world } = await tried(
    codes(`
      () => fetch(state.url, { method: { toString: () => 'ODD', toJSON: () => 7 } }),
      () => fetch(state.url, { method: 'CONNECT' }),
      () => fetch(Object.assign(new Request(state.url), { url: 'file:///etc/passwd' })),
      () => fetch(Object.assign(new Request(state.url), { url: { toJSON: () => ({}) } })),
      () => fetch(Object.assign(new Request(state.url), { url: 'http://[' })),
      () => fetch(state.url, { headers: { a: '\\ud83d' } }),
      () => http.get(state.url, { headers: { 'a\\nb': 'c' } })(state),
      () => http.get(state.url, { headers: { a: 'b\\r\\nc: d' } })(state),
      () => http.get(state.url, { headers: { host: 'elsewhere' } })(state),
      () => http.get(state.url, { maxRedirections: 1.5 })(state),
      () => http.get(state.url, { maxRedirections: -1 })(state),
      () => http.get(state.url, { timeout: NaN })(state),
      () => http.get(state.url, { timeout: Infinity })(state),
      () => http.get(state.url + 'a'.repeat(70_000))(state),
      () => http.get(state.url, { headers: { a: 'b'.repeat(70_000) } })(state),
      () => http.post(state.url, 'b'.repeat(11_000_000))(state),
      () => http.post(state.url, 'b'.repeat(65_000_000))(state),
      () => http.post(state.url, () => () => undefined)(state),
      () => fetch(state.url, { method: 'POST', body: { toString() { throw {} } } }),
    `),
  )
  expect(codesOf(outcome)).toEqual([
    ...['INVALID_CALL', 'INVALID_CALL', 'EGRESS_REFUSED', 'INVALID_CALL', 'INVALID_CALL', 'TypeError'],
    ...['INVALID_CALL', 'INVALID_CALL', 'INVALID_CALL', 'INVALID_CALL', 'BAD_OPTION', 'BAD_OPTION', 'fine'],
    ...['INVALID_CALL', 'REQUEST_TOO_LARGE', 'REQUEST_TOO_LARGE', 'REQUEST_TOO_LARGE', 'fine', null],
  ])
  expect(world.calls().filter(({ error }) => error === 'INVALID_CALL').length).toBeGreaterThan(5)
})

test('after all of that the sandbox has the processes that it had', async () => {
  const { outcome } = await tried(`return (await http.get(state.url)(state)).data`)
  expect(codesOf(outcome)).toEqual({ fine: true })
  expect(ends).toEqual([])
})
