import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Fleet, type Role, startFleet } from '../fixtures/fleet.ts'
import { checks, type Findings } from '../fixtures/history-checks.ts'
import { deploy } from '../fixtures/house.ts'
import { type Load, project } from '../fixtures/load.ts'
import { type OwnServers, type Server, startOwnServers } from '../fixtures/own-servers.ts'
import { until } from '../fixtures/penstock.ts'
import { type Mend, openTrial } from '../fixtures/trial.ts'

type Victim = Role | Server | 'sandbox child' | 'all stages at once'
const victims: readonly Victim[] = [
  'ingress',
  'filter',
  'runner',
  'sandbox child',
  'follow',
  'sink',
  'store',
  'broker',
  'all stages at once',
]
const stages = ['filter', 'runner', 'follow', 'sink'] as const
const mayHaveRuns: readonly Victim[] = ['runner', 'sandbox child', 'broker', 'all stages at once']

let findings: Findings
const cleanUp = new AsyncDisposableStack()
afterAll(() => cleanUp.disposeAsync())

beforeAll(async () => {
  const servers = cleanUp.use(await startOwnServers())
  const counts = { console: 1, ingress: 2, filter: 2, runner: 2, follow: 2, sink: 2 }
  const fleet = cleanUp.use(await startFleet({ counts, env: servers.settings }))
  await deploy(fleet, project)
  const doors = () => fleet.of('ingress').map(({ url }) => url)
  const trial = cleanUp.use(await openTrial({ seed: 20261121, settings: fleet.settings, doors }))
  await trial.load.send(200)
  const recovered: Record<string, number> = {}
  for (const victim of victims) {
    const how = { runs: mayHaveRuns.includes(victim) }
    const { workedOnMs } = await trial.strike(victim, () => kill(victim, { fleet, servers, load: trial.load }), how)
    recovered[victim] = workedOnMs
  }
  findings = await trial.findings()
  console.info('all that is there was worked on again within, in ms:', recovered, findings.figures)
}, 900_000)

test.each(checks)('after each part was killed once under load, %s', (check) => {
  expect(findings.problems[check]).toEqual([])
})

type House = Readonly<{ fleet: Fleet; servers: OwnServers; load: Load }>

/** As `kill -9` does; gives how it is started again, where others have taken over meanwhile. */
const kill = async (victim: Victim, house: House): Promise<Mend> => {
  const { fleet, servers, load } = house
  switch (victim) {
    case 'broker':
      await servers.kill('broker')
      await servers.startAgain('broker')
      return async () => {}
    case 'store': {
      // What a sink has in hand that cannot be stored, and is lost with it, must come again.
      await servers.kill('store')
      const before = load.accepted.length
      await load.send(100)
      await until(() => load.accepted.length >= before + 100, 'messages are accepted without a store')
      const mend = await kill('sink', house)
      await servers.startAgain('store')
      return mend
    }
    case 'all stages at once': {
      const all = stages.flatMap((role) => fleet.of(role))
      await Promise.all(all.map((one) => fleet.stop(one, 'SIGKILL')))
      await load.repeat(60_000) // known only to who looks back, which is done for 2 minutes
      await Promise.all(all.map(({ role }) => fleet.start(role)))
      return async () => {}
    }
    case 'sandbox child':
      for (const runner of fleet.of('runner'))
        for (const child of childrenOf(runner.process.pid)) process.kill(child, 'SIGKILL')
      return async () => {}
    default: {
      const [one] = fleet.of(victim)
      if (!one) throw new Error(`there is no ${victim}`)
      await fleet.stop(one, 'SIGKILL')
      return () => fleet.start(victim)
    }
  }
}

const childrenOf = (pid: number | undefined): readonly number[] =>
  execFileSync('pgrep', ['-P', String(pid), '-f', 'sandbox/child'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number)
