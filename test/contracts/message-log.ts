import { describe, expect, it } from 'vitest'
import type { Delivery, MessageLog, ReaderOptions, TailItem } from '../../topology/flow/ports.ts'
import type { TopicSpec } from '../../topology/topics.ts'
import { headerOf, type Incoming, type Outgoing } from '../../topology/words/record.ts'

export type LogUnderTest = Readonly<{
  /** Gives one without topics; it is disposed after each test. */
  open(): Promise<MessageLog>
  /**
   * Takes so many records of the topic in group `g`, begins to work on each, lets that be committed, and dies without a word.
   * Gives back what it was told of each: how often it has begun.
   */
  beginAndDie(log: MessageLog, of: Readonly<{ topic: string; count: number }>): Promise<readonly number[]>
}>

/** What every message log promises. */
export const messageLogContract = (name: string, { open, beginAndDie }: LogUnderTest): void => {
  describe(`${name} keeps the promises of a message log:`, () => {
    it('records of one key come in the order in which they were appended', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t', 3)])
      const appends: Promise<void>[] = []
      for (let n = 0; n < 200; n++) appends.push(log.append([record('t', `k${n % 5}`, String(n))]))
      await Promise.all(appends)
      await using reading = readerOf(log, { group: 'g' }, ['t'])
      const got = await reading.settled(200)
      for (const key of ['k0', 'k1', 'k2', 'k3', 'k4']) {
        const numbers = got.filter((one) => one.key?.toString() === key).map(numberIn)
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
        expect(numbers).toHaveLength(40)
      }
    })

    it('a record arrives as it was sent: key, value or none, headers of text and bytes', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      const bytes = Buffer.from([0, 255, 128])
      await log.append([
        { topic: 't', key: 'schlüssel', value: 'wért', headers: { text: 'ünï', bytes, empty: '' } },
        { topic: 't', key: '', value: null, headers: {} },
        { topic: 't', key: 'k', value: bytes, headers: {} },
      ])
      await using reading = readerOf(log, { group: 'g' }, ['t'])
      const [first, second, third] = await reading.settled(3)
      expect(first).toMatchObject({ topic: 't', partition: 0, offset: 0n, key: Buffer.from('schlüssel') })
      expect(first?.value?.toString()).toBe('wért')
      expect(first && [headerOf(first, 'text'), headerOf(first, 'empty'), headerOf(first, 'none')]).toEqual([
        'ünï',
        '',
        undefined,
      ])
      expect(first?.headers.get('bytes')).toEqual(bytes)
      expect([second?.value, second?.key]).toEqual([null, Buffer.alloc(0)])
      expect(third?.value).toEqual(bytes)
    })

    it('what was not settled is given again, to the next reader of the group', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      await log.append(numbered('t', 5))
      {
        await using reading = readerOf(log, { group: 'g' }, ['t'])
        const [first, second] = await reading.take(5)
        await first?.settle()
        await second?.settle()
      }
      await using again = readerOf(log, { group: 'g' }, ['t'])
      expect((await again.settled(3)).map(numberIn)).toEqual([2, 3, 4])
    })

    it('what was settled out of order is not given again, what lay between is', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      await log.append(numbered('t', 10))
      {
        await using reading = readerOf(log, { group: 'g' }, ['t'])
        const all = await reading.take(10)
        for (const n of [8, 3, 4, 0, 6]) await all[n]?.settle()
      }
      await using again = readerOf(log, { group: 'g' }, ['t'])
      expect((await again.settled(5)).map(numberIn)).toEqual([1, 2, 5, 7, 9])
    })

    it('groups do not know of each other', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      await log.append(numbered('t', 3))
      for (const group of ['one', 'two']) {
        await using reading = readerOf(log, { group }, ['t'])
        expect((await reading.settled(3)).map(numberIn)).toEqual([0, 1, 2])
      }
    })

    it('settling writes step after step, then marks the record done; twice is once', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t'), topic('out')])
      await log.append(numbered('t', 2))
      {
        await using reading = readerOf(log, { group: 'g' }, ['t'])
        const [first] = await reading.take(2)
        const steps = [[record('out', 'a', '1'), record('out', 'a', '2')], [record('out', 'a', '3')]]
        await Promise.all([first?.settle(steps), first?.settle(steps)])
        await first?.settle(steps)
      }
      expect((await all(log, 'out')).map(numberIn)).toEqual([1, 2, 3])
      await using again = readerOf(log, { group: 'g' }, ['t'])
      expect((await again.settled(1)).map(numberIn)).toEqual([1])
    })

    it('a record whose writing failed is not marked done, and can be settled again', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t'), topic('out')])
      await log.append(numbered('t', 1))
      await using reading = readerOf(log, { group: 'g' }, ['t'])
      const [first] = await reading.take(1)
      const large = record('out', 'a', 'x'.repeat(2_000_000))
      await expect(first?.settle([[large]])).rejects.toMatchObject({ code: 'record-too-large' })
      await first?.settle([[record('out', 'a', '2')]])
      expect((await all(log, 'out')).map(numberIn)).toEqual([2])
    })

    it('two readers share the partitions, and hand over without loss or double', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t', 4)])
      const got: { by: string; n: number }[] = []
      let appended = 0
      /** Appends ten, and waits until all there are have been read. */
      const more = async (): Promise<void> => {
        await log.append(Array.from({ length: 10 }, () => record('t', `k${appended}`, String(appended++))))
        await until(() => new Set(got.map(({ n }) => n)).size === appended)
      }
      const start = (by: string) => {
        const reading = readerOf(log, { group: 'g' }, ['t'])
        const ended = reading.each(async (delivery) => {
          got.push({ by, n: numberIn(delivery.record) })
          await delivery.settle()
        })
        return { reading, ended }
      }
      const a = start('a')
      await more()
      const b = start('b')
      while (!got.some(({ by }) => by === 'b')) await more()
      await more()
      await b.reading[Symbol.asyncDispose]()
      await b.ended
      await more()
      await a.reading[Symbol.asyncDispose]()
      await a.ended
      expect(got.map(({ n }) => n).sort((x, y) => x - y)).toEqual(Array.from({ length: appended }, (_, n) => n))
    })

    it('what is being written when partitions go to another reader is written, and read by nobody else', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t', 4), topic('pace'), topic('out')])
      const copies: Promise<void>[] = []
      /** Something takes its time before it is settled, so something is in hand whenever partitions go. */
      const copy = async ({ record: one, settle }: Delivery): Promise<void> => {
        await log.append([record('pace', 'k', '')])
        await settle([[record('out', 'k', String(numberIn(one)))]])
      }
      const copying = async (reading: ReturnType<typeof readerOf>, by: 'first' | 'second'): Promise<void> =>
        reading.each(async (delivery) => {
          copies.push(copy(delivery))
          given[by]++
        })
      const given = { first: 0, second: 0 }
      let appended = 0
      const more = async (): Promise<void> => {
        await log.append(Array.from({ length: 20 }, () => record('t', `k${appended}`, String(appended++))))
        await until(() => copies.length > appended - 20)
      }
      await using first = readerOf(log, { group: 'g' }, ['t'])
      const firstEnds = copying(first, 'first')
      while (given.first < 100) await more()
      await using second = readerOf(log, { group: 'g' }, ['t'])
      const secondEnds = copying(second, 'second')
      while (given.second < 100) await more()
      await until(() => copies.length >= appended)
      await Promise.all(copies)
      const out = (await all(log, 'out')).map(numberIn)
      expect(out.sort((a, b) => a - b)).toEqual(Array.from({ length: appended }, (_, n) => n))
      await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()])
      await Promise.all([firstEnds, secondEnds])
    })

    it('what is being written when its reader is closed is written, and not given again', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t', 2), topic('out')])
      await log.append(numbered('t', 200))
      const settling: Promise<void>[] = []
      {
        await using reading = readerOf(log, { group: 'g' }, ['t'])
        for (const { record: one, settle } of await reading.take(200))
          settling.push(settle([[record('out', 'k', String(numberIn(one)))], [record('out', 'k', 'after')]]))
      }
      await Promise.all(settling)
      expect((await all(log, 'out')).map(numberIn).filter((n) => n >= 0)).toHaveLength(200)
      await log.append([record('t', 'k', '200')])
      await using again = readerOf(log, { group: 'g' }, ['t'])
      expect((await again.settled(1)).map(numberIn)).toEqual([200])
    })

    it('what is in hand when its reader leaves is called off, and cannot be settled any more', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t'), topic('out')])
      await log.append(numbered('t', 1))
      const reading = readerOf(log, { group: 'g' }, ['t'])
      const [first] = await reading.take(1)
      expect(first?.lost.aborted).toBe(false)
      await reading[Symbol.asyncDispose]()
      expect(first?.lost.aborted).toBe(true)
      await expect(first?.settle([[record('out', 'a', '1')]])).rejects.toMatchObject({ code: 'membership-lost' })
      expect(await all(log, 'out')).toEqual([])
    })

    it('what had begun when its reader died is given again with how often it had, until it ends', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      await log.append(numbered('t', 3))
      expect(await beginAndDie(log, { topic: 't', count: 2 })).toEqual([1, 1])
      expect(await beginAndDie(log, { topic: 't', count: 1 })).toEqual([2])
      {
        await using reading = readerOf(log, { group: 'g' }, ['t'])
        const taken = await reading.take(3)
        expect(taken.map(({ begun }) => begun)).toEqual([2, 1, 0])
        expect(taken.map(({ begin }) => begin())).toEqual([3, 2, 1])
        expect(taken.map(({ begin }) => begin())).toEqual([3, 2, 1])
        await taken[0]?.settle()
      }
      await using again = readerOf(log, { group: 'g' }, ['t'])
      expect((await again.take(2)).map(({ begun }) => begun)).toEqual([1, 0])
    })

    it('what had begun when its reader was closed is called off, and given again as if it had not', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      await log.append(numbered('t', 3))
      for (const left of [3, 2]) {
        const reading = readerOf(log, { group: 'g' }, ['t'])
        const taken = await reading.take(left)
        expect(taken.map(({ begin }) => begin())).toEqual(taken.map(() => 1))
        await reading.commit()
        await taken[0]?.settle()
        await reading[Symbol.asyncDispose]()
        expect(taken.map(({ lost }) => lost.aborted)).toEqual(taken.map(() => true))
      }
      await using again = readerOf(log, { group: 'g' }, ['t'])
      expect((await again.take(1)).map(({ record: { offset }, begun }) => [offset, begun])).toEqual([[2n, 0]])
    })

    it('what begins for good is known to whoever comes next, also when it was handed back in good order', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      await log.append(numbered('t', 2))
      {
        await using reading = readerOf(log, { group: 'g' }, ['t'])
        const [first, second] = await reading.take(2)
        expect(await Promise.all([first?.beginForGood(), second?.begin()])).toEqual([1, 1])
      }
      await using again = readerOf(log, { group: 'g' }, ['t'])
      expect((await again.take(2)).map(({ begun }) => begun)).toEqual([1, 0])
    })

    it('what is to be tried again stays in hand, counts as not begun, and who comes next knows of it', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t'), topic('said')])
      await log.append(numbered('t', 2))
      const tried = { attempts: 1, starts: 2, waitedMs: 5_000, dueAt: 1_795_000_000_000 }
      {
        await using reading = readerOf(log, { group: 'g' }, ['t'])
        const [first, second] = await reading.take(2)
        first?.begin()
        await first?.again([numbered('said', 1)], tried)
        await second?.settle()
        expect(first?.begin()).toBe(1)
        await first?.again([], { ...tried, attempts: 2 })
      }
      expect((await all(log, 'said')).map(numberIn)).toEqual([0])
      await log.append(numbered('t', 1))
      await using again = readerOf(log, { group: 'g' }, ['t'])
      const taken = await again.take(2)
      expect(taken.map(({ begun, tried }) => [begun, tried])).toEqual([
        [0, { ...tried, attempts: 2 }],
        [0, undefined],
      ])
      for (const delivery of taken) await delivery.settle()
    })

    it('a partition that nobody settles gets its share of the budget and holds up no other', async () => {
      await using log = await open()
      await log.ensureTopics([topic('slow'), topic('quick')])
      await log.append(Array.from({ length: 500 }, (_, n) => record('slow', 'k', `${n} ${'x'.repeat(1_000)}`)))
      await using reading = readerOf(log, { group: 'g', budgetBytes: 200_000 }, ['slow', 'quick'])
      const slow = await reading.take(10)
      await log.append(numbered('quick', 3))
      while (slow.at(-1)?.record.topic !== 'quick') slow.push(...(await reading.take(1)))
      expect(slow.length).toBeLessThan(100)
      expect(slow.at(-1)?.record.topic).toBe('quick')
      for (const delivery of slow) await delivery.settle()
      expect(await reading.settled(503 - slow.length)).toHaveLength(503 - slow.length)
    })

    it('a record larger than the whole budget is given all the same', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      await log.append([record('t', 'k', 'x'.repeat(5_000)), record('t', 'k', 'y'.repeat(5_000))])
      await using reading = readerOf(log, { group: 'g', budgetBytes: 1_000 }, ['t'])
      expect((await reading.settled(2)).map(({ value }) => value?.toString('utf8', 0, 1))).toEqual(['x', 'y'])
    })

    it('what was settled is not given again, in whatever order thousands were', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      const count = 20_000
      await log.append(numbered('t', count))
      {
        await using reading = readerOf(log, { group: 'g' }, ['t'])
        for (const delivery of await reading.take(count))
          if (numberIn(delivery.record) % 2 === 1) await delivery.settle()
      }
      await using again = readerOf(log, { group: 'g' }, ['t'])
      const left = await again.settled(count / 2)
      expect(left.map(numberIn)).toEqual(Array.from({ length: count / 2 }, (_, n) => 2 * n))
    })

    it('a repeat is dropped, also by a reader that comes later', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      const idOf = (one: Incoming): string | undefined => headerOf(one, 'id')
      const withId = (id: string, n: number): Outgoing => ({ ...record('t', 'k', String(n)), headers: { id } })
      await log.append([withId('a', 0), withId('b', 1), withId('a', 2), record('t', 'k', '3'), record('t', 'k', '4')])
      {
        await using reading = readerOf(log, { group: 'g', idOf }, ['t'])
        expect((await reading.settled(4)).map(numberIn)).toEqual([0, 1, 3, 4])
      }
      await log.append([withId('b', 5), withId('c', 6), withId('a', 7), withId('d', 8)])
      await using again = readerOf(log, { group: 'g', idOf }, ['t'])
      expect((await again.settled(2)).map(numberIn)).toEqual([6, 8])
    })

    it('a repeat is dropped, also of what an earlier reader settled beyond its commit', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      const idOf = (one: Incoming): string | undefined => headerOf(one, 'id')
      const withId = (id: string, n: number): Outgoing => ({ ...record('t', 'k', String(n)), headers: { id } })
      await log.append([withId('a', 0), withId('b', 1)])
      {
        await using reading = readerOf(log, { group: 'g', idOf }, ['t'])
        const [, second] = await reading.take(2)
        await second?.settle()
      }
      await log.append([withId('b', 2), withId('c', 3)])
      await using again = readerOf(log, { group: 'g', idOf }, ['t'])
      expect((await again.settled(2)).map(numberIn)).toEqual([0, 3])
    })

    it('a record that is given again is no repeat of itself', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      const idOf = (one: Incoming): string | undefined => one.value?.toString()
      await log.append(numbered('t', 4))
      {
        await using reading = readerOf(log, { group: 'g', idOf }, ['t'])
        const taken = await reading.take(4)
        await taken[1]?.settle()
      }
      await using again = readerOf(log, { group: 'g', idOf }, ['t'])
      expect((await again.settled(3)).map(numberIn)).toEqual([0, 2, 3])
    })

    it('a topic can be subscribed to later, even before it is there; what is in hand goes on', async () => {
      await using log = await open()
      await log.ensureTopics([topic('one')])
      await log.append(numbered('one', 2))
      await using reading = readerOf(log, { group: 'g' }, ['one'])
      const [first] = await reading.take(2)
      reading.subscribe(['one', 'two'])
      await log.ensureTopics([topic('two')])
      await log.append(numbered('two', 1))
      const [second] = await reading.take(1)
      expect(second?.record.topic).toBe('two')
      expect(first?.lost.aborted).toBe(false)
      await first?.settle()
      await log.append(numbered('one', 1))
      expect((await reading.take(1))[0]?.record).toMatchObject({ topic: 'one', offset: 2n })
    })

    it('topics that come one after another while the group is joining are all read', async () => {
      await using log = await open()
      const names = Array.from({ length: 12 }, (_, n) => `t${n}`)
      await log.ensureTopics(names.slice(0, 1).map((name) => topic(name)))
      await using one = readerOf(log, { group: 'g' }, names.slice(0, 1))
      await using other = readerOf(log, { group: 'g' }, names.slice(0, 1))
      for (const [n, name] of names.entries()) {
        await log.ensureTopics([topic(name)])
        for (const reading of [one, other]) reading.subscribe(names.slice(0, n + 1))
      }
      for (const name of names) await log.append(numbered(name, 1))
      const seen = new Set<string>()
      const readAll = async (reading: typeof one): Promise<void> => {
        while (seen.size < names.length) {
          const [delivery] = await Promise.race([reading.take(1), all.promise])
          if (!delivery) return
          seen.add(delivery.record.topic)
          await delivery.settle()
          if (seen.size === names.length) all.resolve([])
        }
      }
      const all = Promise.withResolvers<Delivery[]>()
      await Promise.all([readAll(one), readAll(other)])
      expect([...seen].toSorted()).toEqual(names.toSorted())
    })

    it('a reader tells what it has not settled, also of a partition that it has no room for', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t'), topic('full')])
      await log.append(numbered('t', 10))
      await log.append(Array.from({ length: 30 }, (_, n) => record('full', 'k', 'x'.repeat(1_000 + n))))
      await using reading = readerOf(log, { group: 'g', budgetBytes: 60_000 }, ['t', 'full'])
      const ofTopic = (name: string) =>
        log.progress().flatMap((one) => one.partitions.filter((partition) => partition.topic === name))[0]
      const taken = await reading.take(14)
      await until(() => ofTopic('t')?.lag === 10 && ofTopic('full')?.lag === 30)
      const [told] = log.progress()
      expect([told?.group, told?.partitions.length]).toEqual(['g', 2])
      expect(told?.assignments).toBeGreaterThan(0)
      expect(told?.silentMs).toBeLessThan(5_000)

      const mine = taken.filter((one) => one.record.topic === 't')
      expect(ofTopic('t')?.oldestAt).toBeGreaterThan((mine[0]?.record.timestamp ?? 0) - 1_000)
      expect(ofTopic('t')?.oldestAt).toBeLessThanOrEqual(mine[0]?.record.timestamp ?? 0)
      await log.append(Array.from({ length: 70 }, () => record('full', 'k', 'y'.repeat(1_000))))
      await until(() => ofTopic('full')?.lag === 100)
      for (const delivery of taken) await delivery.settle()
      await reading.settled(110 - taken.length)
      expect(ofTopic('t')).toEqual({ topic: 't', partition: 0, lag: 0, oldestAt: null })
      expect(ofTopic('full')).toMatchObject({ lag: 0, oldestAt: null })
    })

    it('who has left has nothing to tell', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      await log.append(numbered('t', 1))
      {
        await using reading = readerOf(log, { group: 'g' }, ['t'])
        await reading.take(1)
        expect(log.progress()).toMatchObject([{ group: 'g', partitions: [{ topic: 't', lag: 1 }] }])
      }
      expect(log.progress()).toEqual([])
    })

    it('a tail gives all there is, says once that it has caught up, and follows', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t', 2)])
      await log.append(numbered('t', 6))
      const stop = new AbortController()
      const seen: string[] = []
      for await (const item of log.tail('t', stop.signal)) {
        if (item.kind === 'record') seen.push(String(numberIn(item.record)))
        else {
          seen.push('|')
          await log.append([record('t', 'late', '6')])
        }
        if (seen.includes('6')) stop.abort()
      }
      expect([...seen.slice(0, 6)].sort()).toEqual(['0', '1', '2', '3', '4', '5'])
      expect(seen.slice(6)).toEqual(['|', '6'])
    })

    it('a tail of an empty topic has caught up at once', async () => {
      await using log = await open()
      await log.ensureTopics([topic('t')])
      expect(await all(log, 't')).toEqual([])
    })

    it('a record that is too large is refused, the others of the same append are written', async () => {
      await using log = await open()
      await log.ensureTopics([{ ...topic('t'), maxMessageBytes: 10_000 }])
      const large = record('t', 'k', 'x'.repeat(20_000))
      const small = numbered('t', 40).map((one) => ({ ...one, value: `${one.value} ${'y'.repeat(1_000)}` }))
      await expect(log.append([...small.slice(0, 20), large, ...small.slice(20)])).rejects.toMatchObject({
        code: 'record-too-large',
      })
      await log.append([record('t', 'k', '40')])
      expect((await all(log, 't')).map(numberIn)).toEqual(Array.from({ length: 41 }, (_, n) => n))
      await expect(log.tryAppend(large, 5_000)).rejects.toMatchObject({ code: 'record-too-large' })
    })

    it('what is appended to a topic that is not there waits for it, in its order', async () => {
      await using log = await open()
      await log.ensureTopics([topic('there')])
      const waiting = [log.append([record('later', 'k', '0')]), log.append([record('later', 'k', '1')])]
      await expect(log.tryAppend(record('later', 'k', 'late'), 300)).rejects.toMatchObject({ code: 'log-unavailable' })
      waiting.push(log.append([record('there', 'k', '7'), record('later', 'k', '2')]))
      await log.tryAppend(record('there', 'k', '8'), 5_000)
      await log.ensureTopics([topic('later')])
      await Promise.all(waiting)
      expect((await all(log, 'later')).map(numberIn)).toEqual([0, 1, 2])
      expect((await all(log, 'there')).map(numberIn).sort()).toEqual([7, 8])
    })

    it('what waits for a topic when the log is closed is refused', async () => {
      const log = await open()
      const refused = expect(log.append([record('never', 'k', 'v')])).rejects.toMatchObject({ code: 'log-unavailable' })
      await log[Symbol.asyncDispose]()
      await refused
      await expect(log.append([record('never', 'k', 'v')])).rejects.toMatchObject({ code: 'log-unavailable' })
    })

    it('topics can be made again, many at once, and the log can be asked whether it is there', async () => {
      await using log = await open()
      const specs = Array.from({ length: 30 }, (_, n) => topic(`t${n}`, (n % 3) + 1))
      await log.ensureTopics(specs.slice(0, 10))
      await log.ensureTopics(specs)
      await log.append(specs.map(({ name: of }) => record(of, 'k', '7')))
      await log.ping()
    })
  })
}

