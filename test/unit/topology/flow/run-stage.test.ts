import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openMemoryLog } from '../../../../infra/memory/log.ts'
import { Fault } from '../../../../topology/flow/fault.ts'
import { lanes } from '../../../../topology/flow/lanes.ts'
import type { Delivery, MessageLog, Reader } from '../../../../topology/flow/ports.ts'
import { retryFaults } from '../../../../topology/flow/retry.ts'
import { inOrder, runStage, type Schedule, type StageLoop } from '../../../../topology/flow/run-stage.ts'
import { bury, drop, emit, type Stage, type Verdict } from '../../../../topology/flow/verdict.ts'
import { fixedTopics } from '../../../../topology/topics.ts'
import { parseDeadLetter } from '../../../../topology/wire/dead-letters.ts'
import type { Incoming, Outgoing } from '../../../../topology/words/record.ts'

const topic = { retentionMs: 1, maxMessageBytes: 1_000, cleanup: 'delete', precious: false } as const
const [source, target] = ['job.p.source', 'job.p.target']

const openLog = async (): Promise<MessageLog> => {
  const log = openMemoryLog({ drainMs: 50 })
  await log.ensureTopics([
    ...fixedTopics,
    { ...topic, name: source, partitions: 1 },
    { ...topic, name: target, partitions: 1 },
  ])
  return log
}
const write = (log: MessageLog, values: readonly string[]): Promise<void> =>
  log.append(values.map((value) => ({ topic: source, key: value, value, headers: {} })))

const copy = ({ value }: Incoming): Outgoing => ({ topic: target, key: 'k', value, headers: {} })
const text = ({ value }: Incoming): string => String(value)
const valuesIn = async (log: MessageLog, name: string, count: number): Promise<readonly Incoming[]> => {
  const found: Incoming[] = []
  for await (const item of log.tail(name, new AbortController().signal)) {
    if (item.kind === 'record') found.push(item.record)
    if (item.kind === 'caught-up' ? count === 0 : found.length === count) break
  }
  return found
}
/** What a group would read now: all that is not committed. */
const left = async (log: MessageLog): Promise<readonly string[]> => {
  await write(log, ['end'])
  await using reader = log.reader({ group: 'g' })
  reader.subscribe([source])
  const found: string[] = []
  for await (const { record } of reader.deliveries(new AbortController().signal)) {
    if (text(record) === 'end') break
    found.push(text(record))
  }
  return found
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const atOnce: Schedule = (_, work) => work()

/** A loop at work, with both its stops in hand. */
const start = (
  log: MessageLog,
  stage: Stage,
  loop: Partial<StageLoop> = {},
  wrap = (reader: Reader): Reader => reader,
) => {
  const [reading, working] = [new AbortController(), new AbortController()]
  const run = async (): Promise<void> => {
    await using reader = log.reader({ group: 'g' })
    reader.subscribe([source])
    const stop = { reading: reading.signal, working: working.signal }
    await runStage(wrap(reader), { name: 'test', stage, retry: retryFaults(() => 0), schedule: atOnce, ...loop }, stop)
  }
  return { done: run(), reading, working }
}

/** The reader, with something done to each delivery. */
const changed = (reader: Reader, change: (delivery: Delivery) => Delivery): Reader => ({
  ...reader,
  async *deliveries(reading) {
    for await (const delivery of reader.deliveries(reading)) yield change(delivery)
  },
})

/** Something to wait for. */
const latch = () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { promise, open: () => resolve() }
}

const unhandled: unknown[] = []
const onUnhandled = (error: unknown): void => void unhandled.push(error)

