import { expect, test } from 'vitest'
import { runFollow } from '../../../../processors/follow/run.ts'
import { backoff, retryFaults } from '../../../../topology/flow/retry.ts'
import { deadLettersTopic, jobTopic } from '../../../../topology/topics.ts'
import { parseDeadLetter } from '../../../../topology/wire/dead-letters.ts'
import { parseJobRecord } from '../../../../topology/wire/job.ts'
import { finishedRecord, runFactsOf } from '../../../../topology/wire/runs.ts'
import type { Outgoing } from '../../../../topology/words/record.ts'
import type { RunRequest } from '../../../../topology/words/run.ts'
import { type MemoryHouse, never, openMemoryHouse } from '../../../fixtures/memory-house.ts'
import { ended, requested } from '../../../fixtures/records.ts'

const circle = `
name: circle
triggers:
  all: { type: message }
  a-ended: { type: flow, job: a }
  b-ended: { type: flow, job: b }
jobs:
  a: { triggers: [all, b-ended], expression: fn(s => s) }
  b: { trigger: a-ended, expression: fn(s => s) }
limits: { loop_limit: 6 }
`
const startFollow = (house: MemoryHouse) => {
  const reading = new AbortController()
  const done = runFollow({ ...house, retry: retryFaults(backoff(1, 10)) }, { reading: reading.signal, working: never })
  return {
    [Symbol.asyncDispose]: async () => {
      reading.abort()
      await done
    },
  }
}

/** What a runner would say of the request: it went well. */
const success = (request: RunRequest, state = '{}'): Outgoing => {
  const end = ended(runFactsOf(request), { definitions: String(request.definitions) })
  return finishedRecord(end, { final_state: state, input: null })
}

const root = (house: MemoryHouse): RunRequest =>
  requested({ project: 'circle', job: 'a', definitions: house.catalogue.offset() })

test('a chain that goes round in a circle ends at its limit, as a dead letter', async () => {
  await using house = await openMemoryHouse(circle)
  await using _follow = startFollow(house)
  await house.log.append([success(root(house))])
  for (let depth = 1; depth < 6; depth++) {
    const [job, n] = depth % 2 === 1 ? ['b', (depth + 1) / 2] : ['a', depth / 2]
    const requests = (await house.records(jobTopic('circle', String(job)), Number(n))).map(parseJobRecord)
    const last = requests.at(-1)
    expect(last?.depth).toBe(depth)
    if (last) await house.log.append([success(last)])
  }
  const [letter] = (await house.records(deadLettersTopic, 1)).map(parseDeadLetter)
  expect(letter).toMatchObject({ reason: 'loop-limit', stage: 'follow', project: 'circle' })
  expect(house.counts.get('penstock_dead_letters_total follow loop-limit')).toBe(1)
  expect(house.counts.get('penstock_follow_verdicts_total emit')).toBe(5)
})

test('the same end told twice starts what follows once', async () => {
  await using house = await openMemoryHouse(circle)
  const [twice, after] = [root(house), root(house)]
  await house.log.append([success(twice), success(twice), success(after)])
  await using _follow = startFollow(house)
  const found = (await house.records(jobTopic('circle', 'b'), 2)).map(parseJobRecord)
  expect(found.map(({ parent }) => parent)).toEqual([twice.run, after.run])
})

test('a state that is too large to be handed on is buried with its run', async () => {
  await using house = await openMemoryHouse(circle)
  const request = root(house)
  await house.log.append([success(request, JSON.stringify('x'.repeat(11_000_000)))])
  await using _follow = startFollow(house)
  const [letter] = (await house.records(deadLettersTopic, 1)).map(parseDeadLetter)
  expect(letter).toMatchObject({ reason: 'record-too-large', stage: 'follow', project: 'circle' })
  expect(letter?.record.headers.get('penstock-id')?.toString()).toBe(`end/${request.run}`)
})
