import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Fault } from '../../../../topology/flow/fault.ts'
import { openMemoryHouse } from '../../../fixtures/memory-house.ts'
import { finished, job, request, scripted, shop, startRunner } from '../../../fixtures/runner.ts'

const pack = shop(job('pack', ', effects: at-most-once'))
const lost = {
  status: 'unknown',
  exit_code: 11,
  starts: 1,
  attempts: 1,
  final_state: null,
  error: expect.objectContaining({ name: 'LostError' }),
}

test.each([
  ['dies', true],
  ['is told to stop, and cuts it off', false],
])('a run whose runner %s is not executed again: it ends as unknown', async (_what, dies) => {
  await using house = await openMemoryHouse(pack)
  await house.log.append([request(house, { key: 'a', state: '1' })])
  const first = scripted()
  const runner = startRunner(house, first.sandbox)
  await first.hasBegun(1)
  expect(first.tasks.map(({ alone }) => alone)).toEqual([true])
  if (dies) await house.log.killReaders()
  else runner.reading.abort()
  runner.working.abort()
  await runner.ended

  const second = scripted()
  const next = startRunner(house, second.sandbox)
  expect(await finished(house, 1)).toMatchObject([{ ...lost, input: 1 }])
  expect(second.begun).toEqual([])
  next.reading.abort()
  await next.ended
})

test('what had not begun is executed by whoever comes next, four at a time', async () => {
  await using house = await openMemoryHouse(pack)
  const states = ['1', '2', '3', '4', '5']
  await house.log.append(states.map((state) => request(house, { key: state, state })))
  const first = scripted()
  const runner = startRunner(house, first.sandbox)
  await first.hasBegun(4)
  await setImmediate()
  expect(first.begun.toSorted()).toEqual(states.slice(0, 4))
  await house.log.killReaders()
  runner.working.abort()
  await runner.ended

  const second = scripted()
  const next = startRunner(house, second.sandbox)
  await second.hasBegun(1)
  second.end('5')
  const ends = await finished(house, 5)
  expect(ends.map(({ status }) => status).toSorted()).toEqual(['success', ...Array(4).fill('unknown')])
  expect(second.begun).toEqual(['5'])
  next.reading.abort()
  await next.ended
})

test('a run that begins when its job has just gone, and had begun before, is unknown and not cancelled', async () => {
  await using house = await openMemoryHouse(pack)
  await house.log.append([request(house, { key: 'a', state: '1' })])
  const first = scripted()
  const runner = startRunner(house, first.sandbox)
  await first.hasBegun(1)
  await house.log.killReaders()
  runner.working.abort()
  await runner.ended
  await house.remove('shop')
  const next = startRunner(house, scripted().sandbox)
  expect(await finished(house, 1)).toMatchObject([lost])
  next.reading.abort()
  await next.ended
})

test.each(['at-most-once', 'at-least-once'])(
  'with effects %s a run for which no process can be started has not begun',
  async (effects) => {
    await using house = await openMemoryHouse(shop(job('pack', `, effects: ${effects}`)))
    await house.log.append([request(house, { key: 'a', state: '1' })])
    for (let time = 0; time < 3; time++) {
      const tried = Promise.withResolvers<void>()
      const runner = startRunner(house, {
        run: async () => {
          tried.resolve()
          throw new Fault('sandbox-unavailable', 'no process can be started')
        },
        async [Symbol.asyncDispose]() {},
      })
      await tried.promise
      await house.log.killReaders()
      runner.working.abort()
      await runner.ended
    }
    const script = scripted()
    const next = startRunner(house, script.sandbox)
    await script.hasBegun(1)
    script.end('1')
    expect(await finished(house, 1)).toMatchObject([{ status: 'success', starts: 1 }])
    next.reading.abort()
    await next.ended
  },
)
