import { randomUUID } from 'node:crypto'
import { expect, inject, onTestFinished, test } from 'vitest'
import { deployProject } from '../../infra/catalogue/deploy.ts'
import { openCatalogue } from '../../infra/catalogue/open.ts'
import { openKafka } from '../../infra/kafka/open.ts'
import { runRunner } from '../../processors/runner/run.ts'
import type { MessageLog } from '../../topology/flow/ports.ts'
import { retryFaults } from '../../topology/flow/retry.ts'
import { needDefinitions } from '../../topology/project/catalogue.ts'
import { deletionOf } from '../../topology/project/deployment.ts'
import { fixedTopics, runsTopic } from '../../topology/topics.ts'
import { jobRecord } from '../../topology/wire/job.ts'
import { parseRunRecord } from '../../topology/wire/runs.ts'
import type { Outgoing } from '../../topology/words/record.ts'
import { openBrokerProxy } from '../fixtures/broker-proxy.ts'
import { closedWorld } from '../fixtures/no-world.ts'
import { requested } from '../fixtures/records.ts'
import { scripted } from '../fixtures/runner.ts'
import { silent } from '../fixtures/silent.ts'
import { prepared } from './catalogue-contract.ts'
import { all } from './message-log.ts'

/** A log, and one beside it that a test may cut off from its broker; each with a catalogue, of which one deploys. */
const openBoth = async () => {
  const cleanUp = new AsyncDisposableStack()
  onTestFinished(() => cleanUp.disposeAsync())
  const [broker, prefix] = [inject('kafkaBrokers'), `${randomUUID()}.`]
  const proxy = cleanUp.use(await openBrokerProxy(broker))
  const open = async (address: string): Promise<MessageLog> =>
    cleanUp.use(
      await openKafka({
        ...{ brokers: [address], clientId: 'away', prefix, replication: 1, partitions: { intake: 1, job: 1 } },
        ...{ embedded: true, logger: silent, answerMs: 3_000 },
      }),
    )
  const log = await open(broker)
  await log.ensureTopics(fixedTopics)
  const catalogueOf = async (of: MessageLog) => cleanUp.use(await openCatalogue(of, { logger: silent }))
  const catalogue = await catalogueOf(log)
  const deploy = async (deployment: Parameters<typeof deployProject>[0]): Promise<bigint> => {
    const outcome = await deployProject(deployment, { log, catalogue, signal: AbortSignal.timeout(30_000) })
    if (outcome.kind !== 'accepted') throw new Error(outcome.kind)
    return outcome.offset
  }
  return {
    ...{ proxy, log, catalogue, catalogueOf },
    far: await open(proxy.address),
    deploy: (text: string, project?: string) => deploy(prepared(catalogue, text, project)),
    remove: (project: string) => deploy(deletionOf(project, { history: catalogue.history(project), by: 'ann' })),
  }
}

const version = (n: number): string =>
  `name: p\ntriggers: { t: { type: message } }\njobs: { j: { trigger: t, expression: 'fn(() => ${n})' } }`
const signal = AbortSignal.timeout(60_000)

test.each(['late', 'lost'] as const)(
  'a catalogue that is cut off reads in order what was deployed meanwhile, and one that is opened then is open when it has; answers come %s',
  async (what) => {
    const { proxy, far, catalogue, catalogueOf, deploy, remove } = await openBoth()
    const mine = await catalogueOf(far)
    const first = await deploy(version(1))
    await mine.reached(first, signal)
    const [mineSaw, theySaw]: string[][] = [[], []]
    using _mine = mine.onChange((project) => mineSaw?.push(project))
    using _theirs = catalogue.onChange((project) => theySaw?.push(project))

    const heal = proxy.silence(what)
    const second = await deploy(version(2))
    let knows = false
    const needed = needDefinitions(mine, { offset: second, signal, patienceMs: 1 }).then(() => {
      knows = true
    })
    await deploy('name: q', 'q')
    await remove('q')
    const last = await deploy(version(3))
    const opening = catalogueOf(far)
    const reached = mine.reached(last, signal)
    expect([mine.offset(), mine.projects().get('p')?.deploy, knows]).toEqual([first, 1, false])
    heal()
    await Promise.all([needed, reached])
    for (const one of [mine, await opening]) {
      expect(one.offset()).toBe(catalogue.offset())
      expect(one.projects()).toEqual(catalogue.projects())
      expect(one.known()).toEqual(catalogue.known())
      expect([1, 2, 3].map((n) => one.jobVersion('p', 'j', n)?.code)).toEqual([1, 2, 3].map((n) => `fn(() => ${n})`))
      expect(one.broken.aborted).toBe(false)
    }
    const never = needDefinitions(mine, { offset: last + 1n, signal, patienceMs: 1 })
    await expect(never).rejects.toMatchObject({ code: 'headers-unreadable' })
    expect(mineSaw).toEqual(theySaw)
    expect(mineSaw).toEqual(['p', 'q', 'q', 'p'])
  },
)

test('a runner whose catalogue is cut off runs what it knows, and what a deploy has changed when it has read that', async () => {
  const { proxy, log, far, catalogueOf, deploy } = await openBoth()
  const catalogue = await catalogueOf(far)
  const known = await deploy(version(1))
  await catalogue.reached(known, signal)
  const heal = proxy.silence('late')
  const changed = await deploy(version(2))

  const { sandbox, tasks, hasBegun, endAll } = scripted()
  const stop = new AbortController()
  const meter = { add() {}, observe() {}, ask: () => ({ [Symbol.dispose]() {} }) }
  const parts = {
    log,
    catalogue,
    sandbox,
    world: closedWorld,
    version: 'test',
    meter,
    logger: silent,
    retry: retryFaults(() => 1),
  }
  const running = runRunner(parts, { reading: stop.signal, working: new AbortController().signal })
  const wish = (key: string, jobVersion: number, definitions: bigint): Outgoing => {
    const input = { kind: 'state', state: JSON.stringify({ key }) } as const
    return jobRecord(requested({ project: 'p', job: 'j', trigger: 't', key, jobVersion, definitions, input }))
  }
  await log.append([wish('a', 2, changed), wish('b', 1, known)])
  await hasBegun(1)
  expect(tasks.map(({ job }) => job.code)).toEqual(['fn(() => 1)'])
  heal()
  await hasBegun(2)
  expect(tasks.map(({ job }) => job.code)).toEqual(['fn(() => 1)', 'fn(() => 2)'])
  endAll()
  let ended = 0
  while (ended < 2) ended = (await all(log, runsTopic)).filter((one) => parseRunRecord(one).event === 'finished').length
  stop.abort()
  await running
})
