import { expect, test } from 'vitest'
import { openSandbox } from '../../processors/runner/sandbox/open.ts'
import { noWorld } from '../fixtures/no-world.ts'
import { until } from './message-log.ts'
import { childrenOf } from './sandbox-children.ts'
import { jobOf, printed, run } from './sandbox-jobs.ts'

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
    { run, job: waiting, state: '2', answer: noWorld, alone: true, onLog: begun.resolve },
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
  const alone = begun.map(({ resolve: onLog }) =>
    sandbox.run({ run, job: waiting, state: '2', answer: noWorld, alone: true, onLog }, stop.signal),
  )
  await Promise.all(begun.map(({ promise }) => promise))
  expect(childrenOf(process.pid)).toHaveLength(before + 4)
  stop.abort('enough')
  await Promise.all(alone.map((one) => expect(one).rejects.toBe('enough')))
})
