import { randomUUID } from 'node:crypto'
import { heartbeatV4, offsetCommitV9, offsetFetchV9 } from '@platformatic/kafka'
import { Kafka, logLevel } from 'kafkajs'
import { expect, inject, it, onTestFinished } from 'vitest'
import { type Cluster, type Line, openCluster } from '../../infra/kafka/cluster.ts'
import { errorOf } from '../../infra/kafka/errors.ts'
import { makeTopics } from '../../infra/kafka/make-topics.ts'
import { openMembership } from '../../infra/kafka/membership.ts'
import { fetchCommits, sendCommits } from '../../infra/kafka/offsets.ts'
import { openReader, type ReaderSettings } from '../../infra/kafka/reader.ts'
import { tailOf } from '../../infra/kafka/tail.ts'
import { openWriter } from '../../infra/kafka/writer.ts'
import type { Logger, ReaderOptions } from '../../topology/flow/ports.ts'
import { silent } from '../fixtures/silent.ts'
import { numbered, numberIn, readerOf, record, topic, until } from './message-log.ts'

/** The parts of the log on Kafka, on a cluster that a test may get between. */
const openParts = async (between: (cluster: Cluster) => Cluster = (cluster) => cluster, logger: Logger = silent) => {
  const cleanUp = new AsyncDisposableStack()
  onTestFinished(() => cleanUp.disposeAsync())
  const prefix = `${randomUUID()}.`
  const server = { brokers: [inject('kafkaBrokers')], clientId: 'recovery', prefix, logger }
  const real = cleanUp.use(await openCluster(server))
  const cluster = between(real)
  const writer = cleanUp.use(openWriter(cluster, { prefix, logger }))
  const settings: ReaderSettings = {
    server,
    logger,
    sessionMs: 4_000,
    rebalanceMs: 10_000,
    heartbeatMs: 500,
    drainMs: 4_000,
    commitMs: 100,
    repeats: { ms: 120_000, records: 1_000 },
  }
  return {
    cluster,
    server,
    settings,
    prefix,
    append: writer.append,
    ensureTopics: (...names: readonly string[]) =>
      makeTopics(
        real,
        names.map((name) => topic(name, 2)),
        { ...server, replication: 1, partitions: { intake: 2, job: 2 }, embedded: true },
      ),
    reading: (topics: readonly string[], some: Partial<ReaderSettings> & Partial<ReaderOptions> = {}) => {
      const options = { ...settings, group: 'g', ...some }
      return cleanUp.use(readerOf({ reader: () => openReader(cluster, writer, options) }, options, topics))
    },
  }
}

const withLine = (cluster: Cluster, lineOf: (line: Line) => Line): Cluster => ({
  ...cluster,
  line: lineOf(cluster.line),
  openLine: () => lineOf(cluster.openLine()),
})

it('while it waits for what is to go, a member tells that it lives: what ends meanwhile is written, and what stays is not disturbed', async () => {
  let beats = 0
  const parts = await openParts((cluster) =>
    withLine(cluster, (line) => ({
      ...line,
      async call(node, api, ...request) {
        const answer = await line.call(node, api, ...request)
        if ((api as unknown) === heartbeatV4.api) beats++
        return answer
      },
    })),
  )
  await parts.ensureTopics('t')
  await parts.append(numbered('t', 40))
  const first = parts.reading(['t'], { drainMs: 8_000 })
  const taken = await first.take(40)
  const second = parts.reading(['t'])
  beats = 0
  await until(() => beats > 8) // longer than it may be silent, and after they have joined
  await Promise.all(taken.map(({ settle }) => settle()))
  await parts.append(numbered('t', 80).slice(40))
  const [kept, gone] = [...(await first.take(1)), ...(await second.take(1))]
  expect([kept, gone].filter((one) => one && numberIn(one.record) < 40)).toEqual([])
  const stayed = taken.filter(({ record: { partition } }) => partition === kept?.record.partition)
  expect(stayed.map(({ lost }) => lost.aborted)).toEqual(stayed.map(() => false))
})

it('a start that was looked up before the partition was taken again counts no more', async () => {
  const late: (() => void)[] = []
  let holding = false
  const parts = await openParts((cluster) =>
    withLine(cluster, (line) => ({
      ...line,
      async call(node, api, ...request) {
        const answer = await line.call(node, api, ...request)
        if (holding && (api as unknown) === offsetFetchV9.api) await new Promise<void>((go) => late.push(go))
        return answer
      },
    })),
  )
  await parts.ensureTopics('t', 'u')
  const one = (n: number) => record('t', 'k', String(n))
  await parts.append([0, 1, 2, 3].map(one))
  {
    await using before = parts.reading(['t'])
    await before.settled(1)
  }
  holding = true
  const reading = parts.reading(['t'])
  await until(() => late.length > 0)
  holding = false
  reading.subscribe(['t', 'u'])
  expect((await reading.settled(3)).map(numberIn)).toEqual([1, 2, 3])
  for (const go of late) go()
  await parts.append([4, 5].map(one))
  expect((await reading.settled(2)).map(numberIn)).toEqual([4, 5])
})