describe('runStage', () => {
  process.on('unhandledRejection', onUnhandled)
  test('writes what the stage says, and is done with it', async () => {
    const log = await openLog()
    await write(log, ['a', 'b', 'c'])
    const loop = start(log, (record) => emit([copy(record)]))
    expect((await valuesIn(log, target, 3)).map(text)).toEqual(['a', 'b', 'c'])
    loop.reading.abort()
    await loop.done
    expect(await left(log)).toEqual([])
  })

  test('a dropped record is done with, too', async () => {
    const log = await openLog()
    await write(log, ['a', 'b'])
    const loop = start(log, (record) => (text(record) === 'a' ? drop('not wanted') : emit([copy(record)])))
    await valuesIn(log, target, 1)
    loop.reading.abort()
    await loop.done
    expect(await left(log)).toEqual([])
  })

  test('buries with the original and all that is known of it', async () => {
    const log = await openLog()
    await log.append([{ topic: source, key: 'k', value: 'v', headers: { 'penstock-message-id': 'm', other: 'h' } }])
    const buried: string[] = []
    const loop = start(log, () => bury(new Fault('message-unreadable', 'not JSON'), { run: 'r' }), {
      onBurial: ({ reason }) => buried.push(reason),
    })
    const [letter] = (await valuesIn(log, 'dead-letters', 1)).map(parseDeadLetter)
    loop.reading.abort()
    await loop.done
    expect(letter).toMatchObject({
      reason: 'message-unreadable',
      detail: 'not JSON',
      stage: 'test',
      project: 'p',
      message: 'm',
      run: 'r',
      record: { topic: source, partition: 0, offset: 0n, key: Buffer.from('k'), value: Buffer.from('v') },
    })
    expect(letter?.record.headers.get('other')?.toString()).toBe('h')
    expect(buried).toEqual(['message-unreadable'])
  })

  test('buries what the log will never take, and goes on', async () => {
    const log = await openLog()
    await write(log, ['a', 'b'])
    const huge = (record: Incoming) => ({ ...copy(record), value: 'x'.repeat(2_000) })
    const loop = start(log, (record) => emit([text(record) === 'a' ? huge(record) : copy(record)]))
    const [letter] = (await valuesIn(log, 'dead-letters', 1)).map(parseDeadLetter)
    expect(letter).toMatchObject({ reason: 'record-too-large', project: 'p' })
    expect((await valuesIn(log, target, 1)).map(text)).toEqual(['b'])
    loop.reading.abort()
    await loop.done
    expect(await left(log)).toEqual([])
  })

  test('asks again for as long as the world is at fault', async () => {
    const log = await openLog()
    await write(log, ['a'])
    let asked = 0
    const loop = start(log, (record) => {
      if (++asked < 4) throw new Fault('store-unavailable', 'away')
      return emit([copy(record)])
    })
    await valuesIn(log, target, 1)
    loop.reading.abort()
    await loop.done
    expect(asked).toBe(4)
  })

  test('stop.reading lets what is in hand be finished', async () => {
    const log = await openLog()
    await write(log, ['a'])
    const [asked, answer] = [latch(), latch()]
    const loop = start(log, async (record) => {
      asked.open()
      await answer.promise
      return emit([copy(record)])
    })
    await asked.promise
    loop.reading.abort()
    await write(log, ['too late'])
    answer.open()
    await loop.done
    expect((await valuesIn(log, target, 0)).map(text)).toEqual(['a'])
    expect(await left(log)).toEqual(['too late'])
  })

  test('stop.working drops what is in hand, even of a stage that does not listen', async () => {
    const log = await openLog()
    await write(log, ['a', 'b'])
    const [asked, answer] = [latch(), latch()]
    const settled: string[] = []
    const stage: Stage = async (record) => {
      asked.open()
      await answer.promise
      return emit([copy(record)])
    }
    const loop = start(log, stage, {}, (reader) =>
      changed(reader, (delivery) => ({ ...delivery, settle: async () => void settled.push(text(delivery.record)) })),
    )
    await asked.promise
    loop.reading.abort()
    loop.working.abort()
    await loop.done
    answer.open()
    await new Promise(setImmediate)
    expect(settled).toEqual([])
    expect(await left(log)).toEqual(['a', 'b'])
  })

  test('what is dropped had not begun, for whoever reads on; what was settled has ended', async () => {
    const log = await openLog()
    await write(log, ['a', 'b'])
    const asked = latch()
    const begun: number[] = []
    const loop = start(log, async (record, hand) => {
      begun.push(hand.begin())
      if (text(record) === 'a') return emit([copy(record)])
      asked.open()
      return new Promise((_, reject) => hand.signal.addEventListener('abort', () => reject(hand.signal.reason)))
    })
    await asked.promise
    await valuesIn(log, target, 1)
    loop.reading.abort()
    loop.working.abort()
    await loop.done
    await using reader = log.reader({ group: 'g' })
    reader.subscribe([source])
    for await (const { record, begun: before, begin } of reader.deliveries(new AbortController().signal)) {
      expect([text(record), before, begin()]).toEqual(['b', 0, 1])
      break
    }
    expect(begun).toEqual([1, 1])
  })

  test('stop.working ends it although what is to be written finds no room, and that is left for whoever reads on', async () => {
    const log = await openLog()
    await write(log, ['a'])
    const settling = latch()
    const nowhere = (record: Incoming): Outgoing => ({ ...copy(record), topic: 'job.p.nowhere' })
    const loop = start(
      log,
      (record) => emit([nowhere(record)]),
      {},
      (reader) =>
        changed(reader, (delivery) => ({
          ...delivery,
          settle: (steps) => {
            settling.open()
            return delivery.settle(steps)
          },
        })),
    )
    await settling.promise
    loop.reading.abort()
    loop.working.abort()
    await loop.done
    expect(await left(log)).toEqual(['a'])
  })

  test('what waits to be written counts as in hand: no more is read than there is room for', async () => {
    const log = await openLog()
    const values = Array.from({ length: 50 }, (_, n) => `${n} ${'x'.repeat(400)}`)
    await write(log, values)
    const stop = { reading: new AbortController(), working: new AbortController() }
    await using reader = log.reader({ group: 'g', budgetBytes: 80_000 })
    reader.subscribe([source])
    let asked = 0
    const full = latch()
    const stage: Stage = (record) => {
      if (++asked === 10) full.open()
      return emit([{ ...copy(record), topic: 'job.p.later' }])
    }
    const signals = { reading: stop.reading.signal, working: stop.working.signal }
    const done = runStage(reader, { name: 'test', stage, retry: retryFaults(() => 0), schedule: atOnce }, signals)
    await full.promise
    await new Promise(setImmediate)
    expect(asked).toBe(10) // each takes some 930 bytes: an eighth of the room
    await log.ensureTopics([{ ...topic, name: 'job.p.later', partitions: 1 }])
    expect((await valuesIn(log, 'job.p.later', 50)).map(text)).toEqual(values)
    stop.reading.abort()
    await done
  })

  test('stop.working alone ends the reading, too', async () => {
    const log = await openLog()
    const loop = start(log, (record) => emit([copy(record)]))
    loop.working.abort()
    await loop.done
  })

  test.each<[string, Stage, Schedule]>([
    ['the stage', failing, atOnce],
    ['the stage, in order', failing, inOrder()],
    ['the schedule', copying, failing],
    ['the schedule, later', copying, async () => failing()],
  ])('an error of %s stops the loop, drops what is in hand and is thrown', async (_, stage, schedule) => {
    const log = await openLog()
    await write(log, ['hung', 'b', 'c'])
    const hung: Schedule = (delivery, work) =>
      text(delivery.record) === 'hung' ? new Promise(() => {}) : schedule(delivery, work)
    await expect(start(log, stage, { schedule: hung }).done).rejects.toThrow('on purpose')
    expect(await left(log)).toContain('hung')
  })

  test('an error of the reader is thrown, after what is in hand was dropped', async () => {
    const log = await openLog()
    await write(log, ['a'])
    let dropped = false
    const stage: Stage = (_, { signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          dropped = true
          reject(signal.reason)
        }),
      )
    const loop = start(log, stage, {}, (reader) => ({
      ...reader,
      async *deliveries(reading: AbortSignal) {
        for await (const delivery of reader.deliveries(reading)) {
          yield delivery
          throw new Fault('membership-lost', 'gone')
        }
      },
    }))
    await expect(loop.done).rejects.toMatchObject({ code: 'membership-lost' })
    expect(dropped).toBe(true)
  })

  test('a lost partition calls off its own work only', async () => {
    const log = await openLog()
    await write(log, ['lost', 'kept'])
    const lost = new AbortController()
    const [asked, answer] = [latch(), latch()]
    const reasons: unknown[] = []
    const stage: Stage = async (record, { signal }) => {
      if (text(record) === 'kept') {
        await answer.promise
        return emit([copy(record)])
      }
      asked.open()
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason)
          reject(new Error('cut off in the middle'))
        }),
      )
    }
    const loop = start(log, stage, {}, (reader) =>
      changed(reader, (delivery) => (text(delivery.record) === 'lost' ? { ...delivery, lost: lost.signal } : delivery)),
    )
    await asked.promise
    lost.abort('somebody else has it')
    answer.open()
    expect((await valuesIn(log, target, 1)).map(text)).toEqual(['kept'])
    loop.reading.abort()
    await loop.done
    expect(reasons).toEqual(['somebody else has it'])
    expect(await left(log)).toEqual(['lost'])
  })

  test('what is settled is committed before it returns', async () => {
    const log = await openLog()
    await write(log, ['a'])
    const said: string[] = []
    const loop = start(
      log,
      (record) => emit([copy(record)]),
      {},
      (reader) => ({
        ...reader,
        commit: async () => {
          await reader.commit()
          said.push('committed')
        },
      }),
    )
    await valuesIn(log, target, 1)
    loop.reading.abort()
    await loop.done.then(() => said.push('returned'))
    expect(said).toEqual(['committed', 'returned'])
  })

  test('work in lanes keeps the order of each key', async () => {
    const log = await openLog()
    await write(
      log,
      Array.from({ length: 60 }, (_, n) => `${'abc'[n % 3]}${String(n).padStart(2, '0')}`),
    )
    const { run, open } = lanes()
    const loop = start(
      log,
      async (record) => {
        for (let turns = Number(text(record).slice(1)) % 4; turns > 0; turns--) await new Promise(setImmediate)
        return emit([copy(record)])
      },
      { schedule: ({ record }, work) => run(text(record)[0] ?? '', work) },
    )
    const found = (await valuesIn(log, target, 60)).map(text)
    loop.reading.abort()
    await loop.done
    for (const key of 'abc') {
      const lane = found.filter((value) => value.startsWith(key))
      expect(lane).toEqual(lane.toSorted())
    }
    expect(open()).toBe(0)
  })

  test('memory does not grow with what was settled', async () => {
    const record: Incoming = {
      topic: source,
      partition: 0,
      offset: 0n,
      timestamp: 0,
      key: null,
      value: null,
      headers: new Map(),
    }
    const lost = new AbortController().signal
    let used: number[] = []
    const endless: Reader = {
      subscribe: () => {},
      async *deliveries() {
        for (let n = 1; n <= 60_000; n++) {
          yield {
            record,
            lost,
            begun: 0,
            tried: undefined,
            begin: () => 1,
            beginForGood: async () => 1,
            settle: async () => {},
            again: async () => {},
          }
          if (n % 20_000 !== 0) continue
          await new Promise(setImmediate)
          collectGarbage()
          used = [...used, process.memoryUsage().heapUsed]
        }
      },
      commit: async () => {},
      progress: () => ({ group: 'test', assignments: 1, silentMs: 0, partitions: [] }),
      [Symbol.asyncDispose]: async () => {},
    }
    const stop = { reading: new AbortController().signal, working: new AbortController().signal }
    await runStage(
      endless,
      { name: 'test', stage: () => drop('read'), retry: retryFaults(() => 0), schedule: inOrder() },
      stop,
    )
    expect((used[2] ?? 0) - (used[1] ?? 0)).toBeLessThan(500_000)
  })

  test('no rejection went unheard', async () => {
    await new Promise(setImmediate)
    onTestFinished(() => void process.off('unhandledRejection', onUnhandled))
    expect(unhandled).toEqual([])
  })
})

