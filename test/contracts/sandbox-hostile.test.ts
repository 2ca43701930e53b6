import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { hostileJobs } from './sandbox-hostile-jobs.ts'
import type { Told } from './sandbox-hostile-lap.ts'

describe('hostile jobs, some at a time, each beside well-behaved neighbours', () => {
  let told: Told

  beforeAll(async () => {
    const lap = `${import.meta.dirname}/sandbox-hostile-lap.ts`
    const flags = ['--no-node-snapshot', '--expose-gc', lap]
    const { stdout } = await promisify(execFile)(process.execPath, flags, { maxBuffer: 100_000_000 })
    told = JSON.parse(stdout)
  }, 600_000)

  test.each(hostileJobs)('$name: $end, and no other fails', ({ name, end }) => {
    const ends = told.ends[name] ?? []
    expect(ends).toEqual(Array.from({ length: end.startsWith('killed') ? 1 : 2 }, () => ({ end, neighbours: [] })))
  })

  test('have each a name of its own', () => {
    expect(Object.keys(told.ends)).toHaveLength(hostileJobs.length)
  })

  test('leave nothing behind', () => {
    const { before, after } = told
    expect(after).toEqual({ ...before, heapMb: expect.any(Number), childrenMb: expect.any(Number) })
    expect(after.heapMb - before.heapMb).toBeLessThan(5)
    expect(after.childrenMb).toBeLessThan(1_000) // the shared one is replaced when it stays above 850 MB; the spare has 110
  })
})
