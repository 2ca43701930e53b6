import { describe, expect, test } from 'vitest'
import { jobTopic } from '../../../../topology/topics.ts'
import type { LogLine } from '../../../../topology/words/run.ts'
import { type MemoryHouse, openMemoryHouse } from '../../../fixtures/memory-house.ts'
import { finished, job, request, scripted, shop, startRunner } from '../../../fixtures/runner.ts'

const pack = (more = '') => shop(job('pack', more))

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

  test('tells history and metrics the same of a run that no record can hold', async () => {
    await using house = await openMemoryHouse(pack())
    const script = scripted()
    const runner = startRunner(house, script.sandbox)
    await house.log.append([request(house, { key: 'a', state: '1' })])
    await script.hasBegun(1)
    const line: LogLine = { time: '', level: 'info', source: 'job', message: 'x'.repeat(80_000) }
    script.end('1', { log: Array(300).fill(line) })
    expect(await finished(house, 1)).toMatchObject([
      { status: 'killed', exit_code: 4, error: { name: 'StateTooLargeError' }, final_state: null },
    ])
    expect([...house.counts.keys()].filter((name) => name.startsWith('penstock_runs_total'))).toEqual([
      'penstock_runs_total shop pack killed',
    ])
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
    const both = (more = '') => shop(`${job('pack', more)}, ${job('other')}`)
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
