import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { jobTopic, runsTopic } from '../../../../topology/topics.ts'
import { jobRecord, parseJobRecord } from '../../../../topology/wire/job.ts'
import { parseRetryRecord } from '../../../../topology/wire/retry.ts'
import { type Attempted, type Finished, parseRunRecord } from '../../../../topology/wire/runs.ts'
import { type MemoryHouse, openMemoryHouse } from '../../../fixtures/memory-house.ts'
import { failing, job, request, scripted, shop, startRunner } from '../../../fixtures/runner.ts'

const atOnce = (): number => 0
const inTenMinutes = (): number => 600_000
const pack = (more = ''): string => shop(job('pack', `, concurrency: 1, retry: { attempts: 3 } ${more}`))

/** What history is told, as soon as there is so much of it. */
const told = async (house: MemoryHouse, count: number) =>
  (await house.records(runsTopic, count)).map((record) => parseRunRecord(record) as Attempted | Finished)
const brief = (event: Attempted | Finished) =>
  event.event === 'attempt'
    ? [event.event, event.attempt, event.starts, event.error?.name]
    : [event.event, event.status, event.attempts, event.starts]

const dead = async (house: MemoryHouse, { working, ended }: ReturnType<typeof startRunner>): Promise<void> => {
  await house.log.killReaders()
  working.abort()
  await ended
}
const stopped = async ({ reading, ended }: ReturnType<typeof startRunner>): Promise<void> => {
  reading.abort()
  await ended
}

test('a run is tried again until an attempt succeeds, and each attempt is told with its error', async () => {
  await using house = await openMemoryHouse(pack())
  const script = scripted()
  const runner = startRunner(house, script.sandbox, atOnce)
  await house.log.append([request(house, { key: 'a', state: '1' })])
  let attempt = 0
  for (const name of ['AdaptorError', 'TypeError']) {
    await script.hasBegun(++attempt)
    script.end('1', failing(name))
  }
  await script.hasBegun(3)
  script.end('1')
  const events = await told(house, 3)
  expect(events.map(brief)).toEqual([
    ['attempt', 1, 1, 'AdaptorError'],
    ['attempt', 2, 2, 'TypeError'],
    ['finished', 'success', 3, 3],
  ])
  const [first] = events as [Attempted]
  expect(Date.parse(first.due_at)).toBeGreaterThanOrEqual(Date.parse(first.started_at))
  await stopped(runner)
})

test('the last attempt is the end, and so is an error that the policy does not name', async () => {
  await using house = await openMemoryHouse(
    pack(', retry: { attempts: 2, on: AdaptorError }').replace(', retry: { attempts: 3 }', ''),
  )
  const script = scripted()
  const runner = startRunner(house, script.sandbox, atOnce)
  await house.log.append([request(house, { key: 'a', state: '1' })])
  for (const begun of [1, 2]) {
    await script.hasBegun(begun)
    script.end('1', failing('AdaptorError'))
  }
  await told(house, 2)
  await house.log.append([request(house, { key: 'a', state: '2' })])
  await script.hasBegun(3)
  script.end('2', failing('TypeError'))
  expect((await told(house, 3)).map(brief)).toEqual([
    ['attempt', 1, 1, 'AdaptorError'],
    ['finished', 'failed', 2, 2],
    ['finished', 'failed', 1, 1],
  ])
  await stopped(runner)
})

test('while a run waits for its next attempt its key waits, others have its place, and what was begun is handed back whole', async () => {
  await using house = await openMemoryHouse(pack())
  const script = scripted()
  const runner = startRunner(house, script.sandbox, inTenMinutes)
  const wish = (key: string, state: string) => request(house, { key, state })
  await house.log.append([wish('a', '1'), wish('a', '"behind it"'), wish('b', '2')])
  await script.hasBegun(1)
  script.end('1', failing('AdaptorError'))
  await script.hasBegun(2) // concurrency is one
  script.end('2')
  expect((await told(house, 2)).map(brief)).toEqual([
    ['attempt', 1, 1, 'AdaptorError'],
    ['finished', 'success', 1, 1],
  ])
  expect(script.begun).toEqual(['1', '2'])
  await stopped(runner)

  const other = scripted()
  const second = startRunner(house, other.sandbox, inTenMinutes)
  await house.log.append([wish('c', '3')])
  await other.hasBegun(1)
  expect(other.begun).toEqual(['3'])
  await stopped({ ...second, reading: second.working })
})

