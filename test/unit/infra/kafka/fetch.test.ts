import { expect, it } from 'vitest'
import { batchOf, messageOf } from '../../../../infra/kafka/batch-bytes.ts'
import type { Line } from '../../../../infra/kafka/cluster.ts'
import { openFetcher } from '../../../../infra/kafka/fetch.ts'

it('with a broker that keeps no session, who got something is asked for behind those who did not', async () => {
  const asked: string[][] = []
  const fetcher = openFetcher(brokerOf(({ topics }) => void asked.push(topics.map(({ topicId }) => topicId))))
  for (const topic of ['a', 'b', 'c']) fetcher.want(1, wantOf(topic, 0n))
  await fetcher.fetch(1, limits)
  fetcher.want(1, wantOf('a', 7n))
  await fetcher.fetch(1, limits)
  fetcher.unwant(1, wantOf('b', 0n))
  await fetcher.fetch(1, limits)
  expect(asked).toEqual([
    ['a', 'b', 'c'],
    ['b', 'c', 'a'],
    ['c', 'a'],
  ])
})

it('who has time lets the broker wait for more to come', async () => {
  const asked: unknown[] = []
  const fetcher = openFetcher(brokerOf(({ minBytes }) => void asked.push(minBytes)))
  fetcher.want(1, wantOf('a', 0n))
  await fetcher.fetch(1, limits)
  await fetcher.fetch(1, { ...limits, minBytes: 1_000 })
  expect(asked).toEqual([1, 1_000])
})

it('what is damaged holds up only its own partition, and a broker that answers with an error is not asked on and on', async () => {
  const good = batchOf([messageOf({ topic: 'a', key: 'k', value: 'v', headers: {} })], {
    ...{ producerId: -1n, producerEpoch: -1, sequence: -1, timestamp: 1 },
  })
  const bad = Buffer.from(good)
  bad.writeInt8(1, 16)
  let errorCode = 0
  const partition = (bytes: Buffer) => ({ partitionIndex: 0, errorCode: 0, lastStableOffset: 1n, aborts: [], bytes })
  const responses = [
    { topicId: 'a', partitions: [partition(bad)] },
    { topicId: 'b', partitions: [partition(good)] },
  ]
  const line = { call: async () => ({ errorCode, sessionId: 0, responses }) } as unknown as Line
  const fetcher = openFetcher(line)
  for (const topic of ['a', 'b']) fetcher.want(1, wantOf(topic, 0n))
  expect(await fetcher.fetch(1, limits)).toMatchObject([
    { kind: 'trouble', code: 'CORRUPT_MESSAGE', why: 'a batch is damaged', place: { topic: 'a' } },
    { kind: 'chunk', place: { topic: 'b' }, chunk: { next: 1n } },
  ])
  errorCode = -1
  await expect(fetcher.fetch(1, limits)).rejects.toThrow()
  errorCode = 70 // FETCH_SESSION_ID_NOT_FOUND
  expect(await fetcher.fetch(1, limits)).toHaveLength(2)
})

const limits = { maxWaitMs: 1, maxBytes: 1 }

const wantOf = (topic: string, position: bigint) => ({ topic, topicId: topic, partition: 0, position, bytes: 1 })

type Asked = Readonly<{ minBytes: unknown; topics: readonly Readonly<{ topicId: string }>[] }>

/** Answers that there is nothing, and that it remembers nothing. */
const brokerOf = (told: (asked: Asked) => void): Line =>
  ({
    async call(_node: number, _api: unknown, ...request: readonly unknown[]) {
      told({ minBytes: request[1], topics: request[6] as Asked['topics'] })
      return { errorCode: 0, sessionId: 0, responses: [] }
    },
  }) as unknown as Line
