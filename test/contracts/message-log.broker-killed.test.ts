import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { startBroker } from '../../infra/embedded/broker.ts'
import { openKafka } from '../../infra/kafka/open.ts'
import { headerOf, type Incoming } from '../../topology/words/record.ts'
import { silent } from '../fixtures/silent.ts'
import { all, numberIn, readerOf, topic, until } from './message-log.ts'

it('a broker that is killed and started again costs time, and nothing that was acknowledged', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'penstock-killed-'))
  // Not `await using`: a test that is over its time does not come to the end of its block.
  const cleanUp = new AsyncDisposableStack()
  onTestFinished(() => cleanUp.disposeAsync())
  cleanUp.defer(() => rmSync(dataDir, { recursive: true, force: true }))
  const first = cleanUp.use(await startBroker({ dataDir, logger: silent }))
  const port = Number(first.address.split(':').at(-1))
  await using log = await openKafka({
    brokers: [first.address],
    clientId: 'killed',
    prefix: `${randomUUID()}.`,
    replication: 1,
    partitions: { intake: 2, job: 1 },
    embedded: true,
    logger: silent,
  })
  await log.ensureTopics([
    { ...topic('in', 2), precious: true },
    { ...topic('out', 2), precious: true },
  ])

  const acknowledged = new Set<number>()
  const refused = new Set<number>()
  const mustBeThere = new Set<number>()
  let sent = 0
  let sending = true
  const send = async (_: unknown, sender: number): Promise<void> => {
    while (sending) {
      const n = sent++
      const one = { topic: 'in', key: `k${n % 10}`, value: String(n), headers: { id: String(n) } }
      // Those that give up may be written or not; those that do not must be, whenever the broker comes back.
      const patient = sender > 0
      if (patient) mustBeThere.add(n)
      await (patient ? log.append([one]) : log.tryAppend(one, 300)).then(
        () => acknowledged.add(n),
        () => refused.add(n),
      )
    }
  }
  const senders = Array.from({ length: 6 }, send)

  const idOf = (one: Incoming): string | undefined => headerOf(one, 'id')
  await using reading = readerOf(log, { group: 'g', idOf }, ['in'])
  const settling: Promise<void>[] = []
  const copying = reading.each(async ({ record, lost, settle }) => {
    const headers = { id: headerOf(record, 'id') ?? '' }
    const copy = { topic: 'out', key: record.key?.toString() ?? '', value: record.value, headers }
    const settled = settle([[copy]]).catch((error: unknown) => {
      if (!lost.aborted) throw error
    })
    settling.push(settled)
  })
  const copied = new Set<number>()
  const stop = new AbortController()
  const following = (async () => {
    for await (const item of log.tail('out', stop.signal)) if (item.kind === 'record') copied.add(numberIn(item.record))
  })()

  await until(() => acknowledged.size > 100 && copied.size > 50)
  process.kill(first.pid, 'SIGKILL')
  await first.exited
  const refusedBefore = refused.size
  await until(() => refused.size > refusedBefore)
  await expect(log.ping()).rejects.toMatchObject({ code: 'log-unavailable' })
  cleanUp.use(await startBroker({ dataDir, port, logger: silent }))
  const before = acknowledged.size
  await until(() => acknowledged.size > before + 100)
  sending = false
  await Promise.all(senders)
  await until(() => [...acknowledged].every((n) => copied.has(n)))
  stop.abort()
  await following

  const written = (await all(log, 'in')).map(numberIn)
  expect(new Set(written).size).toBe(written.length)
  expect(mustBeThere.difference(acknowledged)).toEqual(new Set())
  expect(acknowledged.difference(new Set(written))).toEqual(new Set())
  await reading[Symbol.asyncDispose]()
  await copying
  await Promise.all(settling)
})
