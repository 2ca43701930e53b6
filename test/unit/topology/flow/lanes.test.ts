import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fairGate, gate, lanes } from '../../../../topology/flow/lanes.ts'

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

test('a gate that gets other places lets in who waits, or waits until so many have gone', async () => {
  const { run, resize } = gate(1)
  const tasks = Array.from({ length: 5 }, openTask)
  const done = tasks.map((task) => run(task.run))
  const begun = async () => {
    await turn()
    return tasks.filter((task) => task.begun()).length
  }
  expect(await begun()).toBe(1)
  resize(3)
  expect(await begun()).toBe(3)
  resize(1)
  for (const task of tasks.slice(0, 2)) task.resolve('ended')
  expect(await begun()).toBe(3)
  tasks[2]?.resolve('ended')
  expect(await begun()).toBe(4)
  for (const task of tasks) task.resolve('ended')
  await Promise.all(done)
  expect(await begun()).toBe(5)
})

describe('a fair gate', () => {
  test('keeps its last places for groups that have none', async () => {
    const { run } = fairGate({ places: 4, kept: 2 })
    const tasks = Array.from({ length: 7 }, openTask)
    const groups = ['slow', 'slow', 'slow', 'a', 'a', 'b', 'c']
    const done = tasks.map((task, n) => run(groups[n] ?? '', task.run))
    const begun = () => groups.filter((_, n) => tasks[n]?.begun())
    await turn()
    expect(begun()).toEqual(['slow', 'slow', 'a', 'b']) // a third slow one and a second a find none, c none at all
    tasks[3]?.resolve('ended')
    await turn()
    expect(begun()).toEqual(['slow', 'slow', 'a', 'a', 'b'])
    tasks[0]?.resolve('ended')
    await turn()
    expect(begun()).toEqual(['slow', 'slow', 'a', 'a', 'b', 'c'])
    for (const task of tasks) task.resolve('ended')
    await Promise.all(done)
    expect(begun()).toEqual(groups)
  })

  test('lets in two when one goes that was the only one of its group', async () => {
    const { run } = fairGate({ places: 3, kept: 1 })
    const tasks = Array.from({ length: 4 }, openTask)
    const done = tasks.map((task, n) => run('baab'[n] ?? '', task.run))
    const begun = () => tasks.map((task) => task.begun())
    await turn()
    expect(begun()).toEqual([true, true, false, false])
    tasks[0]?.resolve('ended')
    await turn()
    expect(begun()).toEqual([true, true, true, true])
    for (const task of tasks) task.resolve('ended')
    await Promise.all(done)
  })

  test('groups that wait take turns', async () => {
    const { run } = fairGate({ places: 1, kept: 0 })
    const order: string[] = []
    await Promise.all(['x', 'a', 'a', 'a', 'b', 'b', 'c'].map((group) => run(group, async () => order.push(group))))
    expect(order).toEqual(['x', 'a', 'b', 'c', 'a', 'b', 'a'])
  })

  test('never lets more in than it may, leaves no place empty that somebody may have, and lets all in at last', async () => {
    const work = fc.array(fc.record({ group: fc.constantFrom('a', 'b', 'c', 'd'), turns: fc.nat(3) }), {
      maxLength: 60,
    })
    const sizes = fc
      .record({ places: fc.integer({ min: 1, max: 8 }), kept: fc.nat(7) })
      .filter((size) => size.kept < size.places)
    await fc.assert(
      fc.asyncProperty(work, sizes, async (all, { places, kept }) => {
        const { run } = fairGate({ places, kept })
        const inside: string[] = []
        const waiting = all.map(({ group }) => group)
        const broken: unknown[] = []
        /** Right after somebody came in, or went out and whoever may has followed. */
        const look = (came?: string): void => {
          const first = came !== undefined && inside.filter((group) => group === came).length === 1
          if (inside.length > (first || came === undefined ? places : places - kept)) broken.push([came, [...inside]])
          const may = waiting.some((group) => inside.length < (inside.includes(group) ? places - kept : places))
          if (came === undefined && may) broken.push(['empty', [...inside], [...waiting]])
        }
        await Promise.all(
          all.map(({ group, turns }) =>
            run(group, async () => {
              inside.push(group)
              waiting.splice(waiting.indexOf(group), 1)
              look(group)
              for (let n = 0; n < turns; n++) await turn()
              inside.splice(inside.indexOf(group), 1)
            }).then(async () => {
              await Promise.resolve()
              if (inside.length === 0 || waiting.length === 0) return
              await turn()
              look()
            }),
          ),
        )
        expect([inside, waiting, broken]).toEqual([[], [], []])
      }),
    )
  })
})