it('who stood still in the midst of a rebalance begins nothing of what it held before, and reads on when the group has settled', async () => {
  let answering = Promise.resolve()
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const parts = await openParts((cluster) =>
    withLine(cluster, (line) => ({
      ...line,
      async call(node, api, ...request) {
        if ((api as unknown) !== heartbeatV4.api) return line.call(node, api, ...request)
        if (answering === answered.promise) asked.resolve()
        await answering // the group has not settled before its member is known to live
        return line.call(node, api, ...request)
      },
    })),
  )
  await parts.ensureTopics('t', 'u')
  await parts.append(numbered('t', 4))
  const reading = parts.reading(['t'], { sessionMs: 7_000 })
  const [first, second, ...others] = await reading.take(4)
  answering = answered.promise
  reading.subscribe(['t', 'u'])
  await asked.promise
  first?.begin()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5_500) // as when the whole process is stopped
  expect(() => second?.begin()).toThrow(expect.objectContaining({ code: 'membership-lost' }))
  expect([first, second, ...others].map((delivery) => delivery?.lost.aborted)).toEqual([true, true, true, true])
  answered.resolve()
  expect((await reading.settled(4)).map(numberIn).toSorted()).toEqual([0, 1, 2, 3])
})

it('a member with nothing to follow waits for the first topic, for longer than a group takes to settle', async () => {
  const said: string[] = []
  let looks = 0
  const parts = await openParts(
    (cluster) => ({
      ...cluster,
      refresh(names) {
        if (names.includes('t')) looks++
        return cluster.refresh(names)
      },
    }),
    { ...silent, warn: (_, text) => said.push(text) },
  )
  const reading = parts.reading(['t'], { sessionMs: 3_000, rebalanceMs: 3_000, heartbeatMs: 200 })
  await until(() => looks > 13) // one each half a second: longer than session and rebalance together
  await parts.ensureTopics('t')
  await parts.append(numbered('t', 10))
  expect((await reading.settled(10)).map(numberIn).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(said).toEqual([])
})

it('a tail that meets what no waiting mends ends with it, and says what is needed', async () => {
  const parts = await openParts()
  const forbidden = (): Promise<never> => Promise.reject(errorOf('TOPIC_AUTHORIZATION_FAILED'))
  const cluster = { ...parts.cluster, openLine: () => ({ ...parts.cluster.openLine(), call: forbidden }) }
  await parts.ensureTopics('t')
  await parts.append(numbered('t', 1))
  const { signal } = new AbortController()
  const all = Array.fromAsync(tailOf(cluster, 't', { ...parts.server, signal }))
  await expect(all).rejects.toThrow('penstock provision --print')
})

it('a broker that is away is not the only one that is asked', async () => {
  const server = { clientId: 'recovery', prefix: `${randomUUID()}.`, logger: silent }
  await using cluster = await openCluster({ ...server, brokers: ['127.0.0.1:1', inject('kafkaBrokers')] })
  expect(cluster.nodes()).toHaveLength(1)
})

it('each leader is asked for what it leads, by all who read and write', async () => {
  const asked = new Map<number, Set<number>>()
  const secondNode = 1_002
  const parts = await openParts((cluster) => {
    const [first = -1] = cluster.nodes()
    const leaders = [first, secondNode]
    const named = (request: unknown): readonly number[] =>
      [
        ...JSON.stringify(request, (_, value) => (typeof value === 'bigint' ? String(value) : value)).matchAll(
          byNumber,
        ),
      ].map(([, number]) => Number(number))
    return withLine(
      {
        ...cluster,
        nodes: () => leaders,
        topic(name) {
          const info = cluster.topic(name)
          return info && { ...info, leaders }
        },
      },
      (line) => ({
        ...line,
        call(node, api, ...request) {
          if (!ofCoordinator.includes(api))
            for (const partition of named(request)) asked.set(node, (asked.get(node) ?? new Set()).add(partition))
          return line.call(node === secondNode ? first : node, api, ...request)
        },
      }),
    )
  })
  await parts.ensureTopics('t')
  await parts.append(numbered('t', 20))
  expect((await parts.reading(['t']).settled(20)).map(numberIn)).toHaveLength(20)
  const stop = new AbortController()
  let tailed = 0
  for await (const item of tailOf(parts.cluster, 't', { ...parts.server, signal: stop.signal }))
    if (item.kind === 'record' && ++tailed === 20) stop.abort()
  expect(tailed).toBe(20)
  expect([...asked].map(([node, partitions]) => [node === secondNode ? 1 : 0, ...partitions]).toSorted()).toEqual([
    [0, 0],
    [1, 1],
  ])
})

const ofCoordinator: readonly unknown[] = [offsetFetchV9.api, offsetCommitV9.api]
const byNumber = /"partition(?:Index)?":(\d+)/g

it('a leader that has moved is found again, by those who read and those who write', async () => {
  let moved = false
  const nobody = 1_003
  const parts = await openParts((cluster) => ({
    ...cluster,
    topic(name) {
      const info = cluster.topic(name)
      return moved && info ? { ...info, leaders: info.leaders.map(() => nobody) } : info
    },
    async refresh(names) {
      await cluster.refresh(names)
      if (names.includes('t')) moved = false
    },
  }))
  await parts.ensureTopics('t')
  const reading = parts.reading(['t'])
  await parts.append(numbered('t', 4))
  await reading.settled(4)
  for (const round of [1, 2]) {
    moved = true
    await parts.append(numbered('t', 10))
    moved = round === 1 // the reader learns it from the writer, and then by itself
    expect(await reading.settled(10)).toHaveLength(10)
  }
  expect(moved).toBe(false)
})

it('a topic that is deleted and made again under a reader is read from its start, with nothing of the old in hand', async () => {
  let looking = Promise.resolve()
  let committing = Promise.resolve()
  const committed = Promise.withResolvers<void>()
  const parts = await openParts((cluster) => ({
    ...withLine(cluster, (line) => ({
      ...line,
      async call(node, api, ...request) {
        if ((api as unknown) !== offsetCommitV9.api) return line.call(node, api, ...request)
        await committing
        return line.call(node, api, ...request).finally(committed.resolve)
      },
    })),
    refresh: (names) => looking.then(() => cluster.refresh(names)),
  }))
  await parts.ensureTopics('t', 'u')
  await parts.append(Array.from({ length: 9 }, (_, n) => record('t', 'k', String(n))))
  const reading = parts.reading(['t', 'u'])
  const old = await reading.take(9)
  const [made, seen] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  looking = seen.promise // nobody looks while it is away
  committing = made.promise // and what was done of the old is told to the new
  for (const delivery of old.slice(0, 6)) await delivery.settle()
  const kafka = new Kafka({ brokers: [inject('kafkaBrokers')], logLevel: logLevel.NOTHING })
  const [admin, producer, topic] = [kafka.admin(), kafka.producer(), `${parts.prefix}t`]
  await Promise.all([admin.connect(), producer.connect()])
  await admin.deleteTopics({ topics: [topic] })
  while ((await admin.listTopics()).includes(topic)); // the broker is told after it was answered
  await parts.ensureTopics('t')
  await producer.send({ topic, messages: [100, 101, 102].map((n) => ({ key: 'k', value: String(n) })) })
  await Promise.all([admin.disconnect(), producer.disconnect()])
  made.resolve()
  await committed.promise
  seen.resolve()
  expect((await reading.settled(3)).map(numberIn)).toEqual([100, 101, 102])
  expect(old.map(({ lost }) => lost.aborted)).toEqual(old.map(() => true))
  await expect(old.at(-1)?.settle()).rejects.toMatchObject({ code: 'membership-lost' })
})

it('a commit from a generation that is over, or by who was never a member, is refused and changes nothing', async () => {
  const { cluster, server, settings, prefix, ensureTopics, append } = await openParts()
  await ensureTopics('t')
  await append(numbered('t', 10))
  await cluster.refresh(['t'])
  const assigned = Promise.withResolvers<void>()
  await using member = openMembership(cluster, server, {
    ...settings,
    group: 'g',
    onAssigned: () => assigned.resolve(),
    onLeaving: async () => {},
  })
  member.follow(['t'])
  await assigned.promise
  const place = { topic: 't', partition: 0 }
  const send = (who: Partial<ReturnType<typeof member.identity>>, offset: bigint) =>
    sendCommits(cluster, prefix, {
      group: 'g',
      ...member.identity(),
      ...who,
      commits: [{ ...place, offset, metadata: '', topicId: '' }],
    })
  const committed = async () =>
    (await fetchCommits(cluster, prefix, { group: 'g', places: [place] })).get('t/0')?.offset
  const { generation } = member.identity()
  expect(await send({}, 3n)).toHaveLength(1)
  expect(await send({ generation: generation - 1 }, 1n)).toEqual([])
  expect(await send({ member: 'nobody' }, 2n)).toEqual([])
  expect(await send({ member: '', generation: -1 }, 2n)).toEqual([])
  expect(await committed()).toBe(3n)
})
