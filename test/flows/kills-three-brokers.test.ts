import { afterAll, beforeAll, expect, test } from 'vitest'
import { partitionOf } from '../../infra/kafka/murmur2.ts'
import { checks, type Findings } from '../fixtures/history-checks.ts'
import { deploy, houseName, settingsOf, startHouse } from '../fixtures/house.ts'
import { type Accepted, project } from '../fixtures/load.ts'
import { until } from '../fixtures/penstock.ts'
import { startThreeBrokers } from '../fixtures/three-brokers.ts'
import { openTrial } from '../fixtures/trial.ts'

let findings: Findings
const cleanUp = new AsyncDisposableStack()
afterAll(() => cleanUp.disposeAsync())

beforeAll(async () => {
  const brokers = cleanUp.use(await startThreeBrokers())
  const name = houseName()
  const settings = {
    ...settingsOf(name),
    KAFKA_BROKERS: brokers.addresses.join(),
    KAFKA_REPLICATION: '3',
    INTAKE_PARTITIONS: '3',
    JOB_PARTITIONS: '3',
  }
  const house = cleanUp.use(await startHouse({ env: settings }, name))
  await deploy(house, project)
  const trial = cleanUp.use(await openTrial({ seed: 3, settings, doors: () => [house.url] }))
  const { evidence, load } = trial
  await load.send(200)
  const leaders = await evidence.intakeLeaders()
  const node = await evidence.coordinator('runner')
  expect(leaders).toContain(node)

  let acknowledgedMs = 0
  const { workedOnMs } = await trial.strike(
    `broker ${node}`,
    async () => {
      await brokers.kill(node)
      const from = performance.now()
      acknowledgedMs = await until(
        () => acknowledgedAgain(load.accepted, { from, partitions: leaders.length }),
        'all is acknowledged',
      )
      return () => brokers.startAgain(node)
    },
    { messages: 1_500, runs: true },
  )
  findings = await trial.findings()
  console.info('after the blow, in ms:', { acknowledgedMs, workedOnMs }, findings.figures)
}, 900_000)

test.each(checks)('after one of three brokers was killed under load, %s', (check) => {
  expect(findings.problems[check]).toEqual([])
})

/** How long after `from` each partition had taken something that was sent after it; undefined while one has not. */
const acknowledgedAgain = (
  accepted: readonly Accepted[],
  { from, partitions }: Readonly<{ from: number; partitions: number }>,
): number | undefined => {
  const firsts = new Map<number, number>()
  for (const { key, id, sentAt, at } of accepted) {
    const partition = partitionOf(Buffer.from(key ?? id ?? ''), partitions)
    if (sentAt >= from && (key ?? id) !== null && !firsts.has(partition)) firsts.set(partition, at - from)
  }
  return firsts.size === partitions ? Math.round(Math.max(...firsts.values())) : undefined
}
