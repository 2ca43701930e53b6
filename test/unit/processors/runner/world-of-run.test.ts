import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { openEgress } from '../../../../processors/runner/egress/open.ts'
import { type WorldOfRunDeps, worldOfRun } from '../../../../processors/runner/world-of-run.ts'
import type { RunId } from '../../../../topology/words/ids.ts'
import type { LogLine, Outcome } from '../../../../topology/words/run.ts'

const secret = 'bot123456:ABCDEFabcdef'
const egress = openEgress({ version: '1', own: [], loopbackAllowed: true })
/** Answers all but `/never`. */
const server = createServer((request, response) => {
  if (request.url !== '/never') response.end('{}')
})
let url = ''

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await egress[Symbol.asyncDispose]()
  server.close()
})

const world = (changes: Partial<WorldOfRunDeps> = {}) =>
  worldOfRun({
    egress,
    policy: { allow: [], allowPrivate: false },
    run: '01993e1c-0000-7000-8000-000000000001' as RunId,
    traceparent: '00-01993e1c00007000800000000000001f-0000000000000001-02',
    job: { testMode: false, timeoutMs: 5_000 },
    configuration: {},
    secrets: [secret],
    ...changes,
  })

const get = (path: string) =>
  JSON.stringify({
    method: 'GET',
    url: url + path,
    headers: [],
    body: null,
    encoding: 'utf8',
    redirects: 0,
    timeoutMs: null,
  })

const outcome: Outcome = { status: 'success', exitCode: 0, error: null, state: 'null', log: [] }
const never = new AbortController().signal

let noted: LogLine[] = []
const note = (level: LogLine['level'], message: string): void => {
  noted.push({ time: '', level, source: 'penstock', message })
}
beforeEach(() => {
  noted = []
})

test('a secret is in nothing that others see: not in a name of an error, not in a note, not in a call', async () => {
  const { answer, shown, shownLines, calls } = world({ job: { testMode: true, timeoutMs: 5_000 } })
  await answer({ number: 1, note, text: get(`/${secret}/send`) }, never)
  const error = {
    name: secret,
    message: secret,
    line: 1,
    column: 1,
    operation: secret,
    details: { [secret]: [secret] },
  }
  const seen = shown({ ...outcome, status: 'failed', error, state: JSON.stringify({ secret }), log: noted })
  expect(JSON.stringify([seen, calls()])).not.toContain('ABCDEF')
  expect(seen.log.map(({ message }) => message)).toEqual([
    `Test mode: GET ${url}/***/send was not sent, and answered 200`,
  ])
  expect(shownLines(noted)).toEqual(seen.log)
  expect(seen.error).toMatchObject({ name: '***', operation: '***', details: { '***': ['***'] } })
})

test('what is executed again makes the same calls, which are told once', async () => {
  const { answer, calls } = world()
  for (let time = 0; time < 2; time++) await answer({ number: 1, note, text: get('/a') }, never)
  expect(calls()).toHaveLength(1)
})

test('a long address is kept short, and one that is no address not at all; in test mode only what was answered is noted', async () => {
  const { answer, calls } = world({ job: { testMode: true, timeoutMs: 5_000 } })
  const paths = [`/${'a'.repeat(60_000)}`, `/${'a'.repeat(70_000)}`]
  for (const [at, path] of paths.entries()) await answer({ number: at + 1, note, text: get(path) }, never)
  expect(calls()).toMatchObject([
    { url: (url + paths[0]).slice(0, 2_000), error: null },
    { url: '', error: 'INVALID_CALL' },
  ])
  expect(noted).toHaveLength(1)
  expect(noted[0]?.message.length).toBeLessThan(2_100)
})

test('of very many calls the first thousand are kept, which is noted once', async () => {
  const { answer, calls } = world({ job: { testMode: true, timeoutMs: 5_000 } })
  for (let number = 999; number < 1_004; number++) await answer({ number, note, text: get('/a') }, never)
  expect(calls().map(({ number }) => number)).toEqual([999, 1_000])
  expect(noted.map(({ message }) => message.slice(0, 40))).toEqual([
    ...Array(2).fill(`Test mode: GET ${url}/a was not sent`.slice(0, 40)),
    'Of the calls of this run the first 1000 ',
  ])
})

test('a call that the end of its run cut off is told: the server may have done what it was asked for', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const { answer, calls } = world()
  const over = new AbortController()
  const asked = answer({ number: 1, note, text: get('/never') }, over.signal)
  expect(calls()).toMatchObject([{ number: 1, method: 'GET', url: `${url}/never`, status: null, error: 'CUT_OFF' }])
  vi.advanceTimersByTime(21_000)
  expect(calls()).toMatchObject([{ ms: 21_000 }])
  over.abort(new Error('the run is over'))
  await expect(asked).rejects.toThrow('the run is over')
  expect(calls()).toMatchObject([{ error: 'CUT_OFF' }])
  await answer({ number: 2, note, text: get('/a') }, never)
  expect(calls()[1]).toMatchObject({ number: 2, status: 200, error: null })
})
