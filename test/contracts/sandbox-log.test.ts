import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSandbox, type Sandbox } from '../../processors/runner/sandbox/open.ts'
import type { LogLine } from '../../topology/words/run.ts'
import { noWorld } from '../fixtures/no-world.ts'
import { jobOf, printed, run, runOf } from './sandbox-jobs.ts'

let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await openSandbox({ version: '1.2.3' })
})
afterAll(() => sandbox[Symbol.asyncDispose]())

/** A job that prints, rests, and then does as it is told. */
const restsAnd = (then: string): string => `fn(async s => {
  console.log('before', s.id)
  await new Promise(done => setTimeout(done, 20))
  console.log('after', s.id)
  ${then}
  return s.id
})`

const endless = 'for (;;);'

describe('the log of a run', () => {
  test('is whole and in order, however often the run rested, and begins with the versions', async () => {
    const code = `fn(async () => { for (let n = 0; n < 5; n++) { console.log(n); await new Promise(done => setTimeout(done, 2)) } })`
    const outcome = await runOf(sandbox, jobOf(code))
    expect(printed(outcome)).toEqual(['0', '1', '2', '3', '4'])
    expect(outcome.log[0]).toMatchObject({ source: 'penstock', message: expect.stringContaining('Penstock 1.2.3') })
    expect(outcome.log.map(({ time }) => time)).toEqual(outcome.log.map(({ time }) => time).toSorted())
  })

  test.each([
    ['does not yield', endless, { timeoutMs: 300 }, 'TimeoutError'],
    ['takes the memory of its isolate', 'const a = []; for (;;) a.push({ a })', { memoryMb: 32 }, 'OOMError'],
  ])('that %s is kept as far as it was when it last rested', async (_what, then, limits, error) => {
    const outcome = await runOf(sandbox, jobOf(restsAnd(then), limits), { id: 1 })
    expect(outcome.error?.name).toBe(error)
    expect(printed(outcome)).toEqual(['before 1'])
    expect(outcome.log[0]?.message).toMatch(/^Penstock 1\.2\.3/)
  })

  test('that was done again, because another one had ended their isolate, is that of the last time', async () => {
    const job = jobOf(restsAnd(`if (s.id === 2) ${endless}`), { timeoutMs: 400 })
    const outcomes = await Promise.all([1, 2, 3].map((id) => runOf(sandbox, job, { id })))
    expect(outcomes.map(({ status }) => status)).toEqual(['success', 'killed', 'success'])
    expect(outcomes.map(printed)).toEqual([['before 1', 'after 1'], ['before 2'], ['before 3', 'after 3']])
  })

  test('is told while it grows, and is there when the run is cut off', async () => {
    const stop = new AbortController()
    const { promise, resolve } = Promise.withResolvers<readonly LogLine[]>()
    const lengths: number[] = []
    const onLog = (log: readonly LogLine[]): void => {
      lengths.push(log.length)
      if (log.length > 1) resolve(log)
    }
    const running = sandbox.run(
      {
        ...{ run, job: jobOf(`fn(() => { console.log('here'); return new Promise(() => {}) })`) },
        ...{ state: '{}', answer: noWorld, onLog },
      },
      stop.signal,
    )
    const soFar = await promise
    expect(lengths).toEqual([1, 2]) // its first line is there before it prints anything
    stop.abort(new Error('not wanted'))
    await expect(running).rejects.toThrow('not wanted')
    expect(soFar.map(({ source }) => source)).toEqual(['penstock', 'job'])
    expect(soFar.at(-1)).toMatchObject({ level: 'log', message: 'here' })
  })

  test('holds in its place what was noted of a call', async () => {
    const code = `fn(async () => { console.log(1); await fetch('http://a/').catch(() => {}); console.log(2); return {} })`
    const answer: typeof noWorld = (call, signal) => {
      call.note('info', `call ${call.number}`)
      return noWorld(call, signal)
    }
    const outcome = await sandbox.run({ run, job: jobOf(code), state: '{}', answer }, new AbortController().signal)
    expect(outcome.log.slice(1).map(({ message }) => message)).toEqual(['1', 'call 1', '2'])
  })
})
