import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gate, lanes } from '../../../../topology/flow/lanes.ts'

/** A task that ends when it is told to. */
const openTask = () => {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let begun = false
  return {
    run: () => {
      begun = true
      return promise
    },
    begun: () => begun,
    resolve,
    reject,
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('lanes', () => {
  test('a task waits for the one before it in its lane, and for no other', async () => {
    const { run } = lanes()
    const [a1, a2, b1] = [openTask(), openTask(), openTask()]
    const done = [run('a', a1.run), run('a', a2.run), run('b', b1.run)]
    await turn()
    expect([a1.begun(), a2.begun(), b1.begun()]).toEqual([true, false, true])

    a1.resolve('a1')
    await done[0]
    await turn()
    expect(a2.begun()).toBe(true)
    a2.resolve('a2')
    b1.resolve('b1')
    expect(await Promise.all(done)).toEqual(['a1', 'a2', 'b1'])
  })

  test('a task that fails says so to who asked, and its lane goes on', async () => {
    const { run, open } = lanes()
    const first = openTask()
    const failing = run('a', first.run)
    const next = run('a', async () => 'went on')
    first.reject(new Error('broke'))
    await expect(failing).rejects.toThrow('broke')
    expect(await next).toBe('went on')
    expect(open()).toBe(0)
  })

  test('a lane goes away with its last task', async () => {
    const { run, open } = lanes()
    const done = Array.from({ length: 1_000 }, (_, n) => run(`key ${n % 400}`, turn))
    expect(open()).toBe(400)
    await Promise.all(done)
    expect(open()).toBe(0)
  })

  test('every lane keeps the order of the calls, however long tasks take', async () => {
    const work = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), turns: fc.nat(4), fails: fc.boolean() }))
    await fc.assert(
      fc.asyncProperty(work, async (tasks) => {
        const { run, open } = lanes()
        const begun: number[] = []
        const busy = new Set<string>()
        const done = tasks.map(({ key, turns, fails }, n) =>
          run(key, async () => {
            expect(busy.has(key)).toBe(false)
            busy.add(key)
            begun.push(n)
            for (let left = turns; left > 0; left--) await turn()
            busy.delete(key)
            if (fails) throw new Error('on purpose')
          }),
        )
        await Promise.allSettled(done)
        for (const lane of ['a', 'b', 'c']) {
          const order = begun.filter((n) => tasks[n]?.key === lane)
          expect(order).toEqual(order.toSorted((a, b) => a - b))
        }
        expect(begun.length).toBe(tasks.length)
        expect(open()).toBe(0)
      }),
      { numRuns: 50 },
    )
  })
})

describe('a gate', () => {
  test('lets so many in, and the others in their order as places get free', async () => {
    const { run } = gate(2)
    const tasks = Array.from({ length: 5 }, openTask)
    const done = tasks.map((task) => run(task.run))
    const begun = () => tasks.map((task) => task.begun())
    await turn()
    expect(begun()).toEqual([true, true, false, false, false])

    tasks[1]?.resolve('ended')
    await turn()
    expect(begun()).toEqual([true, true, true, false, false])
    tasks[0]?.reject(new Error('broke'))
    await expect(done[0]).rejects.toThrow('broke')
    await turn()
    expect(begun()).toEqual([true, true, true, true, false])

    for (const task of tasks) task.resolve('ended')
    await Promise.allSettled(done)
    expect(begun()).toEqual([true, true, true, true, true])
  })

  test('never lets more in than it has places', async () => {
    const { run } = gate(3)
    let [inside, most] = [0, 0]
    await Promise.all(
      Array.from({ length: 200 }, () =>
        run(async () => {
          most = Math.max(most, ++inside)
          await turn()
          inside--
        }),
      ),
    )
    expect([inside, most]).toEqual([0, 3])
  })
})
