import { randomUUID } from 'node:crypto'
import { expect, inject, it, onTestFinished } from 'vitest'
import { openKafka } from '../../infra/kafka/open.ts'
import type { Delivery, MessageLog } from '../../topology/flow/ports.ts'
import type { Incoming } from '../../topology/words/record.ts'
import { openBrokerProxy } from '../fixtures/broker-proxy.ts'
import { silent } from '../fixtures/silent.ts'
import { all, numberIn, readerOf, record, topic, until } from './message-log.ts'

/** A log whose connections a test may harm, and one beside it that sees the same topics. */
const openLogs = async () => {
  const cleanUp = new AsyncDisposableStack() // not `await using`: a test that is over its time does not come to the end of its block
  onTestFinished(() => cleanUp.disposeAsync())
  const [broker, prefix] = [inject('kafkaBrokers'), `${randomUUID()}.`]
  const proxy = cleanUp.use(await openBrokerProxy(broker))
  const open = (address: string): Promise<MessageLog> =>
    openKafka({
      ...{ brokers: [address], clientId: 'connections', prefix, replication: 1, partitions: { intake: 2, job: 2 } },
      ...{ embedded: true, logger: silent, sessionMs: 4_000, heartbeatMs: 300, answerMs: 5_000 },
    })
  const beside = cleanUp.use(await open(broker))
  const log = cleanUp.use(await open(proxy.address))
  await beside.ensureTopics([topic('in', 2), topic('out', 2)])
  return { proxy, log, beside }
}

/** All that lies in `out`, as it comes. */
const watch = (log: MessageLog) => {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const records: Incoming[] = []
  const numbers = new Set<number>()
  void (async () => {
    for await (const item of log.tail('out', stop.signal)) {
      if (item.kind !== 'record') continue
      records.push(item.record)
      numbers.add(numberIn(item.record))
    }
  })()
  return { records, numbers }
}

/** Writes numbers from `first` on with each of the keys, a few at once, the next when one has been copied; until it is ended. */
const load = (log: MessageLog, { keys, first, copied }: Load) => {
  let sending = true
  const sent: number[] = []
  let safe = 0
  const senders = keys.map(async (key) => {
    const own: number[] = []
    const writing: Promise<void>[] = []
    while (sending) {
      const n = first + sent.length
      sent.push(n)
      own.push(n)
      writing.push(log.append([record('in', key, String(n))]).then(() => void safe++))
      await until(() => !sending || copied.has(own.at(-4) ?? -1) || own.length < 4)
    }
    await Promise.all(writing)
  })
  return {
    sent,
    safe: () => safe,
    end(): Promise<unknown> {
      sending = false
      return Promise.all(senders)
    },
  }
}
type Load = Readonly<{ keys: readonly string[]; first: number; copied: ReadonlySet<number> }>

/** Copies what it is given from `in` to `out`. */
const copying = (log: MessageLog) => {
  const reading = readerOf(log, { group: 'g' }, ['in'])
  const given: number[] = []
  const settling: Promise<void>[] = []
  let copied = 0
  let lost = 0
  const copy = async ({ record: { key, value }, lost: gone, settle }: Delivery): Promise<void> => {
    gone.addEventListener('abort', () => lost++, { once: true })
    try {
      await settle([[{ topic: 'out', key: String(key), value, headers: {} }]])
      copied++
    } catch (error) {
      if (!gone.aborted) throw error
    }
  }
  const ended = reading.each(async (delivery) => {
    given.push(numberIn(delivery.record))
    settling.push(copy(delivery))
  })
  return {
    given,
    copied: () => copied,
    /** How many of those that it was given it has lost since, whether they were copied or not. */
    lost: () => lost,
    commit: reading.commit,
    async end(): Promise<void> {
      await reading[Symbol.asyncDispose]()
      await ended
      await Promise.all(settling)
    },
  }
}

const ascending = (numbers: readonly number[]): readonly number[] => numbers.toSorted((a, b) => a - b)
/** That each key has its numbers in their order, however often. */
const expectInOrder = (records: readonly Incoming[]): void => {
  for (const ofKey of Map.groupBy(records, ({ key }) => String(key)).values()) {
    const firsts = [...new Set(ofKey.map(numberIn))]
    expect(firsts).toEqual(ascending(firsts))
  }
}
const placesOf = (records: readonly Incoming[]): readonly string[] =>
  records.map(({ partition, offset }) => `${partition}/${offset}`).toSorted()

