import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobTopic, runsTopic } from '../../topology/topics.ts'
import { intakeRecord } from '../../topology/wire/intake.ts'
import { jobRecordIdOf } from '../../topology/wire/job.ts'
import { runRecordIdOf } from '../../topology/wire/runs.ts'
import { type MessageId, type RunId, runIdOf } from '../../topology/words/ids.ts'
import type { Incoming } from '../../topology/words/record.ts'
import { all } from '../contracts/message-log.ts'
import { until } from '../fixtures/penstock.ts'
import { message } from '../fixtures/records.ts'
import type { Blow, Order, Point } from '../fixtures/role-process.ts'
import { type Member, openStages, type Stages, untilIdle } from '../fixtures/stages.ts'

const roles = ['filter', 'runner', 'follow', 'sink'] as const
const yaml = `name: clinic
triggers:
  all: { type: message }
  registered: { type: flow, job: register }
jobs:
  register: { trigger: all, expression: "fn(state => state)" }
  welcome: { trigger: registered, expression: "fn(state => state)" }
`

const registerOf = (id: MessageId): RunId => runIdOf({ message: id, job: 'register', parent: null, replay: '' })
const welcomeOf = (id: MessageId): RunId => runIdOf({ message: id, job: 'welcome', parent: registerOf(id), replay: '' })

/**
 * Processes that are stopped in the midst of their work, for longer than their session lasts. Others take over and finish; then the stopped
 * ones go on where they were.
 */
describe.each<Point>(['before its write', 'after its write'])('a stage that was stopped %s, and wakes', (point) => {
  const sent: MessageId[] = []
  const victims = roles.map((role) => {
    const one = message({ key: role })
    const blow: Blow = { name: role, point, message: one.id, signal: 'SIGSTOP' }
    return { role, one, blow }
  })
  const members = new Map<Order['role'], readonly Member[]>()
  let stages: Stages
  let executedBefore = 0

  const send = async (...messages: readonly ReturnType<typeof message>[]): Promise<void> => {
    sent.push(...messages.map(({ id }) => id))
    await stages.log.append(messages.map(intakeRecord))
  }
  /** The member that was stopped, and the one that took over. */
  const pairOf = (role: Order['role']): Readonly<{ zombie: Member; other: Member; pid: number }> => {
    const blow = victims.find((victim) => victim.role === role)?.blow
    const pid = blow && stages.struck(blow)
    const both = members.get(role) ?? []
    const [zombie, other] = both[0]?.pids[0] === pid ? both : both.toReversed()
    if (!pid || !zombie || !other) throw new Error(`no ${role} was stopped`)
    return { zombie, other, pid }
  }

  beforeAll(async () => {
    stages = await openStages({ project: 'clinic', yaml, jobs: ['register', 'welcome'], sessionMs: 4_000 })
    for (const { role, blow } of victims) members.set(role, [stages.keep(role, [blow]), stages.keep(role, [blow])])
    const behind = Array.from({ length: 40 }, (_, n) => message({ key: roles[n % 4] ?? '' }))
    await send(...victims.map(({ one }) => one), ...behind)
    await until(() => victims.every(({ blow }) => stages.struck(blow)), `all are stopped ${point}`)
    await untilIdle(stages)

    executedBefore = stages.executions().length
    for (const role of roles) process.kill(pairOf(role).pid, 'SIGCONT')
    await Promise.all(roles.map((role) => pairOf(role).other.end('SIGTERM')))
    await send(...roles.map((key) => message({ key })))
    await untilIdle(stages)
  }, 240_000)
  afterAll(() => stages?.[Symbol.asyncDispose]())

  const countIn = async (topic: string, idOf: (record: Incoming) => string | undefined, id: string): Promise<number> =>
    (await all(stages.log, topic)).filter((record) => idOf(record) === id).length
  const victimOf = (role: Order['role']): MessageId =>
    victims.find((victim) => victim.role === role)?.one.id ?? ('' as MessageId)
  const times = point === 'before its write' ? 1 : 2

  test('has written nothing more', async () => {
    const [filtered, followed] = [victimOf('filter'), victimOf('follow')]
    expect(await countIn(jobTopic('clinic', 'register'), jobRecordIdOf, `${registerOf(filtered)}/1`)).toBe(times)
    expect(await countIn(runsTopic, runRecordIdOf, `matched/${filtered}/`)).toBe(times)
    expect(await countIn(jobTopic('clinic', 'welcome'), jobRecordIdOf, `${welcomeOf(followed)}/1`)).toBe(times)
    const run = registerOf(victimOf('runner'))
    expect(await countIn(runsTopic, runRecordIdOf, `end/${run}`)).toBe(times)
  })

  test('has begun nothing more of what others had done meanwhile', () => {
    const later = stages.executions().slice(executedBefore)
    const fresh = sent.slice(-roles.length).flatMap((id) => [registerOf(id), welcomeOf(id)])
    expect(later.map(({ run }) => run).toSorted()).toEqual(fresh.toSorted())
  })

  test.each(roles)('joins again and works on: %s', async (role) => {
    const { zombie, pid } = pairOf(role)
    expect(zombie.pids).toEqual([pid])
    if (role === 'runner')
      expect(
        new Set(
          stages
            .executions()
            .slice(executedBefore)
            .map((one) => one.pid),
        ),
      ).toEqual(new Set([pid]))
    // Only a write is refused: what was marked is forgotten.
    if (point === 'before its write' && role !== 'sink') expect(zombie.told.join()).toContain('"membership-lost"')
  })

  test('downstream sees each message, match, run and end once', async () => {
    const runs = sent.flatMap((id) => [registerOf(id), welcomeOf(id)])
    const rows = await stages.store.query<{ id: string; status: string }>('SELECT id, status FROM runs')
    expect(rows.map(({ id, status }) => [id, status]).toSorted()).toEqual(runs.map((id) => [id, 'success']).toSorted())
    const messages = await stages.store.query<{ id: string }>('SELECT id FROM messages')
    expect(messages.map(({ id }) => id).toSorted()).toEqual(sent.toSorted())
    const matches = await stages.store.query<{ run_id: string }>('SELECT run_id FROM matches')
    expect(matches.map(({ run_id }) => run_id).toSorted()).toEqual(sent.map(registerOf).toSorted())
    const executed = stages.executions().map(({ run }) => run)
    expect([...new Set(executed)].toSorted()).toEqual(runs.map(String).toSorted())
    expect(await stages.store.query('SELECT * FROM dead_letters')).toEqual([])
  })
})
