import { expect, it } from 'vitest'
import type { Cluster } from '../../../../infra/kafka/cluster.ts'
import { tailOf } from '../../../../infra/kafka/tail.ts'
import { silent } from '../../../fixtures/silent.ts'

it('waits for a topic that goes while it is read, and holds up nobody meanwhile', async () => {
  const stop = new AbortController()
  let lookups = 0
  const nothing = { name: 't', partitions: [{ partitionIndex: 0, errorCode: 0, offset: 0n }] }
  const cluster = {
    topic: () => (lookups === 1 ? { id: 'id', leaders: [1] } : undefined),
    refresh: async () => void (++lookups === 4 && stop.abort()),
    line: { call: async () => ({ topics: [nothing] }) },
    openLine: () => ({
      call: async () => Promise.reject(new Error('the leader is gone')),
      [Symbol.asyncDispose]: async () => {},
    }),
  } as unknown as Cluster
  const given: string[] = []
  for await (const { kind } of tailOf(cluster, 't', { prefix: '', signal: stop.signal, logger: silent }))
    given.push(kind)
  expect(given).toEqual(['caught-up'])
})
