import { describe, expect, test } from 'vitest'
import { runRunner } from '../../../../processors/runner/run.ts'
import type { Sandbox } from '../../../../processors/runner/sandbox/open.ts'
import { retryFaults } from '../../../../topology/flow/retry.ts'
import { jobTopic, runsTopic } from '../../../../topology/topics.ts'
import { jobRecord } from '../../../../topology/wire/job.ts'
import { type Finished, parseRunRecord } from '../../../../topology/wire/runs.ts'
import type { RunRequest } from '../../../../topology/words/run.ts'
import { type MemoryHouse, openMemoryHouse } from '../../../fixtures/memory-house.ts'
import { requested } from '../../../fixtures/records.ts'

const shop = (job: string) => `
name: shop
triggers: { all: { type: message } }
jobs: { ${job} }`
const pack = (more = '') => shop(`pack: { trigger: all, expression: fn(state => state) ${more} }`)

/** A sandbox that runs nothing: it tells which runs have begun, and ends each when it is told to. */
const scripted = () => {
  const begun: string[] = []
  const open = new Map<string, () => void>()
  const changed = new Set<() => void>()
  const tell = () => {
    for (const listener of changed) listener()
  }
  const sandbox: Sandbox = {
    run: ({ state }, signal) => {
      begun.push(state)
      tell()
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        open.set(state, () => {
          open.delete(state)
          resolve({ status: 'success', exitCode: 0, error: null, state, log: [] })
        })
      })
    },
    async [Symbol.asyncDispose]() {},
  }
  const until = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = () => {
        if (!holds()) return
        changed.delete(look)
        resolve()
      }
      changed.add(look)
      look()
    })
  const hasBegun = (count: number) => until(() => begun.length >= count)
  const end = (state: string) => {
    open.get(state)?.()
    tell()
  }
  return { sandbox, begun, hasBegun, end, endAll: () => [...open.keys()].forEach(end) }
}

const request = (
  house: MemoryHouse,
  { key, state, more = {} }: { key: string; state: string; more?: Partial<RunRequest> },
) =>
  jobRecord(
    requested({
      project: 'shop',
      job: 'pack',
      jobVersion: house.catalogue.projects().get('shop')?.project.jobs.get('pack')?.version ?? 1,
      key,
      definitions: house.catalogue.offset(),
      input: { kind: 'state', state },
      ...more,
    }),
  )

const startRunner = (house: MemoryHouse, sandbox: Sandbox) => {
  const [reading, working] = [new AbortController(), new AbortController()]
  const ended = runRunner(
    { ...house, sandbox, adaptor: 'common@test', retry: retryFaults(() => 1) },
    { reading: reading.signal, working: working.signal },
  )
  return { reading, working, ended }
}

const finished = async (house: MemoryHouse, count: number): Promise<readonly Finished[]> =>
  (await house.records(runsTopic, count)).map((record) => parseRunRecord(record) as Finished)

