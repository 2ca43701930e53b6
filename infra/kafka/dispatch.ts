import type { Logger } from '../../topology/flow/ports.ts'
import { backoff } from '../../topology/flow/retry.ts'
import type { Cluster } from './cluster.ts'
import type { Batch, Entry, Lane } from './lane.ts'
import type { Produce, Producer, Result } from './produce.ts'

/** Sends what lies in the lanes: to each broker one request at a time, with a batch of each of its lanes. */
export type Dispatch = Readonly<{
  /** A record has come into the lane: have it sent as soon as its broker is free. */
  kick(lane: Lane): void
  /** Sends nothing any more. */
  close(): void
}>

export type DispatchOptions = Readonly<{
  logger: Logger
  lingerMs: number
  onWritten: (entry: Entry) => void
  onFailed: (entry: Entry, error: Error) => void
  /** A topic that could not be written has been looked up again. */
  onLookedUp: (topic: string) => void
}>

export const openDispatch = (cluster: Cluster, produce: Produce, options: DispatchOptions): Dispatch => {
  const { logger, lingerMs, onWritten, onFailed } = options
  const senders = new Map<number, Sender>()
  let closed = false

  const kick = (lane: Lane): void => {
    if (closed || lane.busy || lane.resting || lane.length === 0) return
    const node = nodeOf(lane)
    const known = senders.get(node)
    if (known?.ready.has(lane)) return
    if (node < 0 || !cluster.nodes().includes(node)) {
      rest(lane, 'it has no leader')
      return
    }
    const sender = known ?? senderTo(node)
    sender.ready.add(lane)
    if (!sender.running) void run(sender)
  }

  const came = (lane: Lane): void => {
    const sender = senders.get(nodeOf(lane))
    if (sender && ++sender.arrived >= sender.expected) sender.go?.()
    kick(lane)
  }

  const nodeOf = ({ topic, partition }: Lane): number => cluster.topic(topic)?.leaders[partition] ?? -1

  const senderTo = (node: number): Sender => {
    const found = senders.get(node)
    if (found) return found
    const sender = { node, ready: new Set<Lane>(), running: false, expected: 0, arrived: 1, until: 0, go: undefined }
    senders.set(node, sender)
    return sender
  }

  const run = async (sender: Sender): Promise<void> => {
    sender.running = true
    await Promise.resolve() // what is appended in the same turn goes together
    while (sender.ready.size > 0 && !closed) {
      if (isWorthWaiting(sender)) await linger(sender)
      const producer = await produce.producer().catch(() => undefined)
      if (!producer) break // only when everything is being closed
      const batches = gather(sender, producer)
      sender.arrived = 0
      sender.expected = 0
      if (batches.length === 0) continue
      const results = await produce.send(sender.node, batches)
      sender.expected = sender.arrived + batches.reduce((sum, { entries }) => sum + entries.length, 0)
      sender.until = performance.now() + backWithin * lingerMs
      for (const [index, batch] of batches.entries()) settle(batch, results[index] ?? unheard)
    }
    sender.running = false
  }

  /**
   * Under load company is worth waiting for, hardly longer than a moment: until as much has come as went last time and came meanwhile. Who is
   * answered often writes again; else those answered and those who wait would take turns for ever, each with half of all there is.
   */
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
      const batch = lane.next(current, onFailed)
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
        lane.written()
        for (const entry of batch.entries) onWritten(entry)
        kick(lane)
        break
      case 'refused':
        if (!lane.halve()) for (const entry of lane.drop()) onFailed(entry, result.fault)
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
    setTimeout(() => void wakeUp(lane), wait(attempts))
  }

  const wakeUp = async (lane: Lane): Promise<void> => {
    await cluster.refresh([lane.topic]).catch(() => {}) // nobody answered: then the lane will rest again
    lane.prune(onFailed)
    lane.resting = false
    options.onLookedUp(lane.topic)
    kick(lane)
  }

  return {
    kick: came,
    close() {
      closed = true
      for (const sender of senders.values()) sender.go?.()
    },
  }
}

type Sender = {
  readonly node: number
  readonly ready: Set<Lane>
  running: boolean
  /** How many records are likely to come soon after the last request, and how many have come since it was sent. */
  expected: number
  arrived: number
  /** Until when those who were answered last may be expected back, as `performance.now()` says it. */
  until: number
  /** Ends the waiting for more. */
  go: (() => void) | undefined
}

const isWorthWaiting = ({ expected, arrived, until }: Sender): boolean =>
  expected > fewRecords && arrived < expected && performance.now() < until

const requestBytes = 2_000_000
const fewRecords = 2
/** Times `lingerMs`: whoever is answered and has more to say is back by then, also on a busy machine. */
const backWithin = 10
const unheard: Result = { kind: 'unsure', why: 'no word of it' }
const wait = backoff(50, 1_000)
