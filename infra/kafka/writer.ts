import { Fault } from '../../topology/flow/fault.ts'
import type { Logger } from '../../topology/flow/ports.ts'
import { backoff } from '../../topology/flow/retry.ts'
import type { Outgoing } from '../../topology/words/record.ts'
import { messageOf } from './batch-bytes.ts'
import type { Cluster } from './cluster.ts'
import { openDeadlines } from './deadlines.ts'
import { openDispatch } from './dispatch.ts'
import { type Entry, type Lane, openLane, wanted } from './lane.ts'
import { partitionOf } from './murmur2.ts'
import { pause } from './pause.ts'
import { openProduce } from './produce.ts'

/** Writes records and says when they are safe. */
export type Writer = AsyncDisposable &
  Readonly<{
    /**
     * Waits for as long as a topic is not there, or may not be written to: giving up would let later records overtake. `permit` is asked
     * right before the records are sent, each time; what it throws is thrown, and they are not sent.
     */
    append(records: readonly Outgoing[], permit?: () => void): Promise<void>
    tryAppend(record: Outgoing, withinMs: number): Promise<void>
  }>

export type WriterOptions = Readonly<{
  prefix: string
  logger: Logger
  /** Most bytes that wait to be written: `append` then waits its turn, `tryAppend` refuses. */
  queuedBytes?: number
  /** How long to wait for more to come when much is coming; a lone record never waits. */
  lingerMs?: number
}>

/**
 * Each partition has a lane: one batch on its way at a time, what comes meanwhile is the next one. A batch that may or may not have been
 * written is sent again as it was, under the same number, so the broker can tell (KIP-98): nothing is lost or doubled or out of order,
 * for as long as it takes.
 */
