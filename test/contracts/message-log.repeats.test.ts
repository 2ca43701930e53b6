import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, inject, it } from 'vitest'
import { openKafka } from '../../infra/kafka/open.ts'
import { openMemoryLog } from '../../infra/memory/log.ts'
import type { MessageLog } from '../../topology/flow/ports.ts'
import type { RepeatsWindow } from '../../topology/flow/repeats.ts'
import { headerOf, type Incoming, type Outgoing } from '../../topology/words/record.ts'
import { silent } from '../fixtures/silent.ts'
import { numberIn, readerOf, record, topic, until } from './message-log.ts'

const brokers = [inject('kafkaBrokers')]
const idOf = (one: Incoming): string | undefined => headerOf(one, 'id')
const withId = (n: number, id = `id ${n}`): Outgoing => ({ ...record('t', `k${n % 8}`, String(n)), headers: { id } })
const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, n) => from + n)

const onKafka = (repeats: RepeatsWindow, prefix = `${randomUUID()}.`): Promise<MessageLog> =>
  openKafka({
    brokers,
    clientId: 'repeats',
    prefix,
    replication: 1,
    partitions: { intake: 2, job: 1 },
    embedded: true,
    logger: silent,
    repeats,
  })

describe.each<[string, (repeats: RepeatsWindow) => Promise<MessageLog>]>([
  ['in memory', async (repeats) => openMemoryLog({ repeats })],
  ['on Kafka', (repeats) => onKafka(repeats)],
])('A reader of the log %s', (_, open) => {
  it('knows a repeat that was read by another member before the partition came to it', async () => {
    await using log = await open({ ms: 120_000, records: 1_000 })
    await log.ensureTopics([topic('t', 2)])
    await log.append(range(0, 40).map((n) => withId(n)))
    await using one = readerOf(log, { group: 'g', idOf }, ['t'])
    await one.settled(40)
    await using other = readerOf(log, { group: 'g', idOf }, ['t'])
    await until(() => log.progress().every(({ partitions }) => partitions.length === 1))
    await log.append(range(0, 80).map((n) => withId(n)))
    const read: number[] = []
    const allRead = Promise.withResolvers<void>()
    const reading = [one, other].map((reader) =>
      reader.each(async (delivery) => {
        read.push(numberIn(delivery.record))
        await delivery.settle()
        if (read.length === 40) allRead.resolve()
      }),
    )
    await allRead.promise
    await one[Symbol.asyncDispose]()
    await log.append([...range(0, 80), 80].map((n) => withId(n)))
    await until(() => read.includes(80))
    await other[Symbol.asyncDispose]()
    await Promise.all(reading)
    expect(read.toSorted((a, b) => a - b)).toEqual(range(40, 81))
  })

  it('knows, when it comes, as many of the last ids as the window says, and no others', async () => {
    await using log = await open({ ms: 120_000, records: 10 })
    await log.ensureTopics([topic('t')])
    await log.append(range(0, 30).map((n) => withId(n)))
    {
      await using before = readerOf(log, { group: 'g', idOf }, ['t'])
      await before.settled(30)
    }
    await log.append([withId(100, 'id 29'), withId(101, 'id 20'), withId(102, 'id 19'), withId(103)])
    await using reading = readerOf(log, { group: 'g', idOf }, ['t'])
    expect((await reading.settled(2)).map(numberIn)).toEqual([102, 103])
  })

  it('is given what others had in hand again, and drops what repeats it', async () => {
    await using log = await open({ ms: 120_000, records: 1_000 })
    await log.ensureTopics([topic('t')])
    await log.append([...range(0, 6), ...range(0, 6)].map((n) => withId(n)))
    {
      await using before = readerOf(log, { group: 'g', idOf }, ['t'])
      const taken = await before.take(6)
      for (const delivery of taken.filter((_, n) => n % 2 === 1)) await delivery.settle()
    }
    await log.append([...range(0, 6), 6].map((n) => withId(n)))
    await using reading = readerOf(log, { group: 'g', idOf }, ['t'])
    expect((await reading.settled(4)).map(numberIn)).toEqual([0, 2, 4, 6])
  })

  it('stops at a record that never ends where a commit could not tell apart what is done behind it, and goes on', async () => {
    await using log = await open({ ms: 120_000, records: 1_000 })
    await log.ensureTopics([topic('t'), topic('other')])
    const count = 40_000
    for (const from of range(0, 10).map((n) => (n * count) / 10))
      await log.append(range(from, from + count / 10).map((n) => record('t', 'k', String(n))))
    const unfinished = new Set<number>()
    {
      await using reading = readerOf(log, { group: 'g' }, ['t', 'other'])
      let given = 0
      const [first] = await reading.take(1)
      const settling: Promise<void>[] = []
      let others = 0
      const working = reading.each(async (delivery) => {
        if (delivery.record.topic === 'other') return void others++
        given++
        if (given % 2 === 0) settling.push(delivery.settle())
        else unfinished.add(numberIn(delivery.record))
      })
      // Stands still when another partition's record, which comes in turn with it, finds it where the one before did.
      for (let before = -1; given <= 20_000 || given > before; ) {
        before = given
        const seen = others
        await log.append([record('other', 'k', '0')])
        await until(() => others > seen)
      }
      expect(given).toBeLessThan(count - 1)
      const end = given
      await first?.settle()
      await until(() => given > end)
      await reading[Symbol.asyncDispose]()
      await working
      await Promise.allSettled(settling)
    }
    await using again = readerOf(log, { group: 'g' }, ['t'])
    const left = await again.take(unfinished.size)
    expect(left.map(({ record }) => numberIn(record))).toEqual([...unfinished])
  })
})

it('A reader of the log on Kafka knows, when it comes, the ids of as long as the window says before what was read last', async () => {
  const prefix = `${randomUUID()}.`
  await using log = await onKafka({ ms: 60_000, records: 1_000 }, prefix)
  const other = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const [admin, producer] = [other.admin(), other.producer()]
  await Promise.all([admin.connect(), producer.connect()])
  // The writer's own times: in topics of ours they are the broker's.
  const configEntries = [{ name: 'message.timestamp.type', value: 'CreateTime' }]
  await admin.createTopics({ topics: [{ topic: `${prefix}t`, numPartitions: 1, replicationFactor: 1, configEntries }] })
  const now = Date.now()
  const send = (id: string, { value, ageMs }: Readonly<{ value: number; ageMs: number }>) =>
    producer.send({
      topic: `${prefix}t`,
      messages: [{ key: 'k', value: String(value), headers: { id }, timestamp: String(now - ageMs) }],
    })
  await send('old', { value: 0, ageMs: 3_600_000 })
  await send('young', { value: 1, ageMs: 1_000_000 })
  await send('last', { value: 2, ageMs: 950_000 })
  {
    await using before = readerOf(log, { group: 'g', idOf }, ['t'])
    await before.settled(3)
  }
  await send('young', { value: 3, ageMs: 940_000 })
  await send('old', { value: 4, ageMs: 940_000 })
  await Promise.all([admin.disconnect(), producer.disconnect()])
  await using reading = readerOf(log, { group: 'g', idOf }, ['t'])
  expect((await reading.settled(1)).map(numberIn)).toEqual([4])
})