test.each([
  ['while it waits', false],
  ['in its second attempt', true],
])(
  'a run whose runner dies %s goes on with its attempts, and a wait is no start without an end',
  async (_when, begins) => {
    await using house = await openMemoryHouse(pack())
    await house.log.append([request(house, { key: 'a', state: '1' })])
    const first = scripted()
    const runner = startRunner(house, first.sandbox, begins ? atOnce : () => 50)
    await first.hasBegun(1)
    first.end('1', failing('AdaptorError'))
    await told(house, 1)
    if (begins) await first.hasBegun(2)
    await setImmediate()
    await dead(house, runner)

    const second = scripted()
    const next = startRunner(house, second.sandbox, atOnce)
    await second.hasBegun(1)
    expect(second.tasks.map(({ alone }) => alone)).toEqual([false])
    second.end('1', failing('AdaptorError'))
    await second.hasBegun(2)
    second.end('1', failing('AdaptorError'))
    expect((await told(house, 3)).map(brief)).toEqual([
      ['attempt', 1, 1, 'AdaptorError'],
      ['attempt', 2, begins ? 3 : 2, 'AdaptorError'],
      ['finished', 'failed', 3, begins ? 4 : 3],
    ])
    await stopped(next)
  },
)

test('a run keeps the policy of the version that it uses, and ends as cancelled when its job goes meanwhile', async () => {
  await using house = await openMemoryHouse(pack())
  const script = scripted()
  const runner = startRunner(house, script.sandbox, atOnce)
  await house.log.append([request(house, { key: 'a', state: '1' })])
  await script.hasBegun(1)
  await house.deploy(shop(job('pack')))
  script.end('1', failing('AdaptorError'))
  await script.hasBegun(2)
  await house.deploy(shop(job('pack', ', enabled: false')))
  script.end('1', failing('AdaptorError'))
  expect((await told(house, 3)).map(brief)[2]).toEqual(['finished', 'cancelled', 2, 2])
  await stopped(runner)
})

test('where no order counts the next attempt goes by way of the log, and what comes after does not wait', async () => {
  await using house = await openMemoryHouse(pack(', order: none'))
  const script = scripted()
  const runner = startRunner(house, script.sandbox, inTenMinutes)
  const wish = (state: string) => request(house, { key: 'a', state })
  await house.log.append([wish('1'), wish('2')])
  await script.hasBegun(1)
  script.end('1', failing('AdaptorError'))
  await script.hasBegun(2)
  script.end('2')
  expect((await told(house, 2)).map(brief)).toEqual([
    ['attempt', 1, 1, 'AdaptorError'],
    ['finished', 'success', 1, 1],
  ])
  const [waiting] = (await house.records('retry.10m', 1)).map(parseRetryRecord)
  const [first] = (await house.records(jobTopic('shop', 'pack'), 1)).map(parseJobRecord)
  const { tried, ...again } = waiting?.request ?? {}
  expect(again).toEqual({ ...first, attempt: 2 })
  expect(tried).toMatchObject({ attempts: 1, starts: 1, waitedMs: 600_000 })

  if (waiting) await house.log.append([jobRecord(waiting.request)])
  await script.hasBegun(3)
  script.end('1', failing('TypeError', { status: 'crashed' }))
  expect((await told(house, 3)).map(brief)[2]).toEqual(['finished', 'crashed', 2, 2])
  await stopped(runner)
})
