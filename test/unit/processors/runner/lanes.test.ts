import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { partitionOf } from '../../../../infra/kafka/murmur2.ts'
import type { Sandbox } from '../../../../processors/runner/sandbox/open.ts'
import { jobTopic } from '../../../../topology/topics.ts'
import { type MemoryHouse, openMemoryHouse } from '../../../fixtures/memory-house.ts'
import { finished, job, request, scripted, shop, startRunner } from '../../../fixtures/runner.ts'

/** Keys whose records lie in this one of two partitions. */
const keysIn = (partition: number, count: number): readonly string[] =>
  Array.from({ length: 50 }, (_, n) => `k${n}`)
    .filter((key) => partitionOf(Buffer.from(key), 2) === partition)
    .slice(0, count)

/** A house with one job, of two partitions. */
const openShop = async (more: string): Promise<MemoryHouse> => {
  const house = await openMemoryHouse()
  await house.log.ensureTopics([
    {
      name: jobTopic('shop', 'pack'),
      partitions: 2,
      retentionMs: 1,
      maxMessageBytes: 10_000,
      cleanup: 'delete',
      precious: false,
    },
  ])
  await house.deploy(shop(job('pack', more)))
  return house
}

const stopped = async ({ working, ended }: ReturnType<typeof startRunner>): Promise<void> => {
  working.abort()
  await ended
}

describe('a run that does not end', () => {
  test.each([
    ['key', 'its key', 'other keys of its partition', ([slow = ''], [, ...quick]) => [slow, quick]],
    ['key', 'its key', 'other partitions', ([slow = ''], _, quick) => [slow, quick]],
    ['strict', 'its partition', 'other partitions', ([slow = ''], _, quick) => [slow, quick]],
    ['none', 'nobody', 'its own key', ([slow = ''], [same = '']) => [slow, [same]]],
    ['none', 'nobody', 'other partitions', ([slow = ''], _, quick) => [slow, quick]],
  ] satisfies readonly [
    string,
    string,
    string,
    (a: readonly string[], b: readonly string[], c: readonly string[]) => [string, readonly string[]],
  ][])('with order %s holds up %s, not %s', async (order, _, __, pick) => {
    await using house = await openShop(`, order: ${order}`)
    const script = scripted()
    const runner = startRunner(house, script.sandbox)
    const here = keysIn(0, 3)
    const [slow, quick] = pick(here, here, keysIn(1, 3))
    await house.log.append([request(house, { key: slow, state: '"slow"' })])
    await script.hasBegun(1)
    const wishes = Array.from({ length: 30 }, (_, n) => ({ key: quick[n % quick.length] ?? '', state: `${n}` }))
    if (order !== 'none') await house.log.append([request(house, { key: slow, state: '"waits"' })])
    await house.log.append(wishes.map((wish) => request(house, wish)))
    const ends = finished(house, 30)
    for (let begun = 1; begun <= 30; begun++) {
      await script.hasBegun(begun + 1)
      script.end(script.begun[begun] ?? '')
    }
    expect((await ends).map(({ final_state }) => Number(final_state)).toSorted((a, b) => a - b)).toEqual(
      wishes.map(({ state }) => Number(state)),
    )
    expect(script.begun).not.toContain('"waits"')
    await stopped(runner)
  })

  test('holds up no other job, however many jobs there are of which no run ends', async () => {
    const slow = Array.from({ length: 12 }, (_, n) => `slow${n}`)
    const quick = Array.from({ length: 20 }, (_, n) => `quick${n}`)
    await using house = await openMemoryHouse(shop([...slow, ...quick].map((name) => job(name)).join(',')))
    const script = scripted()
    const runner = startRunner(house, script.sandbox)
    const wish = (name: string, key: string) =>
      request(house, { key, state: JSON.stringify(`${name} ${key}`), more: { job: name, jobVersion: 1 } })
    await house.log.append(slow.flatMap((name) => Array.from({ length: 20 }, (_, n) => wish(name, `k${n}`))))
    await script.hasBegun(64)
    await setImmediate()
    expect(script.begun).toHaveLength(64)
    expect(new Set(script.begun.map((state) => state.split(' ')[0])).size).toBe(12)

    await house.log.append(quick.flatMap((name) => [wish(name, 'a'), wish(name, 'b')]))
    await script.hasBegun(64 + 20) // the first of each, at once; the second when the first has ended
    for (const name of quick) script.end(JSON.stringify(`${name} a`))
    await script.hasBegun(64 + 40)
    for (const name of quick) script.end(JSON.stringify(`${name} b`))
    expect((await finished(house, 40)).map((end) => end.job).every((name) => name.startsWith('quick'))).toBe(true)
    expect(script.begun).toHaveLength(64 + 40)
    await stopped(runner)
  })
})

test('a deploy that gives a job more concurrency lets other keys run at once, however much waits behind a slow one', async () => {
  await using house = await openMemoryHouse(shop(job('pack', ', concurrency: 1')))
  const script = scripted()
  const runner = startRunner(house, script.sandbox)
  const wish = (key: string) => request(house, { key, state: JSON.stringify(key), more: { jobVersion: 1 } })
  await house.log.append([wish('slow'), wish('slow')])
  await script.hasBegun(1)
  await house.deploy(shop(job('pack', ', concurrency: 2')))
  await house.log.append([wish('quick')])
  await script.hasBegun(2)
  expect(script.begun).toEqual(['"slow"', '"quick"'])
  await stopped(runner)
})

test('each key in its order, each job within its concurrency, whatever each run takes', async () => {
  const wishes = fc.array(
    fc.record({ name: fc.constantFrom('one', 'two'), key: fc.constantFrom('a', 'b', 'c'), turns: fc.nat(4) }),
    { minLength: 1, maxLength: 60 },
  )
  await fc.assert(
    fc.asyncProperty(wishes, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), async (all, one, two) => {
      const jobs = [job('one', `, concurrency: ${one}`), job('two', `, concurrency: ${two}`)]
      await using house = await openMemoryHouse(shop(jobs.join(',')))
      const inHand = new Map<string, number>()
      const change = (what: string, by: number): number => {
        inHand.set(what, (inHand.get(what) ?? 0) + by)
        return inHand.get(what) ?? 0
      }
      const order: string[] = []
      const broken: string[] = []
      const sandbox: Sandbox = {
        run: async ({ job: { name }, state }) => {
          const { key, turns } = JSON.parse(state)
          order.push(state)
          if (change(name, 1) > (name === 'one' ? one : two)) broken.push(`more of ${name} than its concurrency`)
          if (change(`${name} ${key}`, 1) > 1) broken.push(`two of ${name} ${key} at once`)
          for (let turn = 0; turn < turns; turn++) await setImmediate()
          change(name, -1)
          change(`${name} ${key}`, -1)
          return { status: 'success', exitCode: 0, error: null, state, log: [] }
        },
        async [Symbol.asyncDispose]() {},
      }
      const states = all.map((wish, n) => JSON.stringify({ ...wish, n }))
      await house.log.append(
        all.map(({ name, key }, n) =>
          request(house, { key, state: states[n] ?? '', more: { job: name, jobVersion: 1 } }),
        ),
      )
      const runner = startRunner(house, sandbox)
      await finished(house, all.length)
      await stopped(runner)
      expect(broken).toEqual([])
      const lane = (state: string): string => {
        const { name, key } = JSON.parse(state)
        return `${name} ${key}`
      }
      expect(Object.groupBy(order, lane)).toEqual(Object.groupBy(states, lane))
    }),
    { numRuns: 40 },
  )
})
