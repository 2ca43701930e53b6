import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Desk, type DeskOptions, openDesk, type Place } from '../../../../infra/kafka/desk.ts'
import { sizeOf } from '../../../../infra/kafka/hold.ts'
import { Fault } from '../../../../topology/flow/fault.ts'
import type { Delivery } from '../../../../topology/flow/ports.ts'
import { repeatsWithin } from '../../../../topology/flow/repeats.ts'
import { watermarkAt } from '../../../../topology/flow/watermark.ts'
import type { Incoming, Outgoing } from '../../../../topology/words/record.ts'

it('goes on after the fullest commit there is', async () => {
  const mark = watermarkAt(0n)
  let end = 0
  while (mark.fits(BigInt(end))) mark.begin(BigInt(end++))
  for (let n = 1; n < end; n += 2) mark.finish(BigInt(n))

  const desk = deskOf()
  desk.gain(place, { offset: mark.lowest(), metadata: mark.encode(), topicId: '' })
  offer(desk, recordsOf(end + 100))
  const given: number[] = []
  for (let wanted = 0; wanted < end + 100; wanted += wanted < end - 1 ? 2 : 1) {
    const delivery = await next(desk)
    given.push(Number(delivery.record.offset))
    await delivery.settle()
  }
  expect(given).toEqual(Array.from({ length: end + 100 }, (_, n) => n).filter((n) => n >= end || n % 2 === 0))
  expect(desk.uncommitted()).toEqual([{ ...place, offset: BigInt(end + 100), metadata: '', topicId: '' }])
})

it('hands out no more than a commit can tell apart, and loses none of what is done', async () => {
  const desk = deskOf()
  desk.gain(place, { offset: 0n, metadata: '', topicId: '' })
  offer(desk, recordsOf(30_000))
  const inHand: Delivery[] = []
  for (let delivery = await atOnce(desk); delivery; delivery = await atOnce(desk)) inHand.push(delivery)
  expect(inHand.length).toBeGreaterThan(20_000)
  expect(inHand.length).toBeLessThan(30_000)
  for (const delivery of inHand) if (delivery.record.offset % 2n === 1n) await delivery.settle()

  const [commit] = desk.uncommitted()
  const again = watermarkAt(commit?.offset ?? -1n, commit?.metadata)
  expect(inHand.map(({ record }) => again.wasFinished(record.offset))).toEqual(inHand.map((_, n) => n % 2 === 1))
  expect(await atOnce(desk)).toBeUndefined()
  await inHand[0]?.settle()
  expect((await next(desk)).record.offset).toBe(BigInt(inHand.length))
})

it('knows a repeat of what an earlier life has finished', async () => {
  const desk = deskOf({ idOf: ({ key }) => key?.toString() })
  desk.gain(place, { offset: 0n, metadata: 'f1,1', topicId: '', repeats: repeatsWithin({ ms: 1_000, records: 100 }) })
  offer(desk, [recordOf(0, 'a'), recordOf(1, 'b'), recordOf(2, 'b'), recordOf(3, 'c')])
  expect([await next(desk), await next(desk)].map(({ record }) => record.offset)).toEqual([0n, 3n])
})

it('what is not settled counts as lag, in hand, laid out or still in the log, and the oldest of it has the age', async () => {
  const desk = deskOf()
  desk.gain(place, { offset: 0n, metadata: '', topicId: '' })
  const at = (offset: number, timestamp: number): Incoming => ({ ...recordOf(offset, 'k'), timestamp })
  const progress = () => desk.progress().map(({ lag, oldestAt }) => [lag, oldestAt])
  expect(progress()).toEqual([[0, null]])
  offer(desk, [at(0, 10_000), at(1, 60_000), at(2, 60_400), at(3, 90_000)], 5n)
  expect(progress()).toEqual([[9, 10_000]])
  const [first, second, third] = [await next(desk), await next(desk), await next(desk)]
  await second.settle()
  expect(progress()).toEqual([[8, 10_000]])
  await first.settle()
  expect(progress()).toEqual([[7, 60_000]]) // its own time is 60,400: to a second
  await third.settle()
  expect(progress()).toEqual([[6, 90_000]])
  await (await next(desk)).settle()
  expect(progress()).toEqual([[5, null]])
  desk.endsAt(place, 20n)
  desk.endsAt(place, 3n)
  expect(progress()).toEqual([[16, null]])
  desk.lose(place)
  expect(progress()).toEqual([])
})

