import { expect, onTestFinished, test } from 'vitest'
import type { Commit } from '../../infra/kafka/desk.ts'
import { watermarkAt } from '../../topology/flow/watermark.ts'
import { deadLettersTopic, jobTopic, runsTopic } from '../../topology/topics.ts'
import { jobRecord, parseJobRecord } from '../../topology/wire/job.ts'
import { type Finished, parseRunRecord } from '../../topology/wire/runs.ts'
import type { Incoming } from '../../topology/words/record.ts'
import { all } from '../contracts/message-log.ts'
import { until } from '../fixtures/penstock.ts'
import { requested } from '../fixtures/records.ts'
import { openStages } from '../fixtures/stages.ts'

const yaml = `name: clinic
triggers: { all: { type: message } }
jobs:
  count:
    trigger: all
    expression: fn(async state => { if (state.slow) await new Promise(done => setTimeout(done, 3000)); return state })
`
const topic = jobTopic('clinic', 'count')

test('a lone runner of many short runs is killed right after it has committed: what had ended does not run again, and nothing counts starts that it did not have', async () => {
  const stages = await openStages({ project: 'clinic', yaml, jobs: ['count'], sessionMs: 4_000 })
  onTestFinished(() => stages[Symbol.asyncDispose]())
  const ends: Finished[] = []
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  void (async () => {
    for await (const item of stages.log.tail(runsTopic, stop.signal)) {
      const event = item.kind === 'record' && parseRunRecord(item.record)
      if (event && event.event === 'finished') ends.push(event)
    }
  })()

  // One that is still going on when the others have ended: what is done lies above it.
  const slow = requested({ job: 'count', key: 'slow', input: { kind: 'state', state: '{"slow":true}' } })
  await stages.log.append([jobRecord(slow)])
  let asked = 1
  const ask = (): void => {
    const some = Array.from({ length: 10 }, (_, n) => jobRecord(requested({ job: 'count', key: `k${asked + n}` })))
    asked += some.length
    void stages.log.append(some)
  }
  const asking = setInterval(ask, 50) // 200 a second
  onTestFinished(() => clearInterval(asking))

  const { pids } = stages.keep('runner')
  const deaths: Readonly<{ pid: number; commits: Commits }>[] = []
  for (const many of [200, 400]) {
    const pid = pids.at(-1) ?? 0
    while (countDone(await stages.commits(), asked) < many);
    process.kill(pid, 'SIGKILL')
    await until(() => pids.at(-1) !== pid, 'it is started again')
    deaths.push({ pid, commits: await stages.commits() })
  }
  clearInterval(asking)
  const hasEnded = () => new Set(ends.map(({ run_id }) => run_id)).size === asked
  await until(hasEnded, () => `${asked} runs have ended, not ${ends.length}`)

  const records = await all(stages.log, topic)
  const executions = stages.executions()
  expect(new Set(executions.map(({ run }) => run)).size).toBe(asked)
  for (const { pid, commits } of deaths) {
    const done = new Set(records.filter((record) => isDone(commits, record)).map((record) => runOf(record)))
    expect(done.size).toBeGreaterThanOrEqual(200)
    const last = executions.findLastIndex((one) => one.pid === pid)
    expect(executions.slice(last + 1).filter(({ run }) => done.has(run))).toEqual([])
  }
  const times = Map.groupBy(executions, ({ run }) => run)
  expect(ends.filter(({ run_id, starts }) => starts > (times.get(run_id)?.length ?? 0))).toEqual([])
  const ofSlow = ends.filter(({ run_id }) => run_id === slow.run).map(({ starts }) => starts)
  expect(ofSlow).toEqual([times.get(slow.run)?.length])
  expect(ends.filter(({ status }) => status !== 'success')).toEqual([])
  expect(await all(stages.log, deadLettersTopic)).toEqual([])
})

type Commits = ReadonlyMap<string, Commit>

const runOf = (record: Incoming): string => parseJobRecord(record).run

const isDone = (commits: Commits, { partition, offset }: Pick<Incoming, 'partition' | 'offset'>): boolean => {
  const commit = commits.get(`runner ${topic}/${partition}`)
  return (
    commit !== undefined && (offset < commit.offset || watermarkAt(commit.offset, commit.metadata).wasFinished(offset))
  )
}

/** How many of the first `asked` records of each partition are done. */
const countDone = (commits: Commits, asked: number): number => {
  let done = 0
  for (const partition of [0, 1])
    for (let offset = 0n; offset < asked; offset++) if (isDone(commits, { partition, offset })) done++
  return done
}
