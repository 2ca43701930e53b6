import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, test, vi } from 'vitest'
import { type AnswerCall, type ChildEnd, ownLine } from '../../processors/runner/sandbox/child-process.ts'
import { type Fleet, openFleet } from '../../processors/runner/sandbox/fleet.ts'
import { openSandbox } from '../../processors/runner/sandbox/open.ts'
import { openSharedPlaces } from '../../processors/runner/sandbox/places.ts'
import { realmScript } from '../../processors/runner/sandbox/realm-script.ts'
import { noWorld } from '../fixtures/no-world.ts'
import { childrenOf } from './sandbox-children.ts'
import { jobOf, run, runOf } from './sandbox-jobs.ts'

describe('a process that cannot be started', () => {
  test('is told as a fault that is worth another try, whoever asks', async () => {
    await using fleet = await fleetOf('throw new Error("not today")')
    const unavailable = { code: 'sandbox-unavailable', message: expect.stringContaining('not today') }
    await expect(fleet.start().ready).rejects.toMatchObject(unavailable)
    await expect(openSharedPlaces(fleet, 1).child()).rejects.toMatchObject(unavailable)
  })

  test('is started again by the next run, and nothing breaks when the system has no room for one', {
    timeout: 30_000,
  }, async () => {
    const script = `import { closeSync, openSync } from 'node:fs'
      import { openSandbox } from './processors/runner/sandbox/open.ts'
      import { childrenOf } from './test/contracts/sandbox-children.ts'
      import { jobOf, runOf } from './test/contracts/sandbox-jobs.ts'
      import { retryFaults } from './topology/flow/retry.ts'
      const ended = Promise.withResolvers()
      let ends = 0
      const onChildEnd = () => { if (++ends === 2) ended.resolve() }
      const sandbox = await openSandbox({ version: '1', onChildEnd })
      while (sandbox.state().children < 2) await new Promise((resolve) => setTimeout(resolve, 10))
      const children = childrenOf(process.pid)
      const taken = []
      try { for (;;) taken.push(openSync('/dev/null')) } catch {}
      for (const child of children) process.kill(child, 'SIGKILL')
      await ended.promise
      const told = []
      const retry = retryFaults(() => 0, ({ code, message }) => {
        told.push(code)
        for (const file of taken.splice(0)) closeSync(file)
      })
      const { state } = await retry(() => runOf(sandbox, jobOf('fn(s => 5)')), new AbortController().signal)
      console.log(JSON.stringify({ told, state }))
      await sandbox[Symbol.asyncDispose]()`
    const node = `exec ${process.execPath} --no-node-snapshot --input-type=module -e "$1"`
    const running = spawn('sh', ['-c', `ulimit -n 200; ${node}`, 'sh', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [said, [code]] = await Promise.all([text(running.stdout), once(running, 'exit')])
    expect(code).toBe(0)
    expect(JSON.parse(said)).toEqual({ told: ['sandbox-unavailable'], state: '5' })
  })

  test('is replaced once, also when a run waits for its place', { timeout: 30_000 }, async () => {
    await using fleet = await fleetOf(await realmScript())
    let started = 0
    const next: Fleet['next'] = () => {
      started++
      return fleet.next()
    }
    const places = openSharedPlaces({ ...fleet, next }, 1)
    const first = await places.child()
    first.kill('memory')
    const second = await places.child()
    expect(second.isAlive()).toBe(true)
    expect(started).toBe(2)
  })
})

test('a run whose call is no JSON is told so, and nothing is thrown that quotes it', async () => {
  await using fleet = await fleetOf(`globalThis.penstock = () => ({
    load: () => {}, again: () => '', cut: () => {},
    turn: async (answers, run, ...texts) => answers === 0
      ? '- - 1 0\\n' + run + '\\n1\\nBearer s3cret'
      : '- - 0 0\\n' + run + '\\n{"status":"success","log":[]}\\n' + texts[1],
  })`)
  const child = fleet.start()
  await child.ready
  const answer: AnswerCall = async ({ text }) => JSON.stringify(JSON.parse(text))
  const firstLine = ownLine('info', 'first')
  const came = await child.run({ job: jobOf('fn(s => s)'), state: '1', firstLine, answer }).answer
  const state = JSON.stringify({ error: { code: 'INVALID_CALL', message: 'A request must leave its realm as JSON' } })
  expect(came).toMatchObject({ kind: 'outcome', outcome: { status: 'success', state } })
})

describe('a process that has runs', () => {
  test('is left alone for as long as it says that it lives, although no run of it ends', async () => {
    const ends: ChildEnd[] = []
    await using sandbox = await openSandbox({ version: '1', silenceMs: 2_000, onChildEnd: (why) => ends.push(why) })
    const long = jobOf('fn(s => new Promise(r => setTimeout(r, 3_000, s.id)))')
    const outcomes = await Promise.all([1, 2].map((id) => runOf(sandbox, long, { id })))
    expect(outcomes.map((one) => one.state)).toEqual(['1', '2'])
    expect(ends).toEqual([])
  })

  test('is replaced when it is silent, and its runs are done again', { timeout: 30_000 }, async () => {
    const before = childrenOf(process.pid)
    const ends: ChildEnd[] = []
    await using sandbox = await openSandbox({ version: '1', silenceMs: 2_000, onChildEnd: (why) => ends.push(why) })
    const [pid = 0] = childrenOf(process.pid).filter((one) => !before.includes(one))
    process.kill(pid, 'SIGSTOP')
    const outcomes = await Promise.all([1, 2].map((id) => runOf(sandbox, jobOf('fn(s => s.id)'), { id })))
    expect(outcomes.map((one) => one.state)).toEqual(['1', '2'])
    expect(ends).toEqual(['silent'])
  })

  test('has a warm one beside it, which takes its place at once', { timeout: 30_000 }, async () => {
    await using fleet = await fleetOf(await realmScript())
    const first = fleet.next()
    await first.ready
    await vi.waitUntil(() => fleet.state().children === 2, { timeout: 20_000 })
    const second = fleet.next()
    expect(second).not.toBe(first)
    expect(fleet.state().children).toBe(2)
    await second.ready
    await vi.waitUntil(() => fleet.state().children === 3)
  })

  test('is replaced when nothing else ends an isolate in it; its neighbours end in peace, the job runs alone', {
    timeout: 60_000,
  }, async () => {
    const ends: ChildEnd[] = []
    await using sandbox = await openSandbox({ version: '1', onChildEnd: (why) => ends.push(why) })
    const search = jobOf('fn(() => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1))', { timeoutMs: 300 })
    const neighbour = runOf(sandbox, jobOf('fn(s => new Promise(r => setTimeout(r, 4_000, s)))'), 'done')
    expect((await runOf(sandbox, search)).error?.name).toBe('TimeoutError')
    expect((await neighbour).state).toBe('"done"')
    await vi.waitUntil(() => ends.length === 1, { timeout: 20_000 })
    await vi.waitUntil(() => sandbox.state().children === 2, { timeout: 20_000 })

    const again = runOf(sandbox, search)
    await vi.waitUntil(() => sandbox.state().children === 3, { timeout: 20_000 })
    expect((await again).error?.name).toBe('TimeoutError')
    await vi.waitUntil(() => sandbox.state().children === 2, { timeout: 20_000 })
    expect(ends).toEqual(['recycled', 'recycled'])
  })

  test('and dies leaves a quarantine for jobs that are killed, not for their neighbours', {
    timeout: 30_000,
  }, async () => {
    const before = childrenOf(process.pid)
    const own = (): readonly number[] => childrenOf(process.pid).filter((one) => !before.includes(one))
    await using sandbox = await openSandbox({ version: '1' })
    const failing = jobOf('fn(() => new Promise((_, no) => setTimeout(no, 300, new Error("mine"))))')
    const endless = jobOf('fn(() => new Promise(() => {}))', { timeoutMs: 300 })
    const inHand = [runOf(sandbox, failing), runOf(sandbox, endless)]
    for (const pid of own()) process.kill(pid, 'SIGKILL')
    expect((await Promise.all(inHand)).map((one) => one.status)).toEqual(['failed', 'killed'])

    const all = own()
    for (const pid of all) process.kill(pid, 'SIGKILL')
    const sharedAndSpare = 2
    await vi.waitUntil(() => all.every((pid) => !own().includes(pid)), { timeout: 20_000 })
    expect((await runOf(sandbox, jobOf('fn(() => 5)'))).state).toBe('5')
    await vi.waitUntil(() => own().length === sharedAndSpare, { timeout: 20_000 })
    expect((await runOf(sandbox, failing)).status).toBe('failed')
    expect(own()).toHaveLength(sharedAndSpare)
    const again = runOf(sandbox, endless)
    await vi.waitUntil(() => own().length === sharedAndSpare + 1, { timeout: 20_000 })
    expect((await again).status).toBe('killed')
  })

  test('ends when a run that is alone makes it larger than it may, and the run is killed', {
    timeout: 30_000,
  }, async () => {
    const ends: ChildEnd[] = []
    await using sandbox = await openSandbox({ version: '1', baseRssMb: 0, onChildEnd: (why) => ends.push(why) })
    const small = jobOf('fn(() => new Promise(() => {}))', { memoryMb: 8 })
    const task = { run, job: small, state: '{}', answer: noWorld, alone: true }
    expect(await sandbox.run(task, new AbortController().signal)).toMatchObject({
      status: 'killed',
      exitCode: 134,
      error: { name: 'OOMError', message: 'The job needed more memory than it may have (8 MB)' },
    })
    expect(ends).toEqual(['memory'])
    expect((await runOf(sandbox, jobOf('fn(() => 5)', { memoryMb: 512 }))).state).toBe('5')
  })
})

const limits = { maxRssMb: 1_000, baseRssMb: 400, recycleRssMb: 500, silenceMs: 10_000 }

const fleetOf = async (script: string): Promise<Fleet & AsyncDisposable & { ends: ChildEnd[] }> => {
  const ends: ChildEnd[] = []
  const fleet = openFleet({ ...limits, script, onChildEnd: (why) => ends.push(why), onStuck: () => {} })
  return { ...fleet, ends, [Symbol.asyncDispose]: fleet.close }
}
