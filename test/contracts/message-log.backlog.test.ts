import { randomUUID } from 'node:crypto'
import { expect, inject, it } from 'vitest'
import { openKafka } from '../../infra/kafka/open.ts'
import { silent } from '../fixtures/silent.ts'
import { readerOf, record, topic, until } from './message-log.ts'

it('a reader hands out nothing while what came of it before still waits to be written, however much that is', async () => {
  await using log = await openKafka({
    brokers: [inject('kafkaBrokers')],
    clientId: 'backlog',
    prefix: `${randomUUID()}.`,
    replication: 1,
    partitions: { intake: 2, job: 2 },
    embedded: true,
    logger: silent,
  })
  await log.ensureTopics([topic('in', 2)])
  const [messages, fanOut, bytes] = [3_000, 20, 4_000]
  const body = 'x'.repeat(bytes)
  await log.append(Array.from({ length: messages }, (_, n) => record('in', `k${n}`, body)))

  await using reading = readerOf(log, { group: 'g' }, ['in'])
  let handedOut = 0
  let settled = 0
  const reads = reading.each(async ({ settle }) => {
    handedOut++
    const copies = Array.from({ length: fanOut }, (_, n) => record('later', `k${n}`, body))
    void settle([copies]).then(
      () => settled++,
      () => {},
    )
  })
  await until(() => handedOut * fanOut * bytes > 0.7 * mostBytes)
  await using other = readerOf(log, { group: 'h' }, ['in'])
  await other.settled(messages) // by now it would have been handed out, too
  expect((handedOut - 2) * fanOut * bytes).toBeLessThan(mostBytes)

  await log.ensureTopics([topic('later', 2)])
  await until(() => settled === messages)
  await reading[Symbol.asyncDispose]()
  await reads
})

/** Twice what a reader takes in hand by default (infra/kafka/reader.ts). */
const mostBytes = 64_000_000