it('a repeat between records makes nothing look older than it is', async () => {
  const desk = deskOf({ idOf: ({ key }) => key?.toString() })
  desk.gain(place, { offset: 0n, metadata: '', topicId: '', repeats: repeatsWithin({ ms: 1e9, records: 100 }) })
  offer(desk, [{ ...recordOf(0, 'a'), timestamp: 1_000 }])
  await (await next(desk)).settle()
  offer(desk, [
    { ...recordOf(1, 'a'), timestamp: 500_000 },
    { ...recordOf(2, 'b'), timestamp: 900_000 },
  ])
  expect(desk.progress()).toMatchObject([{ lag: 1, oldestAt: 900_000 }])
  await next(desk)
  expect(desk.progress()).toMatchObject([{ lag: 1, oldestAt: 900_000 }])
})

it('says which partitions have no room, for nobody fetches from them', async () => {
  const desk = deskOf({ budgetBytes: 1_000 })
  desk.gain(place, { offset: 0n, metadata: '', topicId: '' })
  desk.gain({ topic: 'other', partition: 0 }, { offset: 0n, metadata: '', topicId: '' })
  expect(desk.full()).toEqual([])
  offer(desk, [recordOf(0, 'a', 5_000), recordOf(1, 'b', 5_000)])
  expect(desk.full()).toEqual([place])
  await (await next(desk)).settle()
  expect(desk.full()).toEqual([])
})

it('commits past repeats that nothing follows, and not past records that wait before them', async () => {
  const desk = deskOf({ idOf: ({ key }) => key?.toString() })
  desk.gain(place, { offset: 0n, metadata: '', topicId: '', repeats: repeatsWithin({ ms: 1_000, records: 100 }) })
  offer(desk, [recordOf(0, 'a'), recordOf(1, 'a'), recordOf(2, 'b'), recordOf(3, 'a')])
  await (await next(desk)).settle()
  expect(desk.uncommitted()[0]?.offset).toBeLessThanOrEqual(2n)
  await (await next(desk)).settle()
  expect(desk.uncommitted()[0]?.offset).toBe(4n)
})

it('asks again for a record that there was no room for only when there is', async () => {
  const desk = deskOf({ budgetBytes: 32_000 })
  desk.gain(place, { offset: 0n, metadata: '', topicId: '' })
  const records = [recordOf(0, 'a', 1_000), recordOf(1, 'b', 1_000), recordOf(2, 'c', 15_000)]
  offer(desk, records)
  expect(desk.wants()).toEqual([])
  const [first, second] = [await next(desk), await next(desk)]
  await first.settle()
  expect(desk.wants()).toEqual([])
  await second.settle()
  expect(desk.wants()).toMatchObject([{ position: 2n }])
  offer(desk, records.slice(2))
  expect((await next(desk)).record.offset).toBe(2n)
})

it('lets what is in hand of a partition that goes be written, though it is not known yet who will own what', async () => {
  const never = new Promise<void>(() => {})
  const written: string[] = []
  const write: DeskOptions['write'] = async (records) => void written.push(...records.map(({ key }) => key))
  const desk = deskOf({ unsure: () => never, write })
  desk.gain(place, { offset: 0n, metadata: '', topicId: '' })
  offer(desk, recordsOf(3))
  const [first, second] = [await next(desk), await next(desk)]
  const waiting = first.settle([[copy('a')], [copy('b')]])
  expect(written).toEqual([])
  desk.retire(place)
  await waiting
  await second.settle([[copy('c')]])
  await Promise.all([desk.quiet(place), desk.settled()])
  expect(written).toEqual(['a', 'b', 'c'])
  expect(desk.uncommitted()).toEqual([{ ...place, offset: 2n, metadata: '', topicId: '' }])
  expect(await atOnce(desk)).toBeUndefined()
})

it('calls off at once what waits to be written when its partition is lost', async () => {
  const desk = deskOf({ unsure: () => new Promise<void>(() => {}) })
  desk.gain(place, { offset: 0n, metadata: '', topicId: '' })
  offer(desk, recordsOf(1))
  const waiting = (await next(desk)).settle([[copy('a')]])
  desk.lose(place)
  await expect(waiting).rejects.toMatchObject({ code: 'membership-lost' })
  await desk.settled()
})

it('says what has begun without an end, forgets it when it ends, and takes it back when it is cut off', async () => {
  const told: string[] = []
  const desk = deskOf({ onBegun: () => told.push('begun') })
  desk.gain(place, { offset: 0n, metadata: ';1:2', topicId: '' })
  offer(desk, recordsOf(3))
  const [first, second, third] = [await next(desk), await next(desk), await next(desk)]
  expect([first.begun, second.begun]).toEqual([0, 2])
  expect([first.begin(), second.begin(), second.begin()]).toEqual([1, 3, 3])
  expect(told).toHaveLength(3)
  expect(desk.uncommitted()).toEqual([{ ...place, offset: 0n, metadata: ';0,1:3', topicId: '' }])
  await first.settle()
  expect(desk.uncommitted()).toEqual([{ ...place, offset: 1n, metadata: ';0:3', topicId: '' }])
  desk.cutOff(place)
  expect(desk.uncommitted()).toEqual([{ ...place, offset: 1n, metadata: ';0:2', topicId: '' }])
  expect(second.lost.aborted).toBe(true)
  expect(() => third.begin()).toThrow()
  await expect(third.settle()).rejects.toMatchObject({ code: 'membership-lost' })
})

