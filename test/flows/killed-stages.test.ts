import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobTopic, runsTopic } from '../../topology/topics.ts'
import { intakeRecord } from '../../topology/wire/intake.ts'
import { jobRecordIdOf } from '../../topology/wire/job.ts'
import { runRecord, runRecordIdOf } from '../../topology/wire/runs.ts'
import { type MessageId, type RunId, runIdOf } from '../../topology/words/ids.ts'
import type { Incoming, Outgoing } from '../../topology/words/record.ts'
import { all } from '../contracts/message-log.ts'
import { until } from '../fixtures/penstock.ts'
import { finished, message, runFacts } from '../fixtures/records.ts'
import type { Blow, Order, Point } from '../fixtures/role-process.ts'
import { type Member, openStages, type Stages, untilIdle } from '../fixtures/stages.ts'

const roles = ['filter', 'runner', 'follow', 'sink'] as const
const jobs = ['register', 'bill', 'welcome', 'mourn', 'file'] as const
const yaml = `name: clinic
triggers:
  all: { type: message }
  registered: { type: flow, job: register }
  failed: { type: fail, job: register }
  billed: { type: flow, job: bill }
jobs:
  register:
    trigger: all
    expression: "fn(state => { if (state.data.fail) throw new Error('no'); return { name: state.data.name } })"
  bill: { trigger: all, expression: "fn(state => ({ bill: 1 }))" }
  welcome: { trigger: registered, expression: "fn(state => ({ welcome: state.name }))" }
  mourn: { trigger: failed, expression: "fn(state => ({ why: state.error.message }))" }
  file: { trigger: billed, expression: "fn(state => state)" }
`

type Sent = Readonly<{ id: MessageId; fails: boolean; replay: string; record: Outgoing }>

const newMessage = (key: string, fails = false): Sent => {
  const one = message({ key, body: Buffer.from(JSON.stringify({ name: key, fail: fails })) })
  return { id: one.id, fails, replay: '', record: intakeRecord(one) }
}

const replayOf = ({ record, ...sent }: Sent, replay: string): Sent => ({
  ...sent,
  replay,
  record: { ...record, headers: { ...record.headers, 'penstock-replay': replay } },
})

/** The runs that a message makes, with how each of them ends. */
const runsOf = ({ id, fails, replay }: Sent): readonly (readonly [run: RunId, job: string, status: string])[] => {
  const of = (job: string, parent: RunId | null): RunId => runIdOf({ message: id, job, parent, replay })
  const [register, bill] = [of('register', null), of('bill', null)]
  const next = fails ? 'mourn' : 'welcome'
  return [
    [register, 'register', fails ? 'failed' : 'success'],
    [bill, 'bill', 'success'],
    [of(next, register), next, 'success'],
    [of('file', bill), 'file', 'success'],
  ]
}

const points: readonly Point[] = ['before its write', 'between its writes', 'after its write', 'after its mark']
const blows = points.flatMap((point, round) =>
  roles
    .filter((role) => point !== 'between its writes' || role === 'filter' || role === 'sink') // the others write once
    .map((role) => {
      const sent = newMessage(`${role} ${point}`, round % 2 === 1)
      const blow: Blow = { name: `${role} ${point}`, point, message: sent.id, signal: 'SIGKILL' }
      return { role, point, sent, blow }
    }),
)

