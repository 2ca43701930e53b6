import { describe, expect, test } from 'vitest'
import type { OnLog } from '../../processors/runner/sandbox/child-process.ts'
import { openSandbox } from '../../processors/runner/sandbox/open.ts'
import type { Job } from '../../topology/project/project.ts'
import { noWorld } from '../fixtures/no-world.ts'
import { until } from './message-log.ts'
import { childrenOf, isRunning, secondsOf } from './sandbox-children.ts'
import { jobOf, printed, run } from './sandbox-jobs.ts'

/** Tells of the log when the run has printed something. */
const whenPrinted =
  (told: (log: unknown) => void): OnLog =>
  (soFar) => {
    if (soFar.length > 1) told(soFar)
  }

test('a run that is to be alone has a process of its own from the start, and ends with it', async () => {
  const never = new AbortController().signal
  const stop = new AbortController()
  await using sandbox = await openSandbox({ version: '1' })
  await until(() => sandbox.state().children === 2) // the one that is shared, and its spare
  const before = childrenOf(process.pid)
  const waiting = jobOf(`fn(s => { console.log('begun'); return new Promise(() => {}) })`)
  const begun = Promise.withResolvers<unknown>()
  const beside = sandbox.run({ run, job: waiting, state: '1', answer: noWorld }, stop.signal)
  const alone = sandbox.run(
    { run, job: waiting, state: '2', answer: noWorld, alone: true, onLog: whenPrinted(begun.resolve) },
    never,
  )
  await begun.promise
  const [own = 0] = childrenOf(process.pid).filter((pid) => !before.includes(pid))
  process.kill(own, 'SIGKILL')
  const message = 'The job ended the process in which it was alone (SIGKILL)'
  const outcome = await alone
  expect(outcome).toMatchObject({ status: 'crashed', exitCode: 4, error: { name: 'CrashLoopError', message } })
  expect(printed(outcome)).toEqual(['begun'])
  // Its neighbour was not done again, and nothing was started for another try.
  expect(childrenOf(process.pid)).toEqual(before)
  stop.abort('enough')
  await expect(beside).rejects.toBe('enough')
})

test('four runs are alone at once, also of one job, each in a process of its own', async () => {
  const stop = new AbortController()
  await using sandbox = await openSandbox({ version: '1' })
  await until(() => sandbox.state().children === 2)
  const before = childrenOf(process.pid).length
  const waiting = jobOf(`fn(s => { console.log('begun'); return new Promise(() => {}) })`)
  const begun = Array.from({ length: 4 }, () => Promise.withResolvers<unknown>())
  const alone = begun.map(({ resolve }) =>
    sandbox.run(
      { run, job: waiting, state: '2', answer: noWorld, alone: true, onLog: whenPrinted(resolve) },
      stop.signal,
    ),
  )
  await Promise.all(begun.map(({ promise }) => promise))
  expect(childrenOf(process.pid)).toHaveLength(before + 4)
  stop.abort('enough')
  await Promise.all(alone.map((one) => expect(one).rejects.toBe('enough')))
})

describe('the process of runs that are alone', () => {
  /** Takes so many MB for a moment. */
  const large = (mb: number, memoryMb: number) =>
    jobOf(
      `fn(async () => {
        const all = Array.from({ length: ${mb} }, () => new Uint8Array(2 ** 20).fill(1))
        await new Promise((done) => setTimeout(done, 150))
        return all.length
      })`,
      { memoryMb },
    )
  const small = jobOf('fn(() => new Promise((done) => setTimeout(done, 400, 1)))')

  test('is not kept when a run leaves it large: the next one would be blamed for that', {
    timeout: 60_000,
  }, async () => {
    await using sandbox = await openSandbox({ version: '1' })
    const never = new AbortController().signal
    for (const job of [large(600, 2_000), small, large(95, 128), small])
      expect((await sandbox.run({ run, job, state: '{}', answer: noWorld, alone: true }, never)).status).toBe('success')
  })

  const rests = jobOf('fn(() => new Promise((done) => setTimeout(done, 2_500, 1)))')

  test('ends when a run that was cut off does not, and a later run has another', { timeout: 60_000 }, async () => {
    await using sandbox = await openSandbox({ version: '1' })
    await until(() => sandbox.state().children === 2)
    const before = childrenOf(process.pid)
    const stop = new AbortController()
    const begun = Promise.withResolvers<unknown>()
    const endless = jobOf(`fn(async () => {
      console.log('begun')
      await new Promise((done) => setTimeout(done, 20))
      Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)
    })`)
    const running = sandbox.run(
      { run, job: endless, state: '{}', answer: noWorld, alone: true, onLog: whenPrinted(begun.resolve) },
      stop.signal,
    )
    await begun.promise
    const [own = 0] = childrenOf(process.pid).filter((pid) => !before.includes(pid))
    const atFirst = secondsOf(own)
    await until(() => secondsOf(own) > atFirst + 0.5) // the search goes on
    stop.abort('enough')
    await expect(running).rejects.toBe('enough')
    // Whoever comes at once finds it still there; whoever comes later does not.
    const next = (job: Job, signal: AbortSignal) =>
      sandbox.run({ run, job, state: '{}', answer: noWorld, alone: true }, signal)
    expect((await next(rests, new AbortController().signal)).status).toBe('success')
    const later = new AbortController()
    const waiting = next(jobOf('fn(() => new Promise(() => {}))'), later.signal)
    await until(() => !isRunning(own))
    later.abort('enough')
    await expect(waiting).rejects.toBe('enough')
  })
})

test('a process that many share is not ended for what a large run left behind', { timeout: 60_000 }, async () => {
  const ends: string[] = []
  await using sandbox = await openSandbox({ version: '1', onChildEnd: (why) => ends.push(why) })
  const never = new AbortController().signal
  const large = `fn(async () => { const a = []; while (a.length < 700) a.push(new Uint8Array(2 ** 20).fill(1)); return a.length })`
  const rests = 'fn(() => new Promise((done) => setTimeout(done, 500, 1)))'
  for (const job of [jobOf(large, { memoryMb: 2_000 }), jobOf(rests)])
    expect((await sandbox.run({ run, job, state: '{}', answer: noWorld }, never)).status).toBe('success')
  expect(ends).toEqual([])
})