export const openWriter = (cluster: Cluster, options: WriterOptions): Writer => {
  const { logger, queuedBytes = 64_000_000, lingerMs = 1 } = options
  const produce = openProduce(cluster, options)
  const lanes = new Map<string, Ways>()
  const lookups = new Map<string, Entry[]>()
  const room: (() => void)[] = []
  const idle = Promise.withResolvers<void>()
  let queued = 0
  let entries = 0
  let closed = false
  let over = false

  const deadlines = openDeadlines((entry: Entry) => {
    if (entry.state === 'waiting') entry.state = 'withdrawn'
    entry.failed(new Fault('log-unavailable', 'not acknowledged in time'))
  })

  const forget = (entry: Entry): void => {
    if (entry.state === 'over') return // given up while it was on its way, and then heard of
    entry.state = 'over'
    deadlines.out(entry)
    queued -= entry.bytes
    entries--
    while (queued < queuedBytes && room.length > 0) room.shift()?.()
    if (closed && entries === 0) idle.resolve()
  }
  const fail = (entry: Entry, error: Error): void => {
    forget(entry)
    entry.failed(error)
  }

  const dispatch = openDispatch(cluster, produce, {
    logger,
    lingerMs,
    onWritten(entry) {
      forget(entry)
      entry.done()
    },
    onFailed: fail,
    onLookedUp: (topic) => void (isAnother(topic) && remake(topic)),
  })

  const isAnother = (topic: string): boolean => {
    const [id, ways] = [cluster.topic(topic)?.id, lanes.get(topic)]
    return id !== undefined && ways !== undefined && ways.topicId !== id
  }

  /** The topic was deleted and made again: what waits goes there, in its order, before all that comes from now on. */
  const remake = async (topic: string): Promise<void> => {
    const old = lanes.get(topic)?.lanes ?? []
    lanes.delete(topic)
    lookups.set(topic, [])
    while (old.some(({ busy }) => busy)) await pause(20)
    for (const lane of old) lane.dissolve()
    const before = old.flatMap((lane) => lane.drop(true))
    lookups.set(topic, [...before, ...(lookups.get(topic) ?? [])])
    produce.retire() // lanes that are made anew count from 0
    await lookUp(topic)
  }

  const enqueue = (entry: Entry): void => {
    queued += entry.bytes
    entries++
    const { topic } = entry
    const found = lanes.get(topic)
    const waiting = lookups.get(topic)
    if (over) fail(entry, closedFault())
    else if (found) route(found.lanes, entry)
    else if (waiting) waiting.push(entry)
    else {
      lookups.set(topic, [entry])
      void lookUp(topic)
    }
  }

  const route = (topic: readonly Lane[], entry: Entry): void => {
    const lane = topic[partitionOf(entry.message.key, topic.length)]
    lane?.push(entry)
    if (lane) dispatch.kick(lane)
  }

  /** Learns how many partitions a topic has; its records wait for that in their order. */
  const lookUp = async (topic: string): Promise<void> => {
    for (let attempt = 1; !cluster.topic(topic) && !closed; attempt++) {
      await cluster.refresh([topic]).catch(() => {})
      if (cluster.topic(topic)) break
      if (attempt % 10 === 3)
        logger.warn({ topic, attempt }, 'What is to be written waits for a topic that is not there')
      await pause(wait(attempt))
      lookups.set(topic, [...wanted(lookups.get(topic) ?? [], fail)])
    }
    const info = cluster.topic(topic)
    const found = info?.leaders.map((_, partition) => openLane({ topic, partition })) ?? []
    const waiting = lookups.get(topic) ?? []
    lookups.delete(topic)
    if (info) lanes.set(topic, { topicId: info.id, lanes: found })
    for (const entry of waiting) {
      if (info) route(found, entry)
      else fail(entry, closedFault())
    }
  }

  const entryOf = (record: Outgoing, { done, failed }: Ticket, permit?: () => void): Entry => {
    const message = messageOf(record)
    const bytes = message.key.length + message.bytes.length + 32
    if (bytes > largestRecord) throw new Fault('record-too-large', `a record of ${bytes} bytes for ${record.topic}`)
    return { topic: record.topic, message, bytes, permit, done, failed, state: 'waiting' }
  }

  return {
    append(records, permit) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      let open = records.length
      const ticket: Ticket = { done: () => (--open === 0 ? resolve() : undefined), failed: reject }
      try {
        const all = records.map((record) => entryOf(record, ticket, permit))
        const go = (): void => all.forEach(enqueue)
        if (closed) reject(closedFault())
        else if (all.length === 0) resolve()
        else if (queued < queuedBytes && room.length === 0) go()
        else room.push(go)
      } catch (error) {
        reject(error)
      }
      return promise
    },
    tryAppend: (record, withinMs) =>
      new Promise((done, failed) => {
        if (closed) throw closedFault()
        if (queued >= queuedBytes || room.length > 0) throw new Fault('log-unavailable', 'too much waits to be written')
        const entry = entryOf(record, { done, failed })
        deadlines.put(entry, withinMs)
        enqueue(entry)
      }),
    async [Symbol.asyncDispose]() {
      closed = true
      if (entries > 0) {
        const late = setTimeout(idle.resolve, flushMs)
        await idle.promise
        clearTimeout(late)
      }
      over = true
      dispatch.close()
      for (const go of room.splice(0)) go()
      const left = [...lanes.values()].flatMap(({ lanes }) => lanes.flatMap((lane) => lane.drop(true)))
      for (const entry of [...left, ...[...lookups.values()].flat()]) fail(entry, closedFault())
      await produce[Symbol.asyncDispose]()
    },
  }
}

/** The lanes of a topic as it was when we looked it up. */
type Ways = Readonly<{ topicId: string; lanes: readonly Lane[] }>
type Ticket = Pick<Entry, 'done' | 'failed'>

/** Far above what any topic takes, and below what a broker reads at all (`socket.request.max.bytes`). */
const largestRecord = 64_000_000
const flushMs = 5_000
const wait = backoff(50, 1_000)

const closedFault = (): Fault => new Fault('log-unavailable', 'the log is closed')
