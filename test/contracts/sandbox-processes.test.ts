import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import type { ChildEnd } from '../../processors/runner/sandbox/child-process.ts'
import { type Fleet, openFleet } from '../../processors/runner/sandbox/fleet.ts'
import { openSharedPlaces } from '../../processors/runner/sandbox/places.ts'
import { realmScript } from '../../processors/runner/sandbox/realm-script.ts'

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
      const sandbox = await openSandbox({ version: '1', onChildEnd: ended.resolve })
      const [child] = childrenOf(process.pid)
      const taken = []
      try { for (;;) taken.push(openSync('/dev/null')) } catch {}
      process.kill(child, 'SIGKILL')
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
    const start: Fleet['start'] = () => {
      started++
      return fleet.start()
    }
    const places = openSharedPlaces({ ...fleet, start }, 1)
    const first = await places.child()
    first.kill('memory')
    const second = await places.child()
    expect(second.isAlive()).toBe(true)
    expect(started).toBe(2)
  })
})

const fleetOf = async (script: string): Promise<Fleet & AsyncDisposable & { ends: ChildEnd[] }> => {
  const ends: ChildEnd[] = []
  const fleet = openFleet({ script, maxRssMb: 1_000, recycleRssMb: 500, onChildEnd: (why) => ends.push(why) })
  return { ...fleet, ends, [Symbol.asyncDispose]: fleet.close }
}
