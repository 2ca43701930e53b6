import { expect, test } from 'vitest'
import { deployProject } from '../../../../infra/catalogue/deploy.ts'
import { openCatalogue } from '../../../../infra/catalogue/open.ts'
import { openMemoryLog } from '../../../../infra/memory/log.ts'
import { Fault } from '../../../../topology/flow/fault.ts'
import type { MessageLog, TailItem } from '../../../../topology/flow/ports.ts'
import { definitionsTopic, fixedTopics } from '../../../../topology/topics.ts'
import { catalogueContract, prepared } from '../../../contracts/catalogue-contract.ts'
import { silent } from '../../../fixtures/silent.ts'

catalogueContract('the log in memory', async () => openMemoryLog())

/** The log, but its tail breaks off after so many items, once for each number. */
const breaking = (log: MessageLog, after: number[], reason: () => Error): Pick<MessageLog, 'tail'> => ({
  async *tail(topic, signal): AsyncGenerator<TailItem> {
    let left = after.shift() ?? Number.POSITIVE_INFINITY
    for await (const item of log.tail(topic, signal)) {
      if (left-- === 0) throw reason()
      yield item
    }
  },
})

test('a log that goes away is followed again, and nothing is taken twice', async () => {
  await using log = openMemoryLog()
  await log.ensureTopics(fixedTopics)
  await log.append([{ topic: definitionsTopic, key: 'strange', value: '', headers: {} }])
  const skipped: string[] = []
  const warn = (_: object, text: string): void => void (text.startsWith('Skipped') && skipped.push(text))
  const signal = AbortSignal.timeout(10_000)
  const unsteady = breaking(log, [0, 1, 2], () => new Fault('log-unavailable', 'gone'))
  const changes: string[] = []
  await using catalogue = await openCatalogue(unsteady, { logger: { ...silent, warn } })
  using _listening = catalogue.onChange((project) => changes.push(project))
  for (const description of ['one', 'two', 'three', 'four']) {
    const deployment = prepared(catalogue, `name: p\ndescription: ${description}`)
    expect(await deployProject(deployment, { log, catalogue, signal })).toMatchObject({ kind: 'accepted' })
  }
  expect(changes).toEqual(['p', 'p', 'p', 'p'])
  expect(skipped).toHaveLength(1)
})

test('a bug ends the following, and whoever waits is told', async () => {
  await using log = openMemoryLog()
  await log.ensureTopics(fixedTopics)
  const bug = new Error('a bug')
  await using catalogue = await openCatalogue(
    breaking(log, [1], () => bug),
    { logger: silent },
  )
  const waiting = catalogue.reached(5n, AbortSignal.timeout(10_000))
  const deploying = deployProject(prepared(catalogue, 'name: p'), {
    log,
    catalogue,
    signal: AbortSignal.timeout(10_000),
  })
  const lost = { code: 'catalogue-lost', cause: bug }
  await expect(waiting).rejects.toMatchObject(lost)
  await expect(deploying).rejects.toMatchObject(lost)
  expect(catalogue.broken.reason).toMatchObject(lost)
  await expect(catalogue.reached(6n, AbortSignal.timeout(10_000))).rejects.toMatchObject(lost)
})

test('who waits for an offset goes on when it has been read', async () => {
  await using log = openMemoryLog()
  await log.ensureTopics(fixedTopics)
  await using catalogue = await openCatalogue(log, { logger: silent })
  const reached = [1n, 0n].map((offset) => catalogue.reached(offset, AbortSignal.timeout(10_000)))
  for (const deployment of [prepared(catalogue, 'name: p'), prepared(catalogue, 'name: q', 'q')]) {
    await log.append(deployment.records)
  }
  await Promise.all(reached)
  expect([...catalogue.projects().keys()]).toEqual(['p', 'q'])
})

test('waiting ends when it is told to, when the catalogue closes, and at once for what was read', async () => {
  await using log = openMemoryLog()
  await log.ensureTopics(fixedTopics)
  const catalogue = await openCatalogue(log, { logger: silent })
  await catalogue.reached(-1n, AbortSignal.abort())
  const stop = new AbortController()
  const waiting = catalogue.reached(0n, stop.signal)
  stop.abort(new Error('stopped'))
  await expect(waiting).rejects.toThrow('stopped')
  const other = catalogue.reached(0n, AbortSignal.timeout(10_000))
  const closed = expect(other).rejects.toThrow('closed')
  await catalogue[Symbol.asyncDispose]()
  await closed
  expect(catalogue.broken.aborted).toBe(false)
})

test('opening ends when it is told to while the log is not to be had', async () => {
  const stop = new AbortController()
  const away: Pick<MessageLog, 'tail'> = {
    // biome-ignore lint/correctness/useYield: it never has anything to give
    async *tail() {
      stop.abort(new Error('stopped'))
      throw new Fault('log-unavailable', 'gone')
    },
  }
  await expect(openCatalogue(away, { logger: silent, signal: stop.signal })).rejects.toThrow('stopped')
})

test('a deploy that the log does not take is thrown, not waited for', async () => {
  await using log = openMemoryLog()
  await log.ensureTopics(fixedTopics)
  await using catalogue = await openCatalogue(log, { logger: silent })
  const gone = new Fault('log-unavailable', 'gone')
  const deaf = { ensureTopics: log.ensureTopics, append: () => Promise.reject(gone) }
  const deploying = deployProject(prepared(catalogue, 'name: p'), {
    log: deaf,
    catalogue,
    signal: AbortSignal.timeout(10_000),
  })
  await expect(deploying).rejects.toBe(gone)
})