it('does not count what it had started itself when a partition that was called off comes back', async () => {
  const desk = deskOf()
  const come = async (metadata: string): Promise<readonly Delivery[]> => {
    desk.gain(place, { offset: 0n, metadata, topicId: '' })
    offer(desk, recordsOf(3))
    return [await next(desk), await next(desk), await next(desk)]
  }
  const [first, second] = await come(';1:2')
  for (const delivery of [first, second]) delivery?.begin()
  desk.lose(place)
  const back = await come(';0,1:3,1') // somebody else has started the last one meanwhile
  expect(back.map(({ begun }) => begun)).toEqual([0, 2, 1])
  expect(desk.uncommitted()).toEqual([{ ...place, offset: 0n, metadata: ';1:2,1', topicId: '' }])
  expect(back[1]?.begin()).toBe(3)
  desk.lose(place)
  expect((await come(';1:2,1')).map(({ begun }) => begun)).toEqual([0, 2, 1]) // no commit had told of it
  desk.lose(place)
  expect((await come(';1:3')).map(({ begun }) => begun)).toEqual([0, 3, 0]) // others did that
})

it('marks done what is being written while it is cut off, when that is acknowledged before the partition goes', async () => {
  const acknowledged = Promise.withResolvers<void>()
  const desk = deskOf({ write: () => acknowledged.promise })
  desk.gain(place, { offset: 0n, metadata: '', topicId: '' })
  offer(desk, recordsOf(2))
  const [first, second] = [await next(desk), await next(desk)]
  for (const delivery of [first, second]) delivery.begin()
  const settling = first.settle([[copy('a')]])
  desk.cutOff(place)
  acknowledged.resolve()
  await settling
  expect(desk.uncommitted()).toEqual([{ ...place, offset: 1n, metadata: '', topicId: '' }])
  desk.lose(place)
  expect(desk.uncommitted()).toEqual([])
})

it('looks only at partitions in which something has happened since they were committed', async () => {
  const desk = deskOf()
  const places = Array.from({ length: 3 }, (_, partition) => ({ topic: 't', partition }))
  for (const one of places) {
    desk.gain(one, { offset: 0n, metadata: '', topicId: '' })
    const records = recordsOf(2).map((record) => ({ ...record, ...one }))
    desk.offer(one, { from: 0n, records, next: 2n, end: 2n })
  }
  const partitions = () => desk.uncommitted().map(({ partition }) => partition)
  const [a, b] = [await next(desk), await next(desk)]
  expect(partitions()).toEqual([])
  await a.settle()
  b.begin()
  const commits = desk.uncommitted()
  expect(commits.map(({ partition }) => partition)).toEqual([0, 1])
  await b.settle() // while the commits are on their way
  desk.committed(commits)
  expect(desk.uncommitted()).toEqual([{ topic: 't', partition: 1, offset: 1n, metadata: '', topicId: '' }])
  desk.committed(desk.uncommitted().slice(1))
  expect(partitions()).toEqual([1]) // was not taken: said again
  desk.committed(desk.uncommitted())
  expect(partitions()).toEqual([])
})

