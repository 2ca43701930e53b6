import { expect, inject, test } from 'vitest'
import { openCatalogue } from '../../infra/catalogue/open.ts'
import { openKafka } from '../../infra/kafka/open.ts'
import { openMeter } from '../../infra/metrics/open.ts'
import { runFilter } from '../../processors/filter/run.ts'
import { runFollow } from '../../processors/follow/run.ts'
import { runRunner } from '../../processors/runner/run.ts'
import { openSandbox } from '../../processors/runner/sandbox/open.ts'
import { runSink } from '../../sinks/clickhouse/run.ts'
import type { Delivery, MessageLog } from '../../topology/flow/ports.ts'
import { backoff, retryFaults } from '../../topology/flow/retry.ts'
import { fixedTopics, intakeTopic } from '../../topology/topics.ts'
import { openDatabase } from '../fixtures/database.ts'
import { houseName } from '../fixtures/house.ts'
import { deployYaml } from '../fixtures/memory-house.ts'
import { closedWorld } from '../fixtures/no-world.ts'
import { until } from '../fixtures/penstock.ts'
import { silent } from '../fixtures/silent.ts'

const yaml = `name: clinic
triggers: { all: { type: message }, done: { type: flow, job: keep } }
jobs:
  keep: { trigger: all, expression: fn(state => state) }
  count: { trigger: done, expression: "fn(state => ({ n: state.data.n }))" }
`
const [messages, bytes] = [5_500, 9_000]
const largest = 2 * bytes
/** What each role may have in hand at once. */
const budgets = { filter: 32_000_000, runner: 32_000_000, follow: 32_000_000, sink: 64_000_000 } as const

/** Every reader's bytes in hand: handed out and not settled. Each group's most, and its sum. */
const watched = (log: MessageLog) => {
  const groups = new Map<string, { inHand: number; most: number; all: number }>()
  const handed = (delivery: Delivery, group: string): Delivery => {
    const size = delivery.record.value?.length ?? 0
    const of = groups.get(group) ?? { inHand: 0, most: 0, all: 0 }
    groups.set(group, of)
    of.inHand += size
    of.all += size
    of.most = Math.max(of.most, of.inHand)
    const settle: Delivery['settle'] = async (steps) => {
      await delivery.settle(steps)
      of.inHand -= size
    }
    return { ...delivery, settle }
  }
  const watching: MessageLog = {
    ...log,
    reader(options) {
      const reader = log.reader(options)
      return {
        ...reader,
        async *deliveries(reading) {
          for await (const delivery of reader.deliveries(reading)) yield handed(delivery, options.group)
        },
      }
    },
  }
  return { log: watching, groups }
}

test('of a backlog that is larger than its budget each role has no more in hand than that', async () => {
  await using store = await openDatabase()
  await using real = await openKafka({
    brokers: [inject('kafkaBrokers')],
    clientId: 'backlog',
    prefix: `${houseName()}.`,
    replication: 1,
    partitions: { intake: 2, job: 2 },
    embedded: true,
    logger: silent,
  })
  await real.ensureTopics(fixedTopics)
  await using catalogue = await openCatalogue(real, { logger: silent })
  await deployYaml(yaml, { log: real, catalogue })
  const filler = 'x'.repeat(bytes)
  for (let n = 0; n < messages; n += 500)
    await real.append(
      Array.from({ length: 500 }, (_, at) => ({
        topic: intakeTopic('clinic'),
        key: `k${n + at}`,
        value: JSON.stringify({ n: n + at, filler }),
        headers: {},
      })),
    )

  const { log, groups } = watched(real)
  await using sandbox = await openSandbox({ version: '0' })
  const reading = new AbortController()
  const stop = { reading: reading.signal, working: new AbortController().signal }
  const parts = { log, catalogue, meter: openMeter(), logger: silent, retry: retryFaults(backoff(50, 500)) }
  const roles = [
    runFilter(parts, stop),
    runRunner({ ...parts, sandbox, world: closedWorld, version: '0' }, stop),
    runFollow(parts, stop),
    runSink({ ...parts, store }, stop),
  ]
  const ended = async (): Promise<boolean> => {
    const [row] = await store.query<{ ended: number }>(
      `SELECT toInt32(count()) AS ended FROM runs WHERE status = 'success'`,
    )
    return row?.ended === 2 * messages
  }
  await Promise.race([until(ended, 'all runs are in history', 400_000), ...roles])
  reading.abort()
  await Promise.all(roles)

  for (const [group, budget] of Object.entries(budgets)) {
    const { most = 0, all = 0 } = groups.get(group) ?? {}
    expect(all, group).toBeGreaterThan(budget)
    expect(most, group).toBeLessThanOrEqual(budget + largest)
  }
}, 480_000)