/** A topic of the test's own; sizes are small, so that limits are met. */
export const topic = (name: string, partitions = 1): TopicSpec => ({
  name,
  partitions,
  retentionMs: 86_400_000,
  maxMessageBytes: 1_000_000,
  cleanup: 'delete',
  precious: false,
})

export const record = (to: string, key: string, value: string): Outgoing => ({ topic: to, key, value, headers: {} })

/** Records with the values 0, 1, 2 … */
export const numbered = (to: string, count: number): readonly Outgoing[] =>
  Array.from({ length: count }, (_, n) => record(to, `k${n}`, String(n)))

export const numberIn = ({ value }: Incoming): number => Number.parseInt(value?.toString() ?? '', 10)

/** A reader with its iterator. Disposing ends both. */
export const readerOf = (log: Pick<MessageLog, 'reader'>, options: ReaderOptions, topics: readonly string[]) => {
  const stop = new AbortController()
  const reader = log.reader(options)
  reader.subscribe(topics)
  const deliveries = reader.deliveries(stop.signal)[Symbol.asyncIterator]()
  const take = async (count: number): Promise<Delivery[]> => {
    const taken: Delivery[] = []
    while (taken.length < count) {
      const { value, done } = await deliveries.next()
      if (done) break
      taken.push(value)
    }
    return taken
  }
  return {
    take,
    subscribe: reader.subscribe,
    commit: reader.commit,
    async settled(count: number): Promise<Incoming[]> {
      const records: Incoming[] = []
      while (records.length < count) {
        const [delivery] = await take(1)
        if (!delivery) break
        await delivery.settle()
        records.push(delivery.record)
      }
      return records
    },
    async each(act: (delivery: Delivery) => Promise<void>): Promise<void> {
      for (let next = await deliveries.next(); !next.done; next = await deliveries.next()) await act(next.value)
    },
    async [Symbol.asyncDispose](): Promise<void> {
      stop.abort()
      await reader[Symbol.asyncDispose]()
    },
  }
}

/** All records of a topic, up to its end now. */
export const all = async (log: MessageLog, of: string): Promise<Incoming[]> => {
  const stop = new AbortController()
  const records: Incoming[] = []
  const take = (item: TailItem): void => {
    if (item.kind === 'record') records.push(item.record)
    else stop.abort()
  }
  for await (const item of log.tail(of, stop.signal)) take(item)
  return records
}

/** Resolves when it holds; looks again with each turn of the loop, gently. The test's own time limit ends it. */
export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}
