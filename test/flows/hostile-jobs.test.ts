import { expect, test } from 'vitest'
import type { Job } from '../../topology/project/project.ts'
import { endOf, hostileJobs } from '../contracts/sandbox-hostile-jobs.ts'
import { deploy, endedRuns, post, startHouse } from '../fixtures/house.ts'

/** One of each kind of harm, by its name in the table. */
const chosen = [
  'a loop',
  'a search that V8 does not leave',
  'an interval',
  'objects',
  'array buffers',
  'recursion',
  'lines without end',
  'a long text as state',
  'a state that holds itself',
  'process',
  'a proxy that is thrown',
  'an error with lone surrogates and line breaks',
  'rejections that nobody asks for',
] as const

const source = '018f2b1c-0000-7000-8000-0000000000f9'

test('of one message for hostile jobs and good ones, history shows each run with its own end', {
  timeout: 240_000,
}, async () => {
  const hostile = hostileJobs.filter(({ name }) => chosen.some((each) => each === name))
  const named = hostile.map((one, at) => ({ ...one, job: `hostile-${at}` }))
  const good = Array.from({ length: 10 }, (_, n) => `good-${n}`)
  const jobs = {
    ...Object.fromEntries(
      named.map(({ job, code, changes }) => [job, { ...limitsOf(changes), trigger: 'all', expression: code }]),
    ),
    ...Object.fromEntries(good.map((job) => [job, { trigger: 'all', expression: 'fn((state) => state.data.n + 1)' }])),
  }
  await using house = await startHouse()
  await deploy(house, {
    name: 'mixed',
    sources: { inbox: { type: 'webhook', id: source } },
    triggers: { all: { type: 'message', filter: {} } },
    jobs,
  })
  for (const n of [1, 2]) {
    const message = await post(house, source, JSON.stringify({ n }))
    const runs = await endedRuns(house, 'mixed', { message, count: Object.keys(jobs).length })
    const ends = Object.fromEntries(
      runs.map(({ job, status, exit_code, error, final_state }) => [
        job,
        job.startsWith('good') ? [status, final_state] : endOf({ status, exitCode: exit_code, error }),
      ]),
    )
    expect(ends).toEqual({
      ...Object.fromEntries(named.map(({ job, end }) => [job, end])),
      ...Object.fromEntries(good.map((job) => [job, ['success', n + 1]])),
    })
  }
})

/** In a document's words. */
const limitsOf = ({ timeoutMs, memoryMb, logLimitBytes }: Partial<Job> = {}): object => ({
  ...(timeoutMs !== undefined && { timeout: `${Math.ceil(timeoutMs / 1_000)}s` }),
  ...(memoryMb !== undefined && { memory_mb: memoryMb }),
  ...(logLimitBytes !== undefined && { log_limit: logLimitBytes }),
})
