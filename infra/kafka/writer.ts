import { Fault } from '../../topology/flow/fault.ts'
import type { Logger } from '../../topology/flow/ports.ts'
import { backoff } from '../../topology/flow/retry.ts'
import type { Outgoing } from '../../topology/words/record.ts'
import type { Cluster } from './cluster.ts'
import { unavailable } from './errors.ts'
import { type Batch, type Entry, type Lane, openLane } from './lane.ts'
import { partitionOf } from './murmur2.ts'
import { openProduce, type Producer, type Result } from './produce.ts'

/** Writes records and says when they are safe. */
export type Writer = AsyncDisposable &
  Readonly<{
    /** `permit` is asked right before the records are sent, each time; what it throws is thrown, and they are not sent. */
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
 * Each partition has a lane: one batch on its way at a time, what comes meanwhile is the next one. Each broker gets one request at a time,
 * with the batches of all its lanes. A batch that may or may not have been written is sent again as it was, under the same number, so
 * the broker can tell (KIP-98): nothing is lost or doubled or out of order, for as long as it takes.
 */
export const openWriter = (cluster: Cluster, options: WriterOptions): Writer => {
  const { logger, queuedBytes = 64_000_000, lingerMs = 1 } = options
  const produce = openProduce(cluster, options)
  const lanes = new Map<string, readonly Lane[]>()
  const lookups = new Map<string, Entry[]>()
  const senders = new Map<number, Sender>()
  const room: (() => void)[] = []
  const idle: (() => void)[] = []
  let queued = 0
  let entries = 0
  let closed = false

  const forget = (entry: Entry): void => {
    queued -= entry.bytes
    entries--
    while (queued < queuedBytes && room.length > 0) room.shift()?.()
    if (entries === 0) for (const resolve of idle.splice(0)) resolve()
  }
  const done = (entry: Entry): void => {
    forget(entry)
    entry.done()
  }
  const fail = (entry: Entry, error: Error): void => {
    forget(entry)
    entry.failed(error)
  }

  const enqueue = (entry: Entry): void => {
    queued += entry.bytes
    entries++
    const topic = entry.record.topic
    const found = lanes.get(topic)
    const waiting = lookups.get(topic)
    if (found) route(found, entry)
    else if (waiting) waiting.push(entry)
    else {
      lookups.set(topic, [entry])
      void lookUp(topic)
    }
  }

  const route = (topic: readonly Lane[], entry: Entry): void => {
    const lane = topic[partitionOf(entry.message.key, topic.length)]
    lane?.push(entry)
    if (lane) kick(lane)
  }

  /** Learns how many partitions a topic has; its records wait for that in their order. */
  const lookUp = async (topic: string): Promise<void> => {
    for (let attempt = 1; !lanes.has(topic); attempt++) {
      const trouble = await cluster.refresh([topic]).then(
        () => undefined,
        (error: unknown) => unavailable(error),
      )
      const count = cluster.topic(topic)?.leaders.length
      if (count)
        lanes.set(
          topic,
          Array.from({ length: count }, (_, partition) => openLane({ topic, partition })),
        )
      else if (closed || (!trouble && attempt >= 3)) break
      else await pause(wait(attempt))
    }
    const waiting = lookups.get(topic) ?? []
    lookups.delete(topic)
    const found = lanes.get(topic)
    for (const entry of waiting) {
      if (found) route(found, entry)
      else fail(entry, new Fault('log-unavailable', `there is no topic ${topic}`))
    }
  }

  /** Has the lane's next batch sent as soon as its broker is free. */
  const kick = (lane: Lane): void => {
    if (lane.busy || lane.resting || lane.length === 0) return
    const node = cluster.topic(lane.topic)?.leaders[lane.partition] ?? -1
    if (node < 0 || !cluster.nodes().includes(node)) {
      rest(lane, 'it has no leader')
      return
    }
    let sender = senders.get(node)
    if (!sender) {
      sender = { node, ready: new Set(), running: false, lately: 0, arrived: 0, go: undefined }
      senders.set(node, sender)
    }
    sender.ready.add(lane)
    if (++sender.arrived >= sender.lately) sender.go?.()
    if (!sender.running) void run(sender)
  }

  const run = async (sender: Sender): Promise<void> => {
    sender.running = true
    await Promise.resolve() // what is appended in the same turn goes together
    while (sender.ready.size > 0) {
      if (sender.lately > busyRecords && sender.arrived < sender.lately) await linger(sender)
      const producer = await produce.producer()
      const batches = gather(sender, producer)
      sender.lately = 0
      sender.arrived = 0
      for (const batch of batches) sender.lately += batch.entries.length
      if (batches.length === 0) continue
      const results = await produce.send(sender.node, batches)
      for (const [index, batch] of batches.entries())
        settle(batch, results[index] ?? { kind: 'unsure', why: 'no word of it' })
    }
    sender.running = false
  }

  /** Under load a request is worth waiting for: until as much has come as went last time, but hardly longer than a moment. */
  const linger = (sender: Sender): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, lingerMs)
      sender.go = (): void => {
        sender.go = undefined
        clearTimeout(timer)
        resolve()
      }
    })

  const gather = (sender: Sender, current: Producer): readonly Batch[] => {
    const batches: Batch[] = []
    let bytes = 0
    for (const lane of sender.ready) {
      if (bytes >= requestBytes) break
      if (lane.busy || lane.resting) {
        sender.ready.delete(lane)
        continue
      }
      const batch = lane.next(current, fail)
      if (!batch && lane.spent === current) {
        produce.retire(current)
        continue
      }
      // One request names one producer; a batch that is sent again may still belong to an earlier one.
      if (batch && batches[0] && batch.producer !== batches[0].producer) continue
      sender.ready.delete(lane)
      if (!batch) continue
      lane.busy = true
      batches.push(batch)
      bytes += batch.bytes
    }
    return batches
  }

  const settle = (batch: Batch, result: Result): void => {
    const { lane } = batch
    lane.busy = false
    switch (result.kind) {
      case 'written':
        lane.attempts = 0
        lane.missing = 0
        lane.written()
        for (const entry of batch.entries) done(entry)
        kick(lane)
        break
      case 'refused':
        if (!lane.halve()) for (const entry of lane.drop()) fail(entry, result.fault)
        kick(lane)
        break
      case 'producer-lost':
        produce.retire(batch.producer)
        lane.dissolve()
        rest(lane, result.why)
        break
      case 'unsure':
        rest(lane, result.why)
        break
      default:
        result satisfies never
    }
  }

  /** Waits, asks who leads the partition now, and goes on with the same batch. */
  const rest = (lane: Lane, why: string): void => {
    lane.resting = true
    lane.attempts++
    const { topic, partition, attempts } = lane
    if (attempts % 10 === 3) logger.warn({ topic, partition, attempts }, `A partition cannot be written yet: ${why}`)
    void pause(wait(attempts)).then(async () => {
      const known = await cluster.refresh([topic]).then(
        () => cluster.topic(topic) !== undefined,
        () => true,
      )
      lane.resting = false
      lane.missing = known ? 0 : lane.missing + 1
      if (lane.missing >= 5 || closed) {
        lanes.delete(topic)
        produce.retire(await produce.producer()) // lanes that are made anew count from 0
        const fault = new Fault('log-unavailable', known ? why : `there is no topic ${topic}`)
        for (const entry of lane.drop(true)) fail(entry, fault)
      }
      kick(lane)
    })
  }

  const entryOf = (record: Outgoing, ticket: Ticket, permit?: () => void): Entry => {
    const message = produce.encode(record)
    const bytes = sizeOf(message)
    if (bytes > largestRecord) throw new Fault('record-too-large', `a record of ${bytes} bytes for ${record.topic}`)
    return { record, message, bytes, permit, state: 'waiting', ...ticket }
  }

  return {
    append(records, permit) {
      if (records.length === 0) return Promise.resolve()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      let open = records.length
      const ticket: Ticket = { done: () => (--open === 0 ? resolve() : undefined), failed: reject }
      try {
        const all = records.map((record) => entryOf(record, ticket, permit))
        const go = (): void => all.forEach(enqueue)
        if (closed) reject(new Fault('log-unavailable', 'the log is closed'))
        else if (queued < queuedBytes && room.length === 0) go()
        else room.push(go)
      } catch (error) {
        reject(error)
      }
      return promise
    },
    async tryAppend(record, withinMs) {
      if (closed || queued >= queuedBytes || room.length > 0)
        throw new Fault('log-unavailable', 'too much waits to be written')
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const entry = entryOf(record, { done: resolve, failed: reject })
      const timer = setTimeout(() => {
        if (entry.state === 'waiting') entry.state = 'withdrawn'
        reject(new Fault('log-unavailable', `not acknowledged within ${withinMs} ms`))
      }, withinMs)
      enqueue(entry)
      try {
        await promise
      } finally {
        clearTimeout(timer)
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true
      if (entries > 0) {
        const empty = new Promise<void>((resolve) => idle.push(resolve))
        await Promise.race([empty, pause(flushMs)])
      }
      await produce[Symbol.asyncDispose]()
    },
  }
}

type Ticket = Pick<Entry, 'done' | 'failed'>
type Sender = {
  readonly node: number
  readonly ready: Set<Lane>
  running: boolean
  /** How many records the last request had, and how many have come since. */
  lately: number
  arrived: number
  /** Ends the waiting for more. */
  go: (() => void) | undefined
}

const requestBytes = 2_000_000
/** Far above what any topic takes, and below what a broker reads at all (`socket.request.max.bytes`). */
const largestRecord = 64_000_000
const busyRecords = 8
const flushMs = 5_000
const wait = backoff(50, 1_000)

const sizeOf = ({ key, value, headers }: Entry['message']): number => {
  let size = 32 + key.length + (value?.length ?? 0)
  for (const [name, header] of headers) size += name.length + header.length + 4
  return size
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