describe('stages that are killed in the midst of their work', () => {
  let stages: Stages
  const members: Member[] = []
  const sent: Sent[] = []

  const send = async (...more: readonly Sent[]): Promise<void> => {
    sent.push(...more)
    await stages.log.append(more.map(({ record }) => record))
  }
  const keepAll = (): void => {
    for (const role of roles)
      for (const _ of [1, 2]) {
        const mine = blows.filter((one) => one.role === role).map(({ blow }) => blow)
        members.push(stages.keep(role, mine))
      }
  }

  beforeAll(async () => {
    stages = await openStages({ project: 'clinic', yaml, jobs, sessionMs: 4_000 })
    keepAll()
    for (const point of points) {
      const round = blows.filter((one) => one.point === point)
      const others = [1, 2, 3].map((n) => newMessage(`other ${n}`, n === 3))
      await send(...others.slice(0, 2), ...round.map((one) => one.sent), ...others.slice(2))
      await until(() => round.every(({ blow }) => stages.struck(blow)), `all are struck ${point}`)
      await untilIdle(stages)
    }
  }, 300_000)
  afterAll(() => stages?.[Symbol.asyncDispose]())

  /** How often each id lies in the topic. */
  const countsIn = async (topic: string, idOf: (record: Incoming) => string | undefined) => {
    const counts = new Map<string, number>()
    for (const record of await all(stages.log, topic)) {
      const id = idOf(record) ?? ''
      counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    return counts
  }
  const requests = (job: string) => countsIn(jobTopic('clinic', job), jobRecordIdOf)
  const events = () => countsIn(runsTopic, runRecordIdOf)

  const expectEachOnce = async (): Promise<void> => {
    const runs = sent.flatMap(runsOf)
    for (const job of jobs)
      expect([...(await requests(job)).keys()].toSorted()).toEqual(
        runs.flatMap(([run, of]) => (of === job ? [`${run}/1`] : [])).toSorted(),
      )
    expect([...(await events()).keys()].filter((id) => !id.startsWith('attempt/')).toSorted()).toEqual(
      [...sent.map(({ id, replay }) => `matched/${id}/${replay}`), ...runs.map(([run]) => `end/${run}`)].toSorted(),
    )
    const rows = await stages.store.query<{ id: string; job: string; status: string }>(
      'SELECT id, job, status FROM runs',
    )
    expect(rows.map(({ id, job, status }) => [id, job, status]).toSorted()).toEqual(runs.toSorted())
    const messages = await stages.store.query<{ id: string }>('SELECT id FROM messages')
    expect(messages.map(({ id }) => id).toSorted()).toEqual([...new Set(sent.map(({ id }) => id))].toSorted())
    const matches = await stages.store.query<{ run_id: string }>('SELECT run_id FROM matches')
    expect(matches.map(({ run_id }) => run_id).toSorted()).toEqual(
      runs.flatMap(([run, job]) => (job === 'register' || job === 'bill' ? [run] : [])).toSorted(),
    )
    expect(await stages.store.query('SELECT * FROM dead_letters')).toEqual([])
  }

  /** Executed again only by somebody else, after the death of who had it in hand. */
  const expectExecutedAsPromised = (): void => {
    const dead = new Set(members.flatMap(({ pids }) => pids.slice(0, -1)))
    const byRun = Map.groupBy(stages.executions(), ({ run }) => run)
    expect([...byRun.keys()].toSorted()).toEqual(
      sent
        .flatMap(runsOf)
        .map(([run]) => String(run))
        .toSorted(),
    )
    for (const executions of byRun.values()) {
      const pids = executions.map(({ pid }) => pid)
      expect(pids.slice(0, -1).filter((pid) => !dead.has(pid))).toEqual([])
      expect(new Set(pids).size).toBe(pids.length)
    }
  }

  const struckAt = (role: Order['role']) => blows.filter((one) => one.role === role)

  test.each<[Point, readonly number[]]>([
    ['before its write', [1, 1, 1]],
    ['between its writes', [2, 2, 1]],
    ['after its write', [2, 2, 2]],
    ['after its mark', [1, 1, 1]],
  ])('a filter that dies %s has asked for the two runs, and told of them, so many times: %j', async (point, counts) => {
    const one = struckAt('filter').find((blow) => blow.point === point)
    if (!one) throw new Error(`no filter dies ${point}`)
    const [register, bill] = runsOf(one.sent)
    expect([
      (await requests('register')).get(`${register?.[0]}/1`),
      (await requests('bill')).get(`${bill?.[0]}/1`),
      (await events()).get(`matched/${one.sent.id}/`),
    ]).toEqual(counts)
  })

  test.each<[Point, Readonly<{ executions: number; ends: number }>]>([
    ['before its write', { executions: 2, ends: 1 }],
    ['after its write', { executions: 2, ends: 2 }],
    ['after its mark', { executions: 1, ends: 1 }],
  ])('the run at whose end a runner dies %s is begun, and ends, so many times: %j', async (point, expected) => {
    const one = struckAt('runner').find((blow) => blow.point === point)
    if (!one) throw new Error(`no runner dies ${point}`)
    const pid = stages.struck(one.blow)
    const all = await events()
    const last = stages.executions().findLast((execution) => execution.pid === pid)
    const of = runsOf(one.sent).map(([run]) => ({
      executions: stages.executions().filter((execution) => execution.run === run).length,
      ends: all.get(`end/${run}`),
    }))
    expect(last).toBeDefined()
    expect(of).toContainEqual(expected)
  })

  test.each<[Point, number]>([
    ['before its write', 1],
    ['after its write', 2],
    ['after its mark', 1],
  ])('a follow that dies %s has asked for what follows so many times: %i', async (point, count) => {
    const one = struckAt('follow').find((blow) => blow.point === point)
    if (!one) throw new Error(`no follow dies ${point}`)
    const counts = await Promise.all(
      runsOf(one.sent)
        .slice(2)
        .map(async ([run, job]) => (await requests(job)).get(`${run}/1`) ?? 0),
    )
    expect(counts).toContain(count) // the message's other end may have been in hand, too
  })

  test('downstream sees each message, match, run and end once, and nothing is skipped', async () => {
    await expectEachOnce()
    expectExecutedAsPromised()
  })

  /** Writes again what lies in each topic already; an end comes again as another one. */
  const repeatAll = async (of: Sent): Promise<void> => {
    const [run, job] = runsOf(of)[0] ?? []
    const request = (await all(stages.log, jobTopic('clinic', 'register'))).find(
      (record) => jobRecordIdOf(record) === `${run}/1`,
    )
    if (!run || !request) throw new Error('there was no request')
    const facts = runFacts(of.id, { run_id: run, job: job ?? '', key: of.record.key })
    await stages.log.append([
      of.record,
      of.record,
      { ...request, key: of.record.key, headers: Object.fromEntries(request.headers) },
      runRecord(finished(facts, { status: of.fails ? 'success' : 'failed' }), of.record.key),
    ])
  }

  test('repeats are dropped at every source by those who have taken over, and a replay is one more time', async () => {
    const executions = stages.executions().length
    const [good, bad] = [sent.find(({ fails }) => !fails), sent.find(({ fails }) => fails)]
    if (!good || !bad) throw new Error('nothing was sent')
    await repeatAll(good)
    await repeatAll(bad)
    const again = replayOf(good, 'again')
    await send(again)
    await stages.log.append([again.record])
    await untilIdle(stages)
    await expectEachOnce()
    expect(stages.executions().length).toBe(executions + runsOf(again).length)
  })

  test('repeats are dropped after all have been killed at once and started again', async () => {
    const executions = stages.executions().length
    await Promise.all(members.map((member) => member.end('SIGKILL')))
    await Promise.all(sent.slice(0, 4).map(repeatAll))
    await send(newMessage('last'))
    keepAll()
    await untilIdle(stages)
    await expectEachOnce()
    expect(stages.executions().length).toBe(executions + 4)
  }, 120_000)
})