it('leaves room for whoever comes, however many partitions are slow', async () => {
  const budgetBytes = 30_000
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.nat(1_000)),
      async (sizes, picks) => {
        const desk = deskOf({ budgetBytes })
        const inHand: Delivery[][] = sizes.map(() => [])
        const held = (): readonly number[] =>
          inHand.map((ones) => ones.reduce((sum, { record }) => sum + sizeOf(record), 0))
        const free = (): number => budgetBytes - held().reduce((sum, bytes) => sum + bytes, 0)
        for (const [partition] of sizes.entries()) desk.gain({ topic: 't', partition }, start)
        /** Each is offered more than it may have, and all that it takes is handed out. */
        const fill = async (): Promise<void> => {
          for (const { topic, partition, position } of desk.wants()) {
            const size = sizes[partition] ?? 0
            const before = held()[partition]
            const count = Math.ceil(budgetBytes / (size + 100))
            const records = Array.from({ length: count }, (_, n) => ({
              ...recordOf(Number(position) + n, 'k', size),
              partition,
            }))
            desk.offer({ topic, partition }, { from: position, records, next: position + BigInt(count), end: 0n })
            for (let one = await atOnce(desk); one; one = await atOnce(desk)) inHand[partition]?.push(one)
            if (held()[partition] !== before)
              expect(held()[partition]).toBeLessThanOrEqual(Math.max(free(), size + 200))
          }
        }
        await fill()
        for (const pick of picks.take(400)) {
          const some = inHand[pick % inHand.length] ?? []
          const [one] = some.splice(pick % (some.length || 1), 1)
          await one?.settle()
          if (pick % 10 === 0) await fill()
        }
        // Each leaves seven eighths, but for the one record that everybody may have.
        const floors = sizes.reduce((sum, size) => sum + size + 200, 0)
        expect(free()).toBeGreaterThan(budgetBytes * (7 / 8) ** sizes.length - floors)
        desk.gain({ topic: 'new', partition: 0 }, start)
        const record = { ...recordOf(0, 'k', Math.max(0, Math.floor(free() / 16) - 200)), topic: 'new' }
        desk.offer({ topic: 'new', partition: 0 }, { from: 0n, records: [record, record], next: 2n, end: 2n })
        expect(await atOnce(desk)).toBeDefined()
        expect(await atOnce(desk)).toBeDefined()
      },
    ),
    { numRuns: 10, endOnFailure: true },
  )
})

const start = { offset: 0n, metadata: '', topicId: '' }

it('begins nothing, and writes nothing, that may be somebody else’s by now', async () => {
  const written: string[] = []
  let mine = true
  const permit = (): void => {
    if (!mine) throw new Fault('membership-lost', 'no heartbeat for too long')
  }
  const desk = deskOf({ permit, write: async (records) => void written.push(...records.map(({ key }) => key)) })
  desk.gain(place, { offset: 0n, metadata: '', topicId: '' })
  offer(desk, recordsOf(2))
  const [first, second] = [await next(desk), await next(desk)]
  expect(first.begin()).toBe(1)
  mine = false
  expect(() => second.begin()).toThrow('no heartbeat')
  await expect(first.settle([[copy('a')]])).rejects.toMatchObject({ code: 'membership-lost' })
  expect(written).toEqual([])
  expect(desk.uncommitted()).toEqual([{ ...place, offset: 0n, metadata: ';0', topicId: '' }])
})

it('begins while the group settles, for no heartbeat goes out then, and writes when that is over', async () => {
  const written: string[] = []
  const settled = Promise.withResolvers<void>()
  let settling = true
  const desk = deskOf({
    permit() {
      if (settling) throw new Fault('membership-lost', 'no heartbeat for too long')
    },
    unsure: () => (settling ? settled.promise : undefined),
    write: async (records) => void written.push(...records.map(({ key }) => key)),
  })
  desk.gain(place, { offset: 0n, metadata: '', topicId: '' })
  offer(desk, recordsOf(2))
  const [first, second] = [await next(desk), await next(desk)]
  expect(first.begin()).toBe(1)
  const writing = first.settle([[copy('a')]])
  settling = false
  settled.resolve()
  await writing
  expect(written).toEqual(['a'])
  settling = true
  desk.lose(place)
  expect(() => second.begin()).toThrow('somebody else')
})

const place: Place = { topic: 't', partition: 0 }

const deskOf = (options: Partial<DeskOptions> = {}): Desk =>
  openDesk({
    budgetBytes: 64_000_000,
    permit() {},
    unsure: () => undefined,
    write: async () => {},
    commit: async () => {},
    onSettled() {},
    onBegun() {},
    ...options,
  })

const recordOf = (offset: number, key: string, bytes = 0): Incoming => ({
  ...place,
  offset: BigInt(offset),
  timestamp: 0,
  key: Buffer.from(key),
  value: Buffer.alloc(bytes),
  headers: new Map(),
})

const recordsOf = (count: number): readonly Incoming[] => Array.from({ length: count }, (_, n) => recordOf(n, `k${n}`))

const copy = (key: string): Outgoing => ({ topic: 'out', key, value: null, headers: {} })

const offer = (desk: Desk, records: readonly Incoming[], more = 0n): void => {
  const next = (records.at(-1)?.offset ?? -1n) + 1n
  desk.offer(place, { from: records[0]?.offset ?? 0n, records, next, end: next + more })
}

/** The next delivery; undefined when none is to be had now. */
const atOnce = async (desk: Desk): Promise<Delivery | undefined> => {
  const stop = new AbortController()
  const taken = desk.take(stop.signal)
  stop.abort()
  return await taken
}

const next = async (desk: Desk): Promise<Delivery> => {
  const delivery = await atOnce(desk)
  if (!delivery) throw new Error('nothing is handed out')
  return delivery
}
