import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { describe, expect, inject, it } from 'vitest'
import { openKafka } from '../../infra/kafka/open.ts'
import { type MemoryLog, openMemoryLog } from '../../infra/memory/log.ts'
import type { Logger, MessageLog } from '../../topology/flow/ports.ts'
import { headerOf, type Incoming } from '../../topology/words/record.ts'
import { silent } from '../fixtures/silent.ts'
import { all, messageLogContract, numbered, numberIn, readerOf, record, topic, until } from './message-log.ts'

const brokers = [inject('kafkaBrokers')]

const open = (prefix = `${randomUUID()}.`, logger: Logger = silent): Promise<MessageLog> =>
  openKafka({
    brokers,
    clientId: 'contract',
    prefix,
    replication: 1,
    partitions: { intake: 2, job: 1 },
    embedded: true,
    logger,
  })

messageLogContract('The log in memory', {
  open: async () => openMemoryLog(),
  async beginAndDie(log, { topic: name, count }) {
    const begun = (await readerOf(log, { group: 'g' }, [name]).take(count)).map(({ begin }) => begin())
    await (log as MemoryLog).killReaders()
    return begun
  },
})

const prefixes = new WeakMap<MessageLog, string>()
messageLogContract('The log on Kafka', {
  async open() {
    const prefix = `${randomUUID()}.`
    const log = await open(prefix)
    prefixes.set(log, prefix)
    return log
  },
  async beginAndDie(log, of) {
    const [program, settings] = [
      join(import.meta.dirname, 'dying-reader.ts'),
      { brokers, prefix: prefixes.get(log), ...of },
    ]
    const child = spawn(process.execPath, [program, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    let said = ''
    for await (const chunk of child.stdout) {
      said += chunk
      if (said.endsWith('\n')) child.kill('SIGKILL')
    }
    await ended
    return JSON.parse(said)
  },
})

describe('The log on Kafka and an independent client', () => {
  const other = new Kafka({ brokers, clientId: 'other', logLevel: logLevel.NOTHING })

  it('send a key to the same partition, and read what the other wrote', async () => {
    const prefix = `${randomUUID()}.`
    await using log = await open(prefix)
    await log.ensureTopics([topic('t', 7)])
    const keys = ['', 'a', 'ab', 'abc', 'abcd', 'ключ', '患者', ...Array.from({ length: 50 }, () => randomUUID())]
    await log.append(keys.map((key) => ({ topic: 't', key, value: 'ours', headers: { from: 'us' } })))

    const producer = other.producer()
    await producer.connect()
    const theirs = keys.filter((key) => key !== '').map((key) => ({ key, value: 'theirs' }))
    await producer.send({ topic: `${prefix}t`, messages: [...theirs, { key: 'gone', value: null }] })
    await producer.disconnect()

    const records = await all(log, 't')
    const places = (value: string): Map<string, number> =>
      new Map(
        records
          .filter((one) => one.value?.toString() === value)
          .map((one) => [one.key?.toString() ?? '', one.partition]),
      )
    const ours = places('ours')
    ours.delete('')
    expect(places('theirs')).toEqual(ours)
    const gone = records.find((one) => one.key?.toString() === 'gone')
    expect([gone?.value, [...(gone?.headers ?? ['none'])]]).toEqual([null, []])

    const consumer = other.consumer({ groupId: `${prefix}other` })
    await consumer.connect()
    await consumer.subscribe({ topic: `${prefix}t`, fromBeginning: true })
    const read = new Set<string>()
    const allRead = Promise.withResolvers<void>()
    await consumer.run({
      eachMessage: async ({ message }) => {
        if (message.headers?.['from']?.toString() === 'us') read.add(message.key?.toString() ?? '')
        if (read.size === keys.length) allRead.resolve()
      },
    })
    await allRead.promise
    await consumer.disconnect()
    expect([...read].sort()).toEqual([...keys].sort())
  })

  it('records of a transaction that was aborted are not seen, those of one that was committed are', async () => {
    const prefix = `${randomUUID()}.`
    await using log = await open(prefix)
    await log.ensureTopics([topic('t')])
    const producer = other.producer({ transactionalId: prefix, idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    for (const value of ['0', 'aborted', '1', 'aborted', '2']) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: `${prefix}t`, messages: [{ key: 'k', value }] })
      await (value === 'aborted' ? transaction.abort() : transaction.commit())
    }
    await producer.disconnect()
    await log.append(numbered('t', 4).slice(3))
    await using reading = readerOf(log, { group: 'g' }, ['t'])
    expect((await reading.settled(4)).map(numberIn)).toEqual([0, 1, 2, 3])
    expect((await all(log, 't')).map(numberIn)).toEqual([0, 1, 2, 3])
  })

  it('a topic that is deleted ends only itself', async () => {
    const prefix = `${randomUUID()}.`
    await using log = await open(prefix)
    await log.ensureTopics([topic('stays'), topic('goes')])
    await log.append([...numbered('stays', 1), ...numbered('goes', 1)])
    await using reading = readerOf(log, { group: 'g' }, ['stays', 'goes'])
    await reading.settled(2)
    const admin = other.admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [`${prefix}goes`] })
    await admin.disconnect()
    await log.append(numbered('stays', 1))
    expect((await reading.settled(1))[0]).toMatchObject({ topic: 'stays', offset: 1n })
    await log.ensureTopics([topic('goes')])
    await log.append(numbered('goes', 1))
    expect((await reading.settled(1))[0]).toMatchObject({ topic: 'goes', offset: 0n })
  })

  it('a log that lost our place is read from its start', async () => {
    const prefix = `${randomUUID()}.`
    await using log = await open(prefix)
    await log.ensureTopics([topic('t')])
    await log.append(numbered('t', 10))
    {
      await using reading = readerOf(log, { group: 'g' }, ['t'])
      await reading.settled(2)
    }
    const admin = other.admin()
    await admin.connect()
    await admin.fetchTopicOffsets(`${prefix}t`)
    await admin.deleteTopicRecords({ topic: `${prefix}t`, partitions: [{ partition: 0, offset: '6' }] })
    await admin.disconnect()
    await using again = readerOf(log, { group: 'g', idOf: (one) => headerOf(one, 'id') }, ['t'])
    expect((await again.settled(4)).map(numberIn)).toEqual([6, 7, 8, 9])
  })

  it('a log that ends before our place is read from its end, and that is said', async () => {
    const prefix = `${randomUUID()}.`
    const errors: string[] = []
    await using log = await open(prefix, { ...silent, error: (_, text) => errors.push(text) })
    await log.ensureTopics([topic('t')])
    await log.append(numbered('t', 10))
    const admin = other.admin()
    await admin.connect()
    const partitions = [{ partition: 0, offset: '100' }]
    await admin.setOffsets({ groupId: `${prefix}g`, topic: `${prefix}t`, partitions })
    await admin.disconnect()
    {
      await using reading = readerOf(log, { group: 'g', idOf: (one) => headerOf(one, 'id') }, ['t'])
      await until(() => errors.length > 0)
      await log.append([record('t', 'k', '10')])
      expect((await reading.settled(1)).map(numberIn)).toEqual([10])
    }
    await log.append([record('t', 'k', '11')])
    await using again = readerOf(log, { group: 'g' }, ['t'])
    expect((await again.settled(1)).map(numberIn)).toEqual([11])
    expect(errors).toHaveLength(1)
  })

  it('a repeat is dropped also where the end of a transaction lies before our place', async () => {
    const prefix = `${randomUUID()}.`
    await using log = await open(prefix)
    await log.ensureTopics([topic('t')])
    const producer = other.producer({ transactionalId: prefix, idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic: `${prefix}t`, messages: [{ key: 'k', value: '0', headers: { id: 'a' } }] })
    await transaction.commit()
    await producer.disconnect()
    const idOf = (one: Incoming): string | undefined => headerOf(one, 'id')
    {
      await using reading = readerOf(log, { group: 'g', idOf }, ['t'])
      await reading.settled(1)
      // The end of the transaction has been read when what comes after it has.
      await log.append([record('t', 'k', '1')])
      const [last] = await reading.take(1)
      expect(last?.record.offset).toBe(2n)
    }
    await log.append([{ ...record('t', 'k', '2'), headers: { id: 'a' } }, record('t', 'k', '3')])
    await using again = readerOf(log, { group: 'g', idOf }, ['t'])
    expect((await again.settled(2)).map(numberIn)).toEqual([1, 3])
  })

  it('a batch that grows beyond what the topic takes when it is unpacked is refused', async () => {
    const prefix = `${randomUUID()}.`
    await using log = await open(prefix)
    await log.ensureTopics([topic('t')])
    const producer = other.producer({ retry: { retries: 0 } })
    await producer.connect()
    const packed = (bytes: number) =>
      producer.send({
        topic: `${prefix}t`,
        compression: CompressionTypes.GZIP,
        messages: [{ key: 'k', value: Buffer.alloc(bytes) }],
      })
    await packed(500_000)
    await expect(packed(5_000_000)).rejects.toMatchObject({ type: 'MESSAGE_TOO_LARGE' })
    await producer.disconnect()
    expect((await all(log, 't')).map(({ value }) => value?.length)).toEqual([500_000])
  })

  it('what waits for a topic that is deleted goes to the one that is made under its name, in its order', async () => {
    const prefix = `${randomUUID()}.`
    await using log = await open(prefix)
    await log.ensureTopics([topic('t', 4)])
    await log.append(numbered('t', 20))
    const admin = other.admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [`${prefix}t`] })
    await admin.disconnect()
    const appends = Array.from({ length: 100 }, (_, n) => log.append([record('t', `k${n % 10}`, String(n))]))
    await expect(log.tryAppend(record('t', 'k', '-1'), 300)).rejects.toMatchObject({ code: 'log-unavailable' })
    await log.ensureTopics([topic('t', 2)])
    await Promise.all(appends)
    const records = await all(log, 't')
    for (let key = 0; key < 10; key++) {
      const numbers = records.filter((one) => one.key?.toString() === `k${key}`).map(numberIn)
      expect(numbers).toEqual(Array.from({ length: 10 }, (_, n) => 10 * n + key))
    }
  })
})
