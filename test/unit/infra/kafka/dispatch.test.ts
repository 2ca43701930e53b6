import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { messageOf } from '../../../../infra/kafka/batch-bytes.ts'
import type { Cluster } from '../../../../infra/kafka/cluster.ts'
import { openDispatch } from '../../../../infra/kafka/dispatch.ts'
import { type Batch, type Entry, openLane } from '../../../../infra/kafka/lane.ts'
import type { Produce, Result } from '../../../../infra/kafka/produce.ts'
import { silent } from '../../../fixtures/silent.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const lingerMs = 5

it('a lone record never waits, nor do two', async () => {
  const broker = openBroker()
  for (const records of [1, 1, 2, 2, 1]) {
    broker.come(records)
    await broker.settled()
    expect(broker.waiting).toBe(records)
    await broker.answer()
  }
})

it('who was just answered and who came meanwhile are waited for, and go together', async () => {
  const broker = openBroker()
  broker.come(6)
  await broker.settled()
  broker.come(4)
  await broker.answer()
  for (let back = 0; back < 5; back++) {
    expect(broker.waiting).toBe(0)
    broker.come(1)
    await broker.settled()
  }
  broker.come(1)
  await broker.settled()
  expect(broker.waiting).toBe(10)
})

it('nobody waits longer than lingerMs for others who do not come', async () => {
  const broker = openBroker()
  broker.come(10)
  await broker.settled()
  await broker.answer()
  broker.come(1)
  await vi.advanceTimersByTimeAsync(lingerMs - 1)
  expect(broker.waiting).toBe(0)
  await vi.advanceTimersByTimeAsync(1)
  expect(broker.waiting).toBe(1)
  await broker.answer()
  broker.come(1)
  await broker.settled()
  expect(broker.waiting).toBe(1) // one at a time again
})

it('what comes alone after a pause goes at once, however much there was before', async () => {
  const broker = openBroker()
  broker.come(10)
  await broker.settled()
  await broker.answer()
  await vi.advanceTimersByTimeAsync(10 * lingerMs)
  broker.come(1)
  await broker.settled()
  expect(broker.waiting).toBe(1)
})

/** A dispatch with one lane, to a broker that answers when it is told to. */
const openBroker = () => {
  let asked: readonly Batch[] = []
  let reply: (results: readonly Result[]) => void = () => {}
  const lane = openLane({ topic: 't', partition: 0 })
  const cluster = {
    topic: () => ({ id: 't', leaders: [1] }),
    nodes: () => [1],
  } as unknown as Cluster
  const produce: Produce = {
    producer: async () => ({ id: 0n, epoch: 0 }),
    retire() {},
    send(_node, batches) {
      asked = batches
      return new Promise((resolve) => {
        reply = resolve
      })
    },
    async [Symbol.asyncDispose]() {},
  }
  const dispatch = openDispatch(cluster, produce, {
    logger: silent,
    lingerMs,
    onWritten() {},
    onFailed() {},
    onLookedUp() {},
  })
  return {
    /** How many records lie with the broker, unanswered. */
    get waiting(): number {
      return asked.reduce((sum, { entries }) => sum + entries.length, 0)
    },
    come(records: number): void {
      for (let n = 0; n < records; n++) {
        lane.push(entry())
        dispatch.kick(lane)
      }
    },
    /** All that needs no time has happened. */
    settled: (): Promise<unknown> => vi.advanceTimersByTimeAsync(0),
    async answer(): Promise<void> {
      const written = asked.map((): Result => ({ kind: 'written' }))
      asked = []
      reply(written)
      await vi.advanceTimersByTimeAsync(0)
    },
  }
}

const entry = (): Entry => ({
  topic: 't',
  message: messageOf({ topic: 't', key: 'k', value: null, headers: {} }),
  bytes: 1,
  permit: undefined,
  done() {},
  failed() {},
  state: 'waiting',
})
