import { PassThrough } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { batches } from '../../../../sinks/clickhouse/batches.ts'

const limits = {
  count: 3,
  weight: 100,
  weightOf: (text: string) => text.length,
  withinMs: 60_000,
  many: 3,
  manyWithinMs: 60_000,
}

describe('batches', () => {
  test('close at a number of items', async () => {
    expect(await Array.fromAsync(batches(of('a', 'b', 'c', 'd'), limits))).toEqual([['a', 'b', 'c'], ['d']])
  })

  test('close at a weight', async () => {
    const all = await Array.fromAsync(batches(of('aaaa', 'bbbb', 'c'), { ...limits, weight: 8 }))
    expect(all).toEqual([['aaaa', 'bbbb'], ['c']])
  })

  test('take one item that is heavier than a batch', async () => {
    expect(await Array.fromAsync(batches(of('aaaa', 'b'), { ...limits, weight: 2 }))).toEqual([['aaaa'], ['b']])
  })

  test('close a while after the first item, and lose nothing of what comes later', async () => {
    const source = new PassThrough({ objectMode: true })
    const grouped = batches(source as AsyncIterable<string>, { ...limits, withinMs: 1 })
    source.write('a')
    expect((await grouped.next()).value).toEqual(['a'])
    source.write('b')
    source.end()
    expect((await grouped.next()).value).toEqual(['b'])
    expect((await grouped.next()).done).toBe(true)
  })

  test('go on for longer when there is much, and close then', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    using _real = { [Symbol.dispose]: () => void vi.useRealTimers() }
    const source = new PassThrough({ objectMode: true })
    const grouped = batches(source as AsyncIterable<string>, {
      ...limits,
      count: 10,
      withinMs: 300,
      many: 2,
      manyWithinMs: 1_000,
    })
    const take = async (ms: number, before: readonly string[], after: readonly string[]): Promise<unknown> => {
      for (const item of before) source.write(item)
      const batch = grouped.next()
      await vi.advanceTimersByTimeAsync(ms)
      for (const item of after) source.write(item)
      await vi.advanceTimersByTimeAsync(1_000 - ms)
      return (await batch).value
    }
    expect(await take(999, ['a', 'b'], ['c'])).toEqual(['a', 'b', 'c'])
    expect(await take(301, ['d'], ['e'])).toEqual(['d'])
    expect(await take(1_000, [], ['f'])).toEqual(['e'])
  })

  test('pull no more than they give', async () => {
    let pulled = 0
    const counting = (async function* () {
      for (;;) yield String(pulled++)
    })()
    const grouped = batches(counting, limits)
    await grouped.next()
    expect(pulled).toBe(3)
    await grouped.return(undefined)
  })

  test('end the source when nobody wants more', async () => {
    let ended = false
    const source = (async function* () {
      try {
        for (;;) yield 'a'
      } finally {
        ended = true
      }
    })()
    for await (const _batch of batches(source, limits)) break
    expect(ended).toBe(true)
  })
})

async function* of(...items: readonly string[]): AsyncGenerator<string> {
  yield* items
}
