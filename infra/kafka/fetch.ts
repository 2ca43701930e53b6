import { fetchV13, IS_CONTROL, type RecordsBatch } from '@platformatic/kafka'
import type { Incoming } from '../../topology/words/record.ts'
import type { Cluster, Line } from './cluster.ts'
import { type Chunk, type Place, placeKey, type Want } from './desk.ts'
import { codeName, responseOf } from './errors.ts'

/** Reads records. One call at a time for a broker: calls side by side would only wait for each other there. */
export type Fetcher = Readonly<{
  /** Resolves as soon as there is something, or when `maxWaitMs` is over. Throws what the client throws when the broker does not answer. */
  fetch(node: number, wants: readonly Want[], limits: FetchLimits): Promise<readonly Fetched[]>
}>

export type FetchLimits = Readonly<{ maxWaitMs: number; maxBytes: number }>

/** What came of one partition. `code` is Kafka's name of an error. */
export type Fetched =
  | Readonly<{ kind: 'chunk'; place: Place; chunk: Chunk }>
  | Readonly<{ kind: 'trouble'; place: Place; code: string; position: bigint }>

/**
 * Keeps a fetch session with each broker (KIP-227), so that a call names only what has changed since the one before: with a thousand
 * partitions of which ten are busy, a call costs as much as with ten.
 */
export const openFetcher = (line: Line): Fetcher => {
  const sessions = new Map<number, Session>()

  return {
    async fetch(node, wants, { maxWaitMs, maxBytes }) {
      const session = sessions.get(node) ?? { id: 0, epoch: 0, sent: new Map() }
      sessions.delete(node) // whatever goes wrong, the next call begins a new one
      const asked = new Map<string, Asked>()
      for (const want of wants) {
        asked.set(`${want.topicId}/${want.partition}`, { want, text: `${want.position} ${roomOf(want)}` })
      }
      const changed = [...asked].filter(([key, { text }]) => session.sent.get(key)?.text !== text)
      const gone = [...session.sent].filter(([key]) => !asked.has(key))
      const answer = await line
        .call(
          node,
          fetchV13.api,
          maxWaitMs,
          1,
          maxBytes,
          readCommitted,
          session.id,
          session.epoch,
          byTopic(changed.map(([, one]) => one)).map(([topicId, ones]) => ({
            topicId,
            partitions: ones.map(question),
          })),
          byTopic(gone.map(([, one]) => one)).map(([topicId, ones]) => ({
            topicId,
            partitions: ones.map(({ want }) => want.partition),
          })),
          '',
        )
        .catch(goodParts)
      if (answer.errorCode !== 0) return []
      if (answer.sessionId !== 0) sessions.set(node, { id: answer.sessionId, epoch: session.epoch + 1, sent: asked })
      return answer.responses.flatMap(({ topicId, partitions }) =>
        partitions.flatMap((partition) => {
          const one = asked.get(`${topicId}/${partition.partitionIndex}`)
          return one ? [fetchedOf(one.want, partition)] : []
        }),
      )
    },
  }
}

type Session = Readonly<{ id: number; epoch: number; sent: ReadonlyMap<string, Asked> }>
type Asked = Readonly<{ want: Want; text: string }>
type Answer = Awaited<ReturnType<typeof fetchV13.api.async>>
type FetchResponsePartition = Answer['responses'][number]['partitions'][number]

const readCommitted = 1

/** Two sizes only, so that a session has little to change. */
const roomOf = ({ bytes }: Want): number => (bytes >= 1_000_000 ? 1_000_000 : 64_000)

const question = ({ want }: Asked) => ({
  partition: want.partition,
  currentLeaderEpoch: -1,
  fetchOffset: want.position,
  lastFetchedEpoch: -1,
  partitionMaxBytes: roomOf(want),
})

const byTopic = (all: readonly Asked[]): readonly [string, readonly Asked[]][] => {
  const topics = new Map<string, Asked[]>()
  for (const one of all) {
    const known = topics.get(one.want.topicId)
    if (known) known.push(one)
    else topics.set(one.want.topicId, [one])
  }
  return [...topics]
}

const goodParts = (error: unknown): Answer => {
  const answer = responseOf<Answer>(error)
  if (!answer) throw error
  return answer
}

const fetchedOf = (want: Want, partition: FetchResponsePartition): Fetched => {
  const place = { topic: want.topic, partition: want.partition }
  const from = want.position
  if (partition.errorCode !== 0) return { kind: 'trouble', place, code: codeName(partition.errorCode), position: from }
  const { records, next } = recordsOf(place, { from, partition })
  return { kind: 'chunk', place, chunk: { from, records, next, end: partition.lastStableOffset } }
}

