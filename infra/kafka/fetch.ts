import type { Incoming } from '../../topology/words/record.ts'
import { recordsIn } from './batch-records.ts'
import type { Cluster, Line } from './cluster.ts'
import { type Chunk, type Place, placeKey, type Want } from './desk.ts'
import { codeName, errorOf, textOf } from './errors.ts'
import { type FetchedPartition, fetchApi } from './fetch-answer.ts'

/** Reads records. One call at a time for a broker: calls side by side would only wait for each other there. */
export type Fetcher = Readonly<{
  /** From the next call on, the broker is asked for this partition, from there. */
  want(node: number, want: Want): void
  /** From the next call on, the broker is not asked for it any more. */
  unwant(node: number, want: Pick<Want, 'topicId' | 'partition'>): void
  /** Whether there is anything to ask the broker for. */
  asks(node: number): boolean
  /** Resolves as soon as there is something, or when `maxWaitMs` is over. Throws what the client throws when the broker does not answer. */
  fetch(node: number, limits: FetchLimits): Promise<readonly Fetched[]>
}>

/** Waits for `minBytes`, or for `maxWaitMs`. */
export type FetchLimits = Readonly<{ maxWaitMs: number; minBytes?: number; maxBytes: number }>

/** What came of one partition. `code` is Kafka's name of an error. */
export type Fetched =
  | Readonly<{ kind: 'chunk'; place: Place; chunk: Chunk }>
  | Readonly<{ kind: 'trouble'; place: Place; code: string; position: bigint; why?: string }>

/**
 * Keeps a fetch session with each broker (KIP-227), so that a call names only what has changed since the one before: with a thousand
 * partitions of which ten are busy, a call costs as much as with ten.
 */
export const openFetcher = (line: Line): Fetcher => {
  const sessions = new Map<number, Session>()

  const sessionOf = (node: number): Session => {
    const session = sessions.get(node) ?? { id: 0, epoch: 0, wants: new Map(), news: new Map() }
    sessions.set(node, session)
    return session
  }

  return {
    want: (node, want) => void sessionOf(node).news.set(keyOf(want), want),
    unwant: (node, want) => void sessionOf(node).news.set(keyOf(want), undefined),
    asks(node) {
      const { wants, news } = sessionOf(node)
      let left = wants.size
      for (const [key, want] of news) {
        if (want) return true
        if (wants.has(key)) left--
      }
      return left > 0
    },
    async fetch(node, { maxWaitMs, minBytes = 1, maxBytes }) {
      const session = sessionOf(node)
      const { id, epoch, wants } = session
      const { changed, gone } = takeUp(session)
      session.id = session.epoch = 0 // whatever goes wrong, the next call begins a new one, and names all
      const answer = await line.call(
        node,
        fetchApi,
        maxWaitMs,
        minBytes,
        maxBytes,
        readCommitted,
        id,
        epoch,
        byTopic(id === 0 ? [...wants.values()] : changed).map(([topicId, ones]) => ({
          topicId,
          partitions: ones.map(question),
        })),
        byTopic(id === 0 ? [] : gone).map(([topicId, ones]) => ({
          topicId,
          partitions: ones.map(({ partition }) => partition),
        })),
        '',
      )
      const code = codeName(answer.errorCode)
      if (code !== 'NONE' && !sessionCodes.has(code)) throw errorOf(code)
      if (answer.sessionId !== 0) [session.id, session.epoch] = [answer.sessionId, epoch + 1]
      return answer.responses.flatMap(({ topicId, partitions }) =>
        partitions.flatMap((partition) => {
          const want = wants.get(keyOf({ topicId, partition: partition.partitionIndex }))
          return want ? [fetchedOf(want, partition)] : []
        }),
      )
    },
  }
}

/** `wants`: what the broker was asked for last. `news`: what is different next time; undefined for what is not wanted any more. */
type Session = {
  id: number
  epoch: number
  readonly wants: Map<string, Want>
  readonly news: Map<string, Want | undefined>
}

