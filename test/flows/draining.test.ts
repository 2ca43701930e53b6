import { execFileSync } from 'node:child_process'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { isRunning, type ProcessId, runningProcess } from '../../infra/embedded/process-id.ts'
import { type Fleet, type Role, type RoleProcess, startFleet } from '../fixtures/fleet.ts'
import { deploy, endedRuns, houseName, post } from '../fixtures/house.ts'
import { startOwnServers } from '../fixtures/own-servers.ts'
import { until } from '../fixtures/penstock.ts'

const source = '018f2b1c-0000-7000-8000-0000000000f9'
const document = {
  name: 'clinic',
  sources: { inbox: { type: 'webhook', id: source } },
  triggers: { long: { type: 'message', filter: { long: true } }, quick: { type: 'message', filter: { long: false } } },
  jobs: {
    long: {
      trigger: 'long',
      timeout: '60s',
      expression: 'fn(async state => { await new Promise(done => setTimeout(done, 10000)); return state })',
    },
    quick: { trigger: 'quick', expression: 'fn(state => state)' },
  },
}

describe('a runner that is told to end', () => {
  const name = houseName()
  const opened = new AsyncDisposableStack()
  let fleet: Fleet

  beforeAll(async () => {
    const counts = { console: 1, ingress: 1, filter: 1, runner: 2, follow: 1, sink: 1 }
    fleet = opened.use(await startFleet({ counts, name, env: { DRAIN_SECONDS: '1' } }))
    await deploy(fleet, document)
    await fleet.agreed()
  }, 480_000)
  afterAll(() => opened.disposeAsync())

  /** Whoever has the run in hand. */
  const busy = (): Promise<RoleProcess> =>
    until(
      async () => {
        const counts = await Promise.all(fleet.of('runner').map((one) => one.measured('penstock_runs_in_hand')))
        return fleet.of('runner').find((_, at) => (counts[at]?.get('') ?? 0) > 0)
      },
      () => `a runner has it in hand\n${fleet.printed()}`,
    )
  const membersOf = async (group: string): Promise<number> => {
    const admin = new Kafka({ brokers: [inject('kafkaBrokers')], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const { groups } = await admin.describeGroups([`${name}.${group}`])
    await admin.disconnect()
    return groups[0]?.members.length ?? 0
  }

  test('hands back, when its time is over, what it has in hand: another does it, and no start is counted', async () => {
    const message = await post(fleet, source, '{"long":true}')
    const owner = await busy()
    const children = childrenOf(owner)
    expect(children.length).toBeGreaterThan(0)
    expect(await fleet.stop(owner)).toBe(0)
    expect(await membersOf('runner')).toBe(1)
    expect(children.filter(isRunning)).toEqual([])
    const [run] = await endedRuns(fleet, 'clinic', { message, count: 1 })
    expect(run).toMatchObject({ status: 'success', starts: 1, attempts: 1 })
    const [other] = fleet.of('runner')
    expect(await other?.measured('penstock_runs_total')).toEqual(
      new Map([['project="clinic",job="long",status="success"', 1]]),
    )
  }, 240_000)

  test('drops at once what it has in hand when it is told so again', async () => {
    const patient = await fleet.start('runner', { DRAIN_SECONDS: '600' })
    for (const one of fleet.of('runner')) if (one !== patient) await fleet.stop(one)
    const message = await post(fleet, source, '{"long":true}')
    expect(await busy()).toBe(patient)
    const children = childrenOf(patient)
    patient.process.kill('SIGTERM')
    await until(() => patient.printed().includes('once more'), 'it has heard the first')
    const again = setInterval(() => patient.process.kill('SIGTERM'), 600) // twice within half a second is one wish
    expect(await fleet.stop(patient)).toBe(0)
    clearInterval(again)
    expect(await membersOf('runner')).toBe(0)
    expect(children.filter(isRunning)).toEqual([])
    await fleet.start('runner')
    const [run] = await endedRuns(fleet, 'clinic', { message, count: 1 })
    expect(run).toMatchObject({ status: 'success', starts: 1 })
  }, 240_000)

  test.each<Role>(['ingress', 'filter', 'runner', 'follow', 'sink', 'console'])(
    'ends in order while it starts, too: %s',
    async (role) => {
      for (const moment of ['alive', 'ready'] as const) {
        const one = await fleet.begin(role)
        await one[moment]()
        expect(await fleet.stop(one), one.printed()).toBe(0)
      }
    },
    240_000,
  )
})

describe('with the servers away, each role', () => {
  const opened = new AsyncDisposableStack()
  let servers: Awaited<ReturnType<typeof startOwnServers>>
  let fleet: Fleet
  const sent: string[] = []

  beforeAll(async () => {
    servers = opened.use(await startOwnServers())
    const counts = { console: 1, ingress: 1, filter: 1, runner: 1, follow: 1, sink: 1 }
    fleet = opened.use(await startFleet({ counts, env: { ...servers.settings, DRAIN_SECONDS: '1' } }))
    await deploy(fleet, document)
    await fleet.agreed()
  }, 480_000)
  afterAll(() => opened.disposeAsync())

  const send = async (count: number): Promise<void> => {
    const ids = await Promise.all(Array.from({ length: count }, () => post(fleet, source, '{"long":false}')))
    sent.push(...ids)
  }
  const runsOf = async (): Promise<readonly string[]> => {
    const { items } = await fleet.json<{ items: readonly { message_id: string; status: string }[] }>(
      '/api/projects/clinic/runs?limit=1000',
    )
    return items.filter(({ status }) => status === 'success').map(({ message_id }) => message_id)
  }

  test('ends when it is told to, and those who come after lose nothing and double nothing', async () => {
    await send(50)
    await servers.kill('store')
    await send(50)
    const sinks = fleet.of('sink')
    expect(await Promise.all(sinks.map((one) => fleet.stop(one)))).toEqual([0])
    await servers.startAgain('store')
    await fleet.start('sink')
    await send(50)

    await servers.kill('broker')
    const all = roles.flatMap((role) => fleet.of(role))
    const codes = await Promise.all(all.map((one) => fleet.stop(one)))
    for (const code of codes) expect([0, 1]).toContain(code) // 1: it could not tell the broker
    await servers.startAgain('broker')
    await Promise.all(roles.map((role) => fleet.start(role)))
    await expect.poll(async () => (await runsOf()).toSorted(), { timeout: 200_000 }).toEqual(sent.toSorted())
  }, 480_000)
})

const roles: readonly Role[] = ['ingress', 'filter', 'runner', 'follow', 'sink', 'console']

const childrenOf = ({ process: { pid } }: RoleProcess): readonly ProcessId[] =>
  execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .flatMap((child) => {
      const found = runningProcess(Number(child))
      return found ? [{ pid: Number(child), started: found.started }] : []
    })
