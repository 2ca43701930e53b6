import { randomUUID } from 'node:crypto'
import { expect, inject, it, onTestFinished } from 'vitest'
import { openCluster } from '../../infra/kafka/cluster.ts'
import { openKafka } from '../../infra/kafka/open.ts'
import { openReader } from '../../infra/kafka/reader.ts'
import { openWriter } from '../../infra/kafka/writer.ts'
import type { Delivery, MessageLog } from '../../topology/flow/ports.ts'
import { openBrokerProxy } from '../fixtures/broker-proxy.ts'
import { silent } from '../fixtures/silent.ts'
import { all, numbered, numberIn, readerOf, record, topic, until } from './message-log.ts'

/**
 * Members of one group, each with a way to the broker of its own. Their sessions are longer than any test, so whoever has not left is waited
 * for; and only what happens to a partition, or to the reader, is committed.
 */
const openGroup = async () => {
  const cleanUp = new AsyncDisposableStack()
  onTestFinished(() => cleanUp.disposeAsync())
  const [broker, prefix] = [inject('kafkaBrokers'), `${randomUUID()}.`]
  const common = { clientId: 'leaving', prefix, logger: silent }
  const log = cleanUp.use(
    await openKafka({
      ...{ ...common, brokers: [broker], replication: 1, partitions: { intake: 4, job: 4 }, embedded: true },
    }),
  )
  await log.ensureTopics([topic('t', 4), topic('out')])

  const join = async () => {
    const proxy = cleanUp.use(await openBrokerProxy(broker))
    const server = { ...common, brokers: [proxy.address] }
    const cluster = cleanUp.use(await openCluster(server))
    const writer = cleanUp.use(openWriter(cluster, server))
    const reader = openReader(cluster, writer, {
      ...{ server, logger: silent, group: 'g', sessionMs: 240_000, rebalanceMs: 240_000, heartbeatMs: 200 },
      ...{ drainMs: 20_000, commitMs: 3_600_000, repeats: { ms: 120_000, records: 1_000 } },
    })
    const reading = readerOf({ reader: () => reader }, { group: 'g' }, ['t'])
    const given: Delivery[] = []
    const ended = reading.each(async (delivery) => void given.push(delivery))
    const leave = async (): Promise<void> => {
      await reading[Symbol.asyncDispose]()
      await ended
    }
    cleanUp.defer(leave)
    return {
      proxy,
      given,
      places: () => reader.progress().partitions.length,
      /** Resolves when it has left, and its process is gone. */
      async leave(): Promise<void> {
        await leave()
        proxy.cut()
      },
    }
  }
  return { log, join }
}

/** Two members with two partitions each, and forty records in their hands, all begun. The first one deals out the partitions. */
const openTwo = async () => {
  const group = await openGroup()
  const first = await group.join()
  await until(() => first.places() === 4)
  const second = await group.join()
  await until(() => first.places() === 2 && second.places() === 2)
  await group.log.append(numbered('t', 40))
  await until(() => first.given.length + second.given.length === 40)
  for (const { begin } of [...first.given, ...second.given]) begin()
  return { ...group, first, second }
}

const numbersOf = (deliveries: readonly Delivery[]): readonly number[] =>
  deliveries.map(({ record }) => numberIn(record)).toSorted((a, b) => a - b)
/** Copies them to `out`. */
const settleAll = (deliveries: readonly Delivery[]): Promise<unknown> =>
  Promise.all(deliveries.map((one) => one.settle([[record('out', 'k', String(numberIn(one.record)))]])))

const expectCopiedOnce = async (log: MessageLog, count: number): Promise<void> => {
  const numbers = (await all(log, 'out')).map(numberIn)
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n))
}

/** That who joined is given what the one who has left did not end, as if it had not begun, and nothing else. */
const expectTakenOver = async (by: Taker, open: readonly Delivery[]): Promise<void> => {
  await until(() => by.given.length >= open.length)
  expect(numbersOf(by.given)).toEqual(numbersOf(open))
  expect(by.given.map(({ begun }) => begun)).toEqual(open.map(() => 0))
  expect(open.map(({ lost }) => lost.aborted)).toEqual(open.map(() => true))
  await expect(open[0]?.settle()).rejects.toMatchObject({ code: 'membership-lost' })
}
type Taker = Readonly<{ given: readonly Delivery[] }>

it("a member leaves while the group waits for another: what it ends is committed, and the rest is others' at once", async () => {
  const { log, first, second, join } = await openTwo()
  const deaf = first.proxy.keep('Heartbeat') // it does not hear that all are to join again
  const third = await join()
  await until(() => second.proxy.asked('JoinGroup') > second.proxy.answered('JoinGroup'))
  const settling = settleAll(second.given.slice(0, 9))
  await second.leave()
  await settling
  deaf.letGo()
  await expectTakenOver(third, second.given.slice(9))
  expect(first.given.map(({ lost }) => lost.aborted)).toEqual(first.given.map(() => false))
  await settleAll([...first.given, ...third.given])
  await expectCopiedOnce(log, 40)
})

it('a member leaves while partitions are dealt out: what it ends is committed as soon as that can be', async () => {
  const { log, first, second, join } = await openTwo()
  const dealing = first.proxy.keep('JoinGroup')
  const third = await join()
  await until(() => dealing.count() > 0 && second.proxy.asked('SyncGroup') > second.proxy.answered('SyncGroup'))
  const refused = second.proxy.answered('OffsetCommit') + 1
  const settling = settleAll(second.given.slice(0, 9))
  const left = second.leave()
  await until(() => second.proxy.answered('OffsetCommit') >= refused)
  dealing.letGo()
  await Promise.all([settling, left])
  await expectTakenOver(third, second.given.slice(9))
  expect(first.given.map(({ lost }) => lost.aborted)).toEqual(first.given.map(() => false))
  await settleAll([...first.given, ...third.given])
  await expectCopiedOnce(log, 40)
})

it('a member leaves before it has joined: nobody waits for it', async () => {
  const { log, first, second, join } = await openTwo()
  const deaf = first.proxy.keep('Heartbeat')
  const { proxy, leave } = await join()
  await until(() => proxy.answered('JoinGroup') > 0 && proxy.asked('JoinGroup') > proxy.answered('JoinGroup'))
  await leave()
  deaf.letGo()
  await settleAll([...first.given, ...second.given])
  await log.append(numbered('t', 80).slice(40))
  await until(() => first.given.length + second.given.length >= 80)
  await settleAll([...first.given, ...second.given])
  await expectCopiedOnce(log, 80)
})
