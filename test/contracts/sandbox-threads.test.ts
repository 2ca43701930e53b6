import { readdirSync, readFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { expect, test } from 'vitest'
import { openSandbox } from '../../processors/runner/sandbox/open.ts'
import { until } from '../fixtures/penstock.ts'
import { childrenOf } from './sandbox-children.ts'
import { jobOf, runOf } from './sandbox-jobs.ts'

test('a thread that loops waits behind the others for as long as it does, where its process may raise it again', async () => {
  await using sandbox = await openSandbox({ version: '1' })
  expect(behind()).toBe(0)
  const looping = runOf(sandbox, jobOf('fn(() => { for (;;); })', { timeoutMs: 2_000 }))
  if (mayRaise()) await until(() => behind() > 0, 'the loop is behind')
  expect((await looping).error?.name).toBe('TimeoutError')
  await until(() => behind() === 0, 'nobody is behind')
  expect((await runOf(sandbox, jobOf('fn(s => 1)'))).state).toBe('1')
})

/** How many threads of our sandbox come last (proc(5): `nice` is the 19th field, the 17th after the name). */
const behind = (): number =>
  childrenOf(process.pid)
    .flatMap((pid) => threadsOf(pid).map((thread) => statOf(`/proc/${pid}/task/${thread}/stat`)))
    .filter((stat) => stat.slice(stat.lastIndexOf(')')).split(' ')[17] === '19').length

const threadsOf = (pid: number): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

const statOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const mayRaise = (): boolean => {
  const before = getPriority()
  try {
    setPriority(before + 1)
    setPriority(before)
    return true
  } catch {
    return false
  }
}
