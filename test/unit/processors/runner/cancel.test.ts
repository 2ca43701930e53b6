import { expect, test } from 'vitest'
import { runsTopic } from '../../../../topology/topics.ts'
import { cancelRecord } from '../../../../topology/wire/control.ts'
import { parseJobRecord } from '../../../../topology/wire/job.ts'
import { type Finished, parseRunRecord } from '../../../../topology/wire/runs.ts'
import type { Outgoing } from '../../../../topology/words/record.ts'
import type { LogLine } from '../../../../topology/words/run.ts'
import { asRead, type MemoryHouse, openMemoryHouse } from '../../../fixtures/memory-house.ts'
import { failing, finished, job, request, scripted, shop, startRunner } from '../../../fixtures/runner.ts'

const pack = shop(job('pack', ', concurrency: 1, retry: { attempts: 3 }'))
const cancel = (house: MemoryHouse, wished: Outgoing): Promise<void> => {
  const { run, project } = parseJobRecord(asRead(wished))
  return house.log.append([cancelRecord({ run, project, by: 'a nurse', at: new Date().toISOString() })])
}
const cancelled = {
  status: 'cancelled',
  exit_code: 6,
  final_state: null,
  error: expect.objectContaining({ name: 'CancelledError', message: 'cancelled by a nurse' }),
}
const stopped = async ({ reading, ended }: ReturnType<typeof startRunner>): Promise<void> => {
  reading.abort()
  await ended
}

test('a run that is cancelled while it runs is cut off, and the next of its key begins', async () => {
  await using house = await openMemoryHouse(pack)
  const script = scripted()
  const runner = startRunner(house, script.sandbox)
  const wishes = ['1', '2'].map((state) => request(house, { key: 'a', state }))
  await house.log.append(wishes)
  await script.hasBegun(1)
  const log: readonly LogLine[] = [{ time: '', level: 'info', source: 'job', message: 'as far as it came' }]
  script.tasks[0]?.onLog?.(log)
  if (wishes[0]) await cancel(house, wishes[0])
  expect(await finished(house, 1)).toMatchObject([{ ...cancelled, attempts: 1, starts: 1, input: 1, log }])
  await script.hasBegun(2)
  script.end('2')
  expect((await finished(house, 2))[1]).toMatchObject({ status: 'success' })
  await stopped(runner)
})

test('one that waits behind another ends at once, and takes nobody’s turn', async () => {
  await using house = await openMemoryHouse(pack)
  const script = scripted()
  const runner = startRunner(house, script.sandbox)
  const wishes = ['1', '2', '3'].map((state) => request(house, { key: 'a', state }))
  await house.log.append([...wishes, request(house, { key: 'b', state: '"for a place"' })])
  await script.hasBegun(1)
  if (wishes[1]) await cancel(house, wishes[1])
  expect(await finished(house, 1)).toMatchObject([{ ...cancelled, starts: 0, input: 2 }])
  expect(script.begun).toEqual(['1'])
  for (const begun of [2, 3]) {
    script.endAll()
    await script.hasBegun(begun)
  }
  script.endAll()
  expect((await finished(house, 4)).map(({ status }) => status)).toEqual(['cancelled', ...Array(3).fill('success')])
  expect(script.begun).not.toContain('2')
  await stopped(runner)
})

test('one that waits for its next attempt ends at once', async () => {
  await using house = await openMemoryHouse(pack)
  const script = scripted()
  const runner = startRunner(house, script.sandbox, () => 600_000)
  const wish = request(house, { key: 'a', state: '1' })
  await house.log.append([wish])
  await script.hasBegun(1)
  script.end('1', failing('AdaptorError'))
  await house.records(runsTopic, 1)
  await cancel(house, wish)
  const [, end] = (await house.records(runsTopic, 2)).map((record) => parseRunRecord(record) as Finished)
  expect(end).toMatchObject({ ...cancelled, attempts: 1, starts: 1, input: 1 })
  expect(script.begun).toEqual(['1'])
  await stopped(runner)
})

test('one that lies in its topic ends when it is read', async () => {
  await using house = await openMemoryHouse(pack)
  const wish = request(house, { key: 'a', state: '1' })
  await house.log.append([wish])
  await cancel(house, wish)
  const script = scripted()
  const runner = startRunner(house, script.sandbox)
  expect(await finished(house, 1)).toMatchObject([{ ...cancelled, starts: 0 }])
  expect(script.begun).toEqual([])
  await stopped(runner)
})

test('an end that comes before the wish stands', async () => {
  await using house = await openMemoryHouse(pack)
  const script = scripted()
  const runner = startRunner(house, script.sandbox)
  const wish = request(house, { key: 'a', state: '1' })
  await house.log.append([wish])
  await script.hasBegun(1)
  script.end('1')
  await finished(house, 1)
  await cancel(house, wish)
  await house.log.append([request(house, { key: 'a', state: '2' })])
  await script.hasBegun(2)
  script.end('2')
  expect((await finished(house, 2)).map(({ status }) => status)).toEqual(['success', 'success'])
  await stopped(runner)
})
