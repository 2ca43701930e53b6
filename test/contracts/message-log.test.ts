import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, inject, it } from 'vitest'
import { openKafka } from '../../infra/kafka/open.ts'
import { openMemoryLog } from '../../infra/memory/log.ts'
import type { MessageLog } from '../../topology/flow/ports.ts'
import { headerOf } from '../../topology/words/record.ts'
import { silent } from '../fixtures/silent.ts'
import { all, messageLogContract, numbered, numberIn, readerOf, topic } from './message-log.ts'

const brokers = [inject('kafkaBrokers')]

const open = (prefix = `${randomUUID()}.`): Promise<MessageLog> =>
  openKafka({
    brokers,
    clientId: 'contract',
    prefix,
    replication: 1,
    partitions: { intake: 2, job: 1 },
    embedded: true,
    logger: silent,
  })

messageLogContract('The log in memory', async () => openMemoryLog())
messageLogContract('The log on Kafka', () => open())

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
    expect([gone?.value, gone?.headers.size]).toEqual([null, 0])

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
})