describe('inOrder', () => {
  test('asks and begins to write in the order of the offsets, while earlier writes are still going on', async () => {
    const log = await openLog()
    await write(log, ['slow', 'b', 'c'])
    const done: string[] = []
    const settling: string[] = []
    const acknowledged = latch()
    const stage: Stage = async (record) => {
      if (text(record) === 'slow') for (let turns = 5; turns > 0; turns--) await new Promise(setImmediate)
      done.push(text(record))
      return emit([copy(record)])
    }
    const slowly = (delivery: Delivery): Delivery => ({
      ...delivery,
      settle: async (steps) => {
        settling.push(text(delivery.record))
        if (settling.length === 3) acknowledged.open()
        await acknowledged.promise // nobody is acknowledged before all three are under way
        await delivery.settle(steps)
      },
    })
    const loop = start(log, stage, { schedule: inOrder() }, (reader) => changed(reader, slowly))
    await acknowledged.promise
    expect(done).toEqual(['slow', 'b', 'c'])
    expect(settling).toEqual(['slow', 'b', 'c'])
    loop.reading.abort()
    await loop.done
    expect(await left(log)).toEqual([])
  })
})

function failing(): never {
  throw new Error('on purpose')
}
function copying(record: Incoming): Verdict {
  return emit([copy(record)])
}