/**
 * The records from an offset on. Left out: what lies before in the same batch, control batches, and records of aborted transactions
 * (which the broker names, for the whole of what it sends).
 */
const recordsOf = (
  place: Place,
  { from, partition }: Readonly<{ from: bigint; partition: FetchResponsePartition }>,
): Readonly<{ records: readonly Incoming[]; next: bigint }> => {
  const records: Incoming[] = []
  const aborts = [...(partition.abortedTransactions ?? [])].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  const aborting = new Set<bigint>()
  let next = from
  for (const batch of partition.records ?? []) {
    const last = batch.firstOffset + BigInt(batch.lastOffsetDelta)
    while (aborts[0] && aborts[0].firstOffset <= last) aborting.add(aborts.shift()?.producerId ?? 0n)
    if (last + 1n > next) next = last + 1n
    if ((batch.attributes & IS_CONTROL) !== 0) {
      if (isAbort(batch)) aborting.delete(batch.producerId)
      continue
    }
    if ((batch.attributes & isTransactional) !== 0 && aborting.has(batch.producerId)) continue
    for (const record of batch.records) {
      const offset = batch.firstOffset + BigInt(record.offsetDelta)
      if (offset < from) continue
      const headers = new Map<string, Buffer>()
      for (const [name, value] of record.headers) if (name) headers.set(name.toString('utf8'), value ?? nothing)
      records.push({
        topic: place.topic,
        partition: place.partition,
        offset,
        timestamp: Number(
          (batch.attributes & isAppendTime) !== 0 ? batch.maxTimestamp : batch.firstTimestamp + record.timestampDelta,
        ),
        key: record.key,
        value: record.value,
        headers,
      })
    }
  }
  return { records, next }
}

const isTransactional = 1 << 4
const isAppendTime = 1 << 3
const nothing = Buffer.alloc(0)
/** A control record's key is its version and its type, of which 0 is ABORT. */
const isAbort = (batch: RecordsBatch): boolean => batch.records[0]?.key?.readInt16BE(2) === 0

/**
 * Reads ranges of offsets, many at once, and gives what it reads. A range that cannot be read (any more) is left out.
 * Tries again while brokers are away, until the signal aborts.
 */
export async function* readRanges(
  cluster: Cluster,
  fetcher: Fetcher,
  { ranges, signal, wait }: RangesToRead,
): AsyncGenerator<readonly Incoming[]> {
  const open = new Map(ranges.filter(({ from, to }) => from < to).map((range) => [placeKey(range), { ...range }]))
  for (let attempt = 1; open.size > 0 && !signal.aborted; attempt++) {
    const byNode = new Map<number, Want[]>()
    for (const { topic, partition, from } of open.values()) {
      const node = cluster.topic(topic)?.leaders[partition] ?? -1
      const wants = byNode.get(node) ?? []
      const topicId = cluster.topic(topic)?.id ?? ''
      wants.push({ topic, topicId, partition, position: from, bytes: 1_000_000 })
      byNode.set(node, wants)
    }
    let trouble = byNode.has(-1)
    for (const [node, wants] of byNode) {
      if (node < 0) continue
      try {
        for (const fetched of await fetcher.fetch(node, wants, { maxWaitMs: 100, maxBytes: 8_000_000 })) {
          const range = open.get(placeKey(fetched.place))
          if (!range) continue
          if (fetched.kind === 'trouble') {
            if (fetched.code === 'OFFSET_OUT_OF_RANGE') open.delete(placeKey(fetched.place))
            else trouble = true
            continue
          }
          yield fetched.chunk.records.filter(({ offset }) => offset < range.to)
          range.from = fetched.chunk.next
          if (range.from >= range.to || range.from >= fetched.chunk.end) open.delete(placeKey(fetched.place))
        }
      } catch {
        trouble = true
      }
    }
    if (!trouble) {
      attempt = 0
      continue
    }
    await wait(attempt)
    await cluster.refresh([...new Set([...open.values()].map(({ topic }) => topic))]).catch(() => {})
    for (const [key, { topic }] of open) if (!cluster.topic(topic) && attempt >= 5) open.delete(key)
  }
}

export type RangesToRead = Readonly<{
  ranges: readonly (Place & Readonly<{ from: bigint; to: bigint }>)[]
  signal: AbortSignal
  wait: (attempt: number) => Promise<void>
}>
