import { describe, expect, test } from 'vitest'
import { retryStage } from '../../../../processors/follow/retries.ts'
import { runFollow } from '../../../../processors/follow/run.ts'
import { backoff, retryFaults } from '../../../../topology/flow/retry.ts'
import { controlTopic, deadLettersTopic, jobTopic } from '../../../../topology/topics.ts'
import { cancelRecord } from '../../../../topology/wire/control.ts'
import { parseDeadLetter } from '../../../../topology/wire/dead-letters.ts'
import { parseJobRecord } from '../../../../topology/wire/job.ts'
import { parseRetryRecord, retryRecord } from '../../../../topology/wire/retry.ts'
import { finishedRecord, runFactsOf } from '../../../../topology/wire/runs.ts'
import type { Incoming, Outgoing } from '../../../../topology/words/record.ts'
import type { RunRequest } from '../../../../topology/words/run.ts'
import { firstHand } from '../../../fixtures/hand.ts'
import { asRead, type MemoryHouse, never, openMemoryHouse } from '../../../fixtures/memory-house.ts'
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

describe('what waits for its next attempt', () => {
  const waiting = (house: MemoryHouse, leftMs: number, more: Partial<RunRequest> = {}) => {
    const tried = { attempts: 1, starts: 1, waitedMs: leftMs, dueAt: Date.now() + leftMs }
    return { ...root(house), attempt: 2, ...more, tried }
  }

  test('comes to its job when it is due, and holds up nobody until then', async () => {
    await using house = await openMemoryHouse(circle)
    await using _follow = startFollow(house)
    const [late, soon] = [waiting(house, 3_600_000), waiting(house, 100)]
    // The one that is due soon lies behind the one that is not.
    const topic = 'retry.5s'
    await house.log.append([{ ...retryRecord(late, { hops: 0 }), topic }, retryRecord(soon, { hops: 0 })])
    await house.log.append([success(root(house))])
    await house.records(jobTopic('circle', 'b'), 1)
    expect(await house.recordsNow(jobTopic('circle', 'a'))).toEqual([])
    const [request] = await house.records(jobTopic('circle', 'a'), 1)
    expect(request && parseJobRecord(request)).toEqual(soon)
    expect(Date.now()).toBeGreaterThanOrEqual(soon.tried.dueAt - 10)
  })

  test('goes down the ladder for what is left when it has lain for a step', async () => {
    await using house = await openMemoryHouse(circle)
    const request = waiting(house, 40_000)
    const lain = asRead(retryRecord(request, { hops: 0, now: Date.now() - 60_000 }), { timestamp: Date.now() - 30_000 })
    expect(lain.topic).toBe('retry.30s')
    const verdict = await retryStage({ of: () => undefined })(lain, firstHand)
    if (verdict.kind !== 'emit') throw new Error(`said ${verdict.kind}`)
    const [next] = verdict.steps.flat()
    expect([next?.topic, next && parseRetryRecord(asRead(next))]).toEqual(['retry.30s', { request, hops: 1 }])
  })

  test('is kept by whoever comes next when it is not due at the end, and comes once', async () => {
    await using house = await openMemoryHouse(circle)
    const request = waiting(house, 300)
    await house.log.append([retryRecord(request, { hops: 0 }), retryRecord(request, { hops: 0 })])
    {
      await using _follow = startFollow(house)
      await house.log.append([success(root(house))])
      await house.records(jobTopic('circle', 'b'), 1)
    }
    await using _follow = startFollow(house)
    expect((await house.records(jobTopic('circle', 'a'), 1)).map(parseJobRecord)).toEqual([request])
    const last = waiting(house, 1)
    await house.log.append([retryRecord(last, { hops: 0 })])
    expect((await house.records(jobTopic('circle', 'a'), 2)).map((record) => parseJobRecord(record).run)).toEqual([
      request.run,
      last.run,
    ])
  })

  test('is buried when nobody can tell what it is', async () => {
    await using house = await openMemoryHouse(circle)
    await using _follow = startFollow(house)
    await house.log.append([{ topic: 'retry.6h', key: '', value: 'anything', headers: {} }])
    const [letter] = (await house.records(deadLettersTopic, 1)).map(parseDeadLetter)
    expect(letter).toMatchObject({ reason: 'headers-unreadable', stage: 'follow' })
  })
})

describe('a run that somebody wants to end', () => {
  const wish = ({ run, project }: RunRequest, at = new Date()): Outgoing =>
    cancelRecord({ run, project, by: 'admin', at: at.toISOString() })
  const keysOf = (records: readonly Incoming[]) => records.map(({ key, value }) => [key?.toString(), value === null])

  test('goes to its job at once when it waits for its next attempt, and there it ends', async () => {
    await using house = await openMemoryHouse(circle)
    await using _follow = startFollow(house)
    const tried = { attempts: 1, starts: 1, waitedMs: 1, dueAt: Date.now() + 3_600_000 }
    const request = { ...root(house), attempt: 2, tried }
    await house.log.append([retryRecord(request, { hops: 0 }), wish(request)])
    expect((await house.records(jobTopic('circle', 'a'), 1)).map(parseJobRecord)).toEqual([request])
  })

  test.each(['success', 'cancelled'] as const)('is wished no more when it has ended as %s', async (status) => {
    await using house = await openMemoryHouse(circle)
    const request = root(house)
    await house.log.append([wish(request)])
    await using _follow = startFollow(house)
    const end = ended(runFactsOf(request), { definitions: String(request.definitions), status })
    await house.log.append([finishedRecord(end, { final_state: '{}', input: null })])
    const key = `cancel/${request.run}`
    expect(keysOf(await house.records(controlTopic, 2))).toEqual([
      [key, false],
      [key, true],
    ])
    expect(await house.recordsNow(jobTopic('circle', 'b'))).toHaveLength(status === 'success' ? 1 : 0)
  })

  test('is forgotten when nobody can find it any more', async () => {
    await using house = await openMemoryHouse(circle)
    const [old, young] = [root(house), root(house)]
    await house.log.append([wish(old, new Date(Date.now() - 15 * 86_400_000)), wish(young)])
    await using _follow = startFollow(house)
    expect(keysOf(await house.records(controlTopic, 3))[2]).toEqual([`cancel/${old.run}`, true])
  })
})