/** Makes the news part of what is asked for, and tells what the broker does not know yet. */
const takeUp = ({ wants, news }: Session): Readonly<{ changed: readonly Want[]; gone: readonly Want[] }> => {
  const changed: Want[] = []
  const gone: Want[] = []
  for (const [key, want] of news) {
    const before = wants.get(key)
    wants.delete(key)
    if (want) wants.set(key, want) // behind the others: a broker that keeps no session gives those in front all that an answer holds
    if (!want && before) gone.push(before)
    if (want && (want.position !== before?.position || want.bytes !== before.bytes)) changed.push(want)
  }
  news.clear()
  return { changed, gone }
}

const keyOf = ({ topicId, partition }: Pick<Want, 'topicId' | 'partition'>): string => `${topicId}/${partition}`

const readCommitted = 1

/** The next call begins a session anew. */
const sessionCodes: ReadonlySet<string> = new Set([
  'FETCH_SESSION_ID_NOT_FOUND',
  'INVALID_FETCH_SESSION_EPOCH',
  'FETCH_SESSION_TOPIC_ID_ERROR',
])

const question = ({ partition, position, bytes }: Want) => ({
  partition,
  currentLeaderEpoch: -1,
  fetchOffset: position,
  lastFetchedEpoch: -1,
  partitionMaxBytes: bytes,
})

const byTopic = (all: readonly Want[]): readonly [string, readonly Want[]][] => {
  const topics = new Map<string, Want[]>()
  for (const one of all) {
    const known = topics.get(one.topicId)
    if (known) known.push(one)
    else topics.set(one.topicId, [one])
  }
  return [...topics]
}

const fetchedOf = (want: Want, { errorCode, bytes, aborts, lastStableOffset: end }: FetchedPartition): Fetched => {
  const place = { topic: want.topic, partition: want.partition }
  const from = want.position
  if (errorCode !== 0) return { kind: 'trouble', place, code: codeName(errorCode), position: from }
  try {
    return { kind: 'chunk', place, chunk: { from, ...recordsIn(place, from, { bytes, aborts }), end } }
  } catch (error) {
    return { kind: 'trouble', place, code: 'CORRUPT_MESSAGE', position: from, why: textOf(error) } // what lies beside it is read
  }
}

/**
 * Reads ranges of offsets, many at once, and gives what it reads. A range that cannot be read (any more) is left out.
 * Tries again while brokers are away, until the signal aborts.
 */
export async function* readRanges(
  cluster: Cluster,
  line: Line,
  { ranges, signal, wait }: RangesToRead,
): AsyncGenerator<readonly Incoming[]> {
  const open = new Map(ranges.filter(({ from, to }) => from < to).map((range) => [placeKey(range), { ...range }]))
  let fetcher = openFetcher(line)
  for (let attempt = 1; open.size > 0 && !signal.aborted; attempt++) {
    const nodes = new Set<number>()
    for (const { topic, partition, from } of open.values()) {
      const { leaders, id: topicId } = cluster.topic(topic) ?? { leaders: [], id: '' }
      const node = leaders[partition] ?? -1
      fetcher.want(node, { topic, topicId, partition, position: from, bytes: 1_000_000 })
      nodes.add(node)
    }
    let trouble = nodes.delete(-1)
    for (const node of nodes) {
      try {
        for (const fetched of await fetcher.fetch(node, { maxWaitMs: 100, maxBytes: 8_000_000 })) {
          const key = placeKey(fetched.place)
          const range = open.get(key)
          if (!range) continue
          if (fetched.kind === 'trouble') {
            if (fetched.code !== 'OFFSET_OUT_OF_RANGE') trouble = true
            else open.delete(key)
          } else {
            yield fetched.chunk.records.filter(({ offset }) => offset < range.to)
            range.from = fetched.chunk.next
            if (range.from >= range.to || range.from >= fetched.chunk.end) open.delete(key)
          }
          if (open.has(key)) continue
          const topicId = cluster.topic(range.topic)?.id ?? ''
          fetcher.unwant(node, { topicId, partition: range.partition })
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
    fetcher = openFetcher(line) // others may lead now
  }
}

export type RangesToRead = Readonly<{
  ranges: readonly (Place & Readonly<{ from: bigint; to: bigint }>)[]
  signal: AbortSignal
  wait: (attempt: number) => Promise<void>
}>