it('connections that are cut again and again under load cost nothing: all is written, copied and told once, in its order', async () => {
  const { proxy, log, beside } = await openLogs()
  const copies = copying(log)
  const { records, numbers: copied } = watch(log)
  const loading = load(log, { keys: ['a', 'b', 'c', 'd'], first: 0, copied })
  for (let cuts = 0; cuts < 8; cuts++) {
    const before = copied.size
    await until(() => copied.size > before + 30)
    proxy.cut()
  }
  const beats = proxy.keep('Heartbeat')
  await until(() => beats.count() > 0)
  proxy.cut()
  beats.letGo()
  const [after, beaten] = [copied.size, proxy.answered('Heartbeat')]
  await until(() => copied.size > after + 30 && proxy.answered('Heartbeat') > beaten + 1)
  await loading.end()
  await until(() => copied.size === loading.sent.length)
  const lost = copies.lost()
  await copies.end()
  const [written, out] = [await all(beside, 'in'), await all(beside, 'out')]
  expect(ascending(written.map(numberIn))).toEqual(loading.sent)
  expect(ascending(out.map(numberIn))).toEqual(loading.sent)
  for (const one of [written, out, records]) expectInOrder(one)
  expect(placesOf(records)).toEqual(placesOf(out))
  expect(lost).toBe(0)
})

it.each(['JoinGroup', 'SyncGroup', 'FindCoordinator'] as const)(
  'a member whose connections are cut while it waits for the answer to %s joins all the same',
  async (answers) => {
    const { proxy, log, beside } = await openLogs()
    await beside.append([0, 1, 2, 3].map((n) => record('in', 'k', String(n))))
    const kept = proxy.keep(answers)
    const reading = readerOf(log, { group: 'g' }, ['in'])
    for (const times of [1, 2, 3]) {
      await until(() => kept.count() >= times)
      proxy.cut()
    }
    kept.letGo()
    expect((await reading.settled(4)).map(numberIn)).toEqual([0, 1, 2, 3])
    await reading[Symbol.asyncDispose]()
  },
)

it.each([
  ['then all that was on its way comes', 'late'],
  ['then nobody who had a connection is ever answered on it', 'lost'],
] as const)(
  'a network is silent for longer than a session, and %s: others go on, and who was cut off is back',
  async (_, what) => {
    const { proxy, log, beside } = await openLogs()
    const copies = copying(log)
    const { records, numbers: copied } = watch(log)
    const { numbers: seen } = watch(beside)
    const first = load(beside, { keys: ['a', 'b', 'c', 'd'], first: 0, copied: seen })
    await until(() => copied.size > 50)
    await first.end()
    await until(() => copies.copied() === first.sent.length)
    await copies.commit()

    const other = copying(beside)
    const loads = [load(beside, { keys: ['a', 'b', 'c', 'd'], first: 1_000_000, copied: seen })]
    await until(() => other.copied() > 50)
    const heal = proxy.silence(what)
    loads.push(load(log, { keys: ['e', 'f'], first: 2_000_000, copied: seen }))
    await until(() => beside.progress()[0]?.partitions.length === 2)
    const [has, taken] = [copies.copied(), other.copied()]
    await until(() => other.copied() > taken + 50)
    expect(copies.lost()).toBeGreaterThan(0)
    heal()
    await until(() => copies.copied() > has + 50 && (loads[1]?.safe() ?? 0) > 50)
    await Promise.all(loads.map((one) => one.end()))
    const sent = [first, ...loads].flatMap((one) => one.sent)
    await until(() => sent.every((n) => copied.has(n)))
    await Promise.all([copies.end(), other.end()])

    const [written, out] = [await all(beside, 'in'), await all(beside, 'out')]
    await until(() => records.length === out.length)
    expect(ascending(written.map(numberIn))).toEqual(sent)
    for (const one of [written, out, records]) expectInOrder(one)
    expect(placesOf(records)).toEqual(placesOf(out))
    // Again comes only what the lonely one had in hand and had not committed.
    const twice = out.map(numberIn).filter((n, index, numbers) => numbers.indexOf(n) < index)
    expect(twice.filter((n) => n < 1_000_000 || !copies.given.includes(n))).toEqual([])
  },
)
