import type { Logger } from '../../topology/flow/ports.ts'
import { backoff } from '../../topology/flow/retry.ts'
import type { Cluster } from './cluster.ts'
import { type Desk, type NewWant, type Place, placeKey, type Want } from './desk.ts'
import { textOf } from './errors.ts'
import { type Fetched, openFetcher } from './fetch.ts'
import { earliest, latest, listOffsets } from './offsets.ts'
import { pause } from './pause.ts'

export type Fetching = Readonly<{
  /** There may be something to fetch again. */
  kick(): void
  /** Resolves after the signal has aborted and everything is closed. */
  ended: Promise<void>
}>

export type FetchingOptions = Readonly<{
  prefix: string
  logger: Logger
  signal: AbortSignal
  /** How long what is there may wait for more. */
  lingerMs: number
  /** A topic has gone, or is another one under the old name. */
  onTopicsChanged: () => void
}>

/** Keeps the desk filled: one loop a broker, one call on its way in each, naming the partitions that have room. */
export const runFetching = (cluster: Cluster, desk: Desk, options: FetchingOptions): Fetching => {
  const { prefix, logger, signal, lingerMs } = options
  const minBytes = lingerMs > 0 ? manyBytes : 1
  const line = cluster.openLine()
  const fetcher = openFetcher(line)
  const loops = new Map<number, Promise<void>>()
  /** What is wanted, and of which broker: -1 as long as nobody leads the partition. */
  const wanted = new Map<string, Readonly<{ want: Want; node: number }>>()
  const homeless = new Set<string>()
  const ended = Promise.withResolvers<void>()
  let kicked = false
  let refreshing: Promise<void> | undefined
  let seeking = false

  /** -1 also when the leader that we know is gone: others' questions tell us of brokers, but not of our topics. */
  const leaderOf = ({ topic, partition }: Place): number => {
    const leader = cluster.topic(topic)?.leaders[partition] ?? -1
    return cluster.nodes().includes(leader) ? leader : -1
  }

  /** Has the broker that leads the partition asked for what is wanted of it, and no other. */
  const put = ({ place, want }: NewWant): void => {
    const key = placeKey(place)
    const before = wanted.get(key)
    const node = want ? leaderOf(place) : -1
    if (before && before.node >= 0 && (before.node !== node || before.want.topicId !== want?.topicId))
      fetcher.unwant(before.node, before.want)
    if (want) wanted.set(key, { want, node })
    else wanted.delete(key)
    if (want && node < 0) homeless.add(key)
    else homeless.delete(key)
    if (want && node >= 0) fetcher.want(node, want)
    if (node >= 0 && !loops.has(node)) kick()
  }
  const update = (): void => {
    desk.newWants().forEach(put)
    if (homeless.size > 0 && !seeking) void seek()
  }
  const seek = async (): Promise<void> => {
    seeking = true
    await pause(200, signal)
    if (!signal.aborted) await refresh()
    seeking = false
    kick()
  }

  const refresh = (): Promise<void> => {
    refreshing ??= cluster
      .refresh([...new Set(desk.holds().map(({ topic }) => topic))])
      .catch(() => {})
      .finally(() => {
        refreshing = undefined
        for (const { want } of [...wanted.values()])
          if (leaderOf(want) !== wanted.get(placeKey(want))?.node) put({ place: want, want })
      })
    return refreshing
  }

  const loop = async (node: number): Promise<void> => {
    let trouble = 0
    while (!signal.aborted) {
      update()
      if (!fetcher.asks(node)) return
      // Somebody without room may get some while we wait for others: then do not wait long.
      const maxWaitMs = wanted.size < desk.size() ? 50 : lingerMs || 500
      try {
        const all = await fetcher.fetch(node, { maxWaitMs, minBytes, maxBytes: 4_000_000 })
        let moved: string | undefined
        for (const fetched of all) {
          if (fetched.kind === 'chunk') desk.offer(fetched.place, fetched.chunk)
          else if (await mend(fetched)) moved = troubleText(fetched)
        }
        trouble = moved ? trouble + 1 : 0
        if (trouble % 20 === 5) logger.warn({ node }, `Not all can be read from a broker: ${moved}`)
      } catch (error) {
        trouble++
        if (trouble % 20 === 5) logger.warn({ node }, `A broker cannot be read from: ${textOf(error)}`)
      }
      if (trouble === 0 || signal.aborted) continue
      await pause(wait(trouble), signal)
      await refresh()
    }
  }

  /** True when the leader has to be asked for anew. */
  const mend = async ({ place, code, position }: Trouble): Promise<boolean> => {
    switch (code) {
      case 'OFFSET_OUT_OF_RANGE': {
        const [start, end] = [await offsetOf(place, earliest), await offsetOf(place, latest)]
        if (start !== undefined && position < start) {
          logger.warn({ ...place, position, start }, 'The log does not hold our place any more: reading from its start')
          desk.moveTo(place, { from: position, to: start })
          return false
        }
        if (end !== undefined && position > end) {
          logger.error(
            { ...place, position, end },
            'The log ends before our place, it has lost records: reading from its end',
          )
          desk.moveTo(place, { from: position, to: end })
          return false
        }
        return true
      }
      case 'UNKNOWN_TOPIC_OR_PARTITION':
      case 'UNKNOWN_TOPIC_ID':
      case 'INCONSISTENT_TOPIC_ID':
        options.onTopicsChanged()
        return true
      default:
        return true
    }
  }

  const offsetOf = async (place: Place, timestamp: bigint): Promise<bigint | undefined> => {
    const found = await listOffsets(cluster, prefix, [{ ...place, timestamp }]).catch(() => undefined)
    return found?.get(placeKey(place))
  }

  /** Answers to fetches say where the logs end; of those that nothing is fetched from, somebody has to ask. */
  const askEnds = async (): Promise<void> => {
    const asked = desk.full().map((place) => ({ ...place, timestamp: latest }))
    if (asked.length === 0) return
    const ends = await listOffsets(cluster, prefix, asked).catch(() => undefined)
    for (const place of asked) desk.endsAt(place, ends?.get(placeKey(place)) ?? -1n)
  }
  const asking = setInterval(() => void askEnds(), endsMs)

  const start = (): void => {
    kicked = false
    if (signal.aborted) return
    // With all loops at work there is nothing to do: each asks the desk itself before its next call.
    if (loops.size > 0 && loops.size >= cluster.nodes().length) return
    update()
    for (const node of cluster.nodes()) {
      if (loops.has(node) || !fetcher.asks(node)) continue
      const running = loop(node).finally(() => {
        loops.delete(node)
        kick()
      })
      loops.set(node, running)
    }
  }

  const kick = (): void => {
    if (kicked || signal.aborted) return
    kicked = true
    setImmediate(start)
  }

  const end = async (): Promise<void> => {
    clearInterval(asking)
    const closed = line[Symbol.asyncDispose]() // also ends the calls that wait
    await Promise.all(loops.values())
    await closed
    ended.resolve()
  }
  signal.addEventListener('abort', () => void end(), { once: true })

  return { kick, ended: ended.promise }
}

type Trouble = Fetched & { kind: 'trouble' }

const troubleText = ({ place, position, code, why }: Trouble): string =>
  `${placeKey(place)} at ${position}: ${code}${why ? ` (${why})` : ''}`

const wait = backoff(50, 1_000)
const endsMs = 5_000
const manyBytes = 1_000_000