describe('the runner', () => {
  test('runs one key in order while other keys run beside it', async () => {
    await using house = await openMemoryHouse(pack())
    const script = scripted()
    const runner = startRunner(house, script.sandbox)
    const wishes = [
      ['a', '"a1"'],
      ['a', '"a2"'],
      ['b', '"b1"'],
    ].map(([key = '', state = '']) => request(house, { key, state }))
    for (const wish of wishes) await house.log.append([wish])

    await script.hasBegun(2)
    expect(script.begun).toEqual(['"a1"', '"b1"'])
    script.end('"a1"')
    await script.hasBegun(3)
    script.endAll()
    expect((await finished(house, 3)).map(({ final_state }) => final_state).toSorted()).toEqual(['a1', 'a2', 'b1'])
    runner.reading.abort()
    await runner.ended
  })

  test('measures how long a message took, and of a replay only how long the run did', async () => {
    await using house = await openMemoryHouse(pack())
    const script = scripted()
    const runner = startRunner(house, script.sandbox)
    await house.log.append([
      request(house, { key: 'a', state: '1' }),
      request(house, { key: 'b', state: '2', more: { replay: 'r1' } }),
    ])
    await script.hasBegun(2)
    script.endAll()
    const ends = await finished(house, 2)
    runner.reading.abort()
    await runner.ended
    expect(house.counts.get('penstock_run_wait_seconds shop')).toBe(2)
    expect(house.counts.get('penstock_run_duration_seconds shop')).toBe(2)
    expect(house.counts.get('penstock_run_end_to_end_seconds shop')).toBe(1)
    for (const { run_id, message_id, traceparent } of ends)
      expect(traceparent).toBe(`00-${message_id.replaceAll('-', '')}-${run_id.slice(19).replace('-', '')}-02`)
  })

  test('holds no more runs of a job than its concurrency', async () => {
    await using house = await openMemoryHouse(pack(', concurrency: 2'))
    const script = scripted()
    const runner = startRunner(house, script.sandbox)
    await house.log.append(['1', '2', '3'].map((state) => request(house, { key: state, state })))
    await script.hasBegun(2)
    expect(script.begun).toHaveLength(2)
    const [first = ''] = script.begun
    script.end(first)
    await script.hasBegun(3)
    script.endAll()
    expect(await finished(house, 3)).toHaveLength(3)
    runner.reading.abort()
    await runner.ended
  })

  test('lets nothing overtake when a deploy changes how a job orders its runs', async () => {
    const both = (more = '') =>
      shop(
        `pack: { trigger: all, expression: fn(state => state) ${more} }, other: { trigger: all, expression: fn(state => state) }`,
      )
    await using house = await openMemoryHouse(both())
    const script = scripted()
    const runner = startRunner(house, script.sandbox)
    await house.log.append([request(house, { key: 'a', state: '1' })])
    await script.hasBegun(1)
    await house.deploy(both(', order: strict'))
    await house.log.append([request(house, { key: 'a', state: '2' })])
    await house.log.append([request(house, { key: 'a', state: '"later"', more: { job: 'other', jobVersion: 1 } })])
    await script.hasBegun(2)
    expect(script.begun).toEqual(['1', '"later"'])
    script.end('1')
    await script.hasBegun(3)
    script.endAll()
    expect(await finished(house, 3)).toHaveLength(3)
    expect(script.begun).toEqual(['1', '"later"', '2'])
    runner.reading.abort()
    await runner.ended
  })

  test('told to stop, it finishes what runs, begins nothing more, and leaves the rest for the next', async () => {
    await using house = await openMemoryHouse(pack(', concurrency: 1'))
    const script = scripted()
    const runner = startRunner(house, script.sandbox)
    await house.log.append(['1', '2', '3'].map((state) => request(house, { key: state, state })))
    await script.hasBegun(1)
    runner.reading.abort()
    script.endAll()
    await runner.ended
    expect(script.begun).toHaveLength(1)

    const next = scripted()
    const again = startRunner(house, next.sandbox)
    await next.hasBegun(1)
    next.endAll()
    await next.hasBegun(2)
    next.endAll()
    expect((await finished(house, 3)).map(({ final_state }) => final_state).toSorted()).toEqual([1, 2, 3])
    expect([...script.begun, ...next.begun].toSorted()).toEqual(['1', '2', '3'])
    again.reading.abort()
    await again.ended
  })

  test('ends what waits for a job that is disabled, removed, or in a deleted project as cancelled', async () => {
    for (const change of [
      (house: MemoryHouse) => house.deploy(pack(', enabled: false')),
      (house: MemoryHouse) => house.deploy('name: shop'),
      (house: MemoryHouse) => house.remove('shop'),
    ]) {
      await using house = await openMemoryHouse(pack())
      const wish = request(house, { key: 'a', state: '{"n":1}' })
      await change(house)
      await house.log.append([wish])
      const script = scripted()
      const runner = startRunner(house, script.sandbox)
      const [end] = await finished(house, 1)
      expect(end).toMatchObject({ status: 'cancelled', exit_code: 6, input: { n: 1 }, final_state: null })
      expect(end?.error?.message).toMatch(/^cancelled before it started: /)
      expect(script.begun).toEqual([])
      runner.reading.abort()
      await runner.ended
    }
  })

  test('buries what is no request of ours and goes on', async () => {
    await using house = await openMemoryHouse(pack())
    const script = scripted()
    const runner = startRunner(house, script.sandbox)
    await house.log.append([
      { topic: jobTopic('shop', 'pack'), key: 'x', value: 'anything', headers: {} },
      request(house, { key: 'y', state: '0', more: { jobVersion: 77 } }),
      request(house, { key: 'z', state: '1' }),
    ])
    await script.hasBegun(1)
    script.endAll()
    expect((await finished(house, 1)).map(({ final_state }) => final_state)).toEqual([1])
    runner.reading.abort()
    await runner.ended
    expect(house.counts.get('penstock_dead_letters_total runner headers-unreadable')).toBe(1)
    expect(house.counts.get('penstock_dead_letters_total runner job-unknown')).toBe(1)
  })
})
