import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { deadLettersTopic } from '../../../../topology/topics.ts'
import { parseDeadLetter } from '../../../../topology/wire/dead-letters.ts'
import { type MemoryHouse, openMemoryHouse } from '../../../fixtures/memory-house.ts'
import { finished, job, request, scripted, shop, startRunner } from '../../../fixtures/runner.ts'

const crashed = { status: 'crashed', exitCode: 4, state: null } as const
const crashLoop = {
  ...crashed,
  error: {
    name: 'CrashLoopError',
    message: 'took its process with it',
    line: null,
    column: null,
    operation: null,
    details: null,
  },
}

/** A runner that dies when it has begun so many runs; gives back what it had begun. */
const dieAfter = async (house: MemoryHouse, runs: number) => {
  const script = scripted()
  const runner = startRunner(house, script.sandbox)
  await script.hasBegun(runs)
  await setImmediate() // whatever else may begin has begun by now
  await house.log.killReaders()
  runner.working.abort()
  await runner.ended
  return script.tasks.map(({ state, alone }) => ({ state, alone }))
}

const lettersIn = async (house: MemoryHouse, count: number) =>
  (await house.records(deadLettersTopic, count)).map(parseDeadLetter)

test('a run that takes its runner with it is started three times, the third alone, and then ends, with a dead letter', async () => {
  await using house = await openMemoryHouse(shop(job('pack')))
  await house.log.append([request(house, { key: 'a', state: '{"n":1}' })])
  for (const alone of [false, false, true]) expect(await dieAfter(house, 1)).toEqual([{ state: '{"n":1}', alone }])

  const script = scripted()
  const runner = startRunner(house, script.sandbox)
  const [end] = await finished(house, 1)
  expect(end).toMatchObject({
    status: 'crashed',
    exit_code: 4,
    starts: 3,
    error: { name: 'CrashLoopError', message: expect.stringMatching(/^started 3 times/) },
    input: { n: 1 },
    final_state: null,
  })
  expect(script.begun).toEqual([])
  const [letter] = await lettersIn(house, 1)
  expect(letter).toMatchObject({ reason: 'crash-loop', stage: 'runner', project: 'shop', run: end?.run_id })
  expect(letter?.record.value?.toString()).toBe('{"n":1}')
  expect(house.counts.get('penstock_dead_letters_total runner crash-loop')).toBe(1)
  runner.reading.abort()
  await runner.ended
})

test('runs that were beside it go on one at a time, each alone, and end as they do', async () => {
  await using house = await openMemoryHouse(shop(job('pack')))
  await house.log.append(['1', '2', '3'].map((state) => request(house, { key: state, state })))
  for (let lives = 2; lives > 0; lives--) expect(await dieAfter(house, 3)).toHaveLength(3)
  // Whoever waits for its turn to be alone has not begun: the death of the one before it is not its own.
  for (let deaths = 1; deaths > 0; deaths--) expect(await dieAfter(house, 1)).toEqual([{ state: '1', alone: true }])

  const script = scripted()
  const runner = startRunner(house, script.sandbox)
  await script.hasBegun(1)
  await setImmediate()
  expect(script.begun).toEqual(['2'])
  script.end('2')
  await script.hasBegun(2)
  script.end('3')
  const ends = (await finished(house, 3)).map(({ input, status, starts }) => [input, status, starts])
  expect(script.tasks.map(({ state, alone }) => [state, alone])).toEqual([
    ['2', true],
    ['3', true],
  ])
  expect(ends).toEqual([
    [1, 'crashed', 3],
    [null, 'success', 3],
    [null, 'success', 3],
  ])
  runner.reading.abort()
  await runner.ended
})

test('a run that takes its child with it, alone, becomes a dead letter, and then ends', async () => {
  await using house = await openMemoryHouse(shop(job('pack')))
  const script = scripted()
  const runner = startRunner(house, script.sandbox)
  await house.log.append([request(house, { key: 'a', state: '1' })])
  await script.hasBegun(1)
  script.end('1', crashLoop)
  const [end] = await finished(house, 1)
  expect(end).toMatchObject({ status: 'crashed', exit_code: 4, starts: 1, error: { name: 'CrashLoopError' } })
  // Written before the end: whoever sees the end finds the letter.
  expect(await house.recordsNow(deadLettersTopic)).toHaveLength(1)
  expect((await lettersIn(house, 1))[0]).toMatchObject({ reason: 'crash-loop', detail: 'took its process with it' })
  runner.reading.abort()
  await runner.ended
})

test('a run tells how often it was started; one that is cancelled before that, not at all', async () => {
  await using house = await openMemoryHouse(shop(job('pack')))
  await house.log.append([request(house, { key: 'a', state: '1' })])
  await dieAfter(house, 1)
  const script = scripted()
  const runner = startRunner(house, script.sandbox)
  await script.hasBegun(1)
  script.end('1')
  await finished(house, 1)
  const late = request(house, { key: 'a', state: '2' })
  await house.deploy(shop(job('pack', ', enabled: false')))
  await house.log.append([late])
  expect((await finished(house, 2)).map(({ status, starts }) => [status, starts])).toEqual([
    ['success', 2],
    ['cancelled', 0],
  ])
  runner.reading.abort()
  await runner.ended
})

test('what a runner had begun when it was told to stop counts as not begun, however often that is', async () => {
  await using house = await openMemoryHouse(shop(job('pack')))
  await house.log.append([request(house, { key: 'a', state: '1' })])
  for (let lives = 5; lives > 0; lives--) {
    const script = scripted()
    const runner = startRunner(house, script.sandbox)
    await script.hasBegun(1)
    runner.reading.abort()
    runner.working.abort()
    await runner.ended
    expect(script.tasks.map(({ alone }) => alone)).toEqual([false])
  }
  const script = scripted()
  const runner = startRunner(house, script.sandbox)
  await script.hasBegun(1)
  script.endAll()
  expect((await finished(house, 1)).map(({ starts }) => starts)).toEqual([1])
  runner.reading.abort()
  await runner.ended
})
