import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSandbox, type Sandbox } from '../../processors/runner/sandbox/open.ts'
import { endOf, hostileJobs } from './sandbox-hostile-jobs.ts'
import type { Told } from './sandbox-hostile-lap.ts'
import { jobOf, runOf } from './sandbox-jobs.ts'

let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await openSandbox({ version: '1.2.3' })
})
afterAll(() => sandbox[Symbol.asyncDispose]())

test.each(hostileJobs)('$name: $end', { timeout: 120_000 }, async ({ code, end, changes }) => {
  expect(endOf(await runOf(sandbox, jobOf(code, changes)))).toBe(end)
})

test('all of them, some at a time, each beside well-behaved neighbours: only they fail, and nothing is left of them', {
  timeout: 600_000,
}, async () => {
  const lap = `${import.meta.dirname}/sandbox-hostile-lap.ts`
  const flags = ['--no-node-snapshot', '--expose-gc', lap]
  const { stdout } = await promisify(execFile)(process.execPath, flags, { maxBuffer: 100_000_000 })
  const { amiss, before, after } = JSON.parse(stdout) as Told
  expect(amiss).toEqual([])
  expect(after).toEqual({ ...before, heapMb: expect.any(Number), childrenMb: expect.any(Number) })
  expect(after.heapMb - before.heapMb).toBeLessThan(5)
  expect(after.childrenMb).toBeLessThan(700) // the shared one is replaced above 500 MB; the spare has 100
})
