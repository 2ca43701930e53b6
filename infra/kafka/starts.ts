import { type Repeats, type RepeatsWindow, repeatsWithin } from '../../topology/flow/repeats.ts'
import type { Incoming } from '../../topology/words/record.ts'
import type { Cluster } from './cluster.ts'
import { type Commit, type Place, placeKey, type Start } from './desk.ts'
import { readRanges } from './fetch.ts'
import { earliest, fetchCommits, listOffsets } from './offsets.ts'
import { pause } from './pause.ts'

export type StartOptions = Readonly<{
  group: string
  prefix: string
  repeats: RepeatsWindow
  idOf: ((record: Incoming) => string | undefined) | undefined
  signal: AbortSignal
}>

/**
 * Where to begin in partitions that we have just gained: at the group's commit, else at the start of the log. With `idOf`, what lies in the
 * window before is read once, only to learn its ids, so that a repeat of it is known. Tries until it succeeds or the signal aborts.
 */
export async function* startsOf(
  cluster: Cluster,
  places: readonly Place[],
  { group, prefix, repeats, idOf, signal }: StartOptions,
): AsyncGenerator<Readonly<{ place: Place; start: Start }>> {
  const commits = await persist(signal, cluster, places, () => committedOrEarliest(cluster, places, { group, prefix }))
  if (!commits) return
  const startOf = (place: Place): Start => {
    return commits.get(placeKey(place)) ?? { offset: 0n, metadata: '', topicId: '' }
  }
  if (!idOf) {
    for (const place of places) yield { place, start: startOf(place) }
    return
  }
  const seen = new Map<string, Repeats>(places.map((place) => [placeKey(place), repeatsWithin(repeats)]))
  const learn = (record: Incoming): void => {
    const id = idOf(record)
    if (id !== undefined) seen.get(placeKey(record))?.isRepeat(id, record.offset, record.timestamp)
  }
  await using line = cluster.openLine()
  const read = { signal, wait: (attempt: number) => pause(wait(attempt), signal) }

  // The window ends at the record before our place, whenever that was written; where none lies there, its length is by count alone.
  const behind = [...commits.values()].filter(({ offset }) => offset > 0n)
  const heads = behind.map((place) => ({ ...place, from: place.offset - 1n, to: place.offset }))
  const written = new Map<string, number>()
  for await (const records of readRanges(cluster, line, { ...read, ranges: heads }))
    for (const record of records) written.set(placeKey(record), record.timestamp)
  const asked = behind.map((place) => {
    const last = written.get(placeKey(place))
    return { ...place, timestamp: last === undefined ? earliest : BigInt(Math.max(0, last - repeats.ms)) }
  })
  const firsts = await persist(signal, cluster, places, () => listOffsets(cluster, prefix, asked))
  const ranges = behind.map((place) => {
    const first = firsts?.get(placeKey(place)) ?? place.offset
    const byCount = place.offset - BigInt(repeats.records)
    return { ...place, from: first > byCount ? first : byCount, to: place.offset }
  })
  for await (const records of readRanges(cluster, line, { ...read, ranges }))
    for (const record of records) learn(record)

  for (const place of places) yield { place, start: { ...startOf(place), repeats: seen.get(placeKey(place)) } }
}

const committedOrEarliest = async (
  cluster: Cluster,
  places: readonly Place[],
  { group, prefix }: Readonly<{ group: string; prefix: string }>,
): Promise<ReadonlyMap<string, Commit>> => {
  const commits = new Map(await fetchCommits(cluster, prefix, { group, places }))
  const without = places.filter((place) => !commits.has(placeKey(place)))
  const firsts = await listOffsets(
    cluster,
    prefix,
    without.map((place) => ({ ...place, timestamp: earliest })),
  )
  for (const place of without) {
    const offset = firsts.get(placeKey(place))
    if (offset === undefined && cluster.topic(place.topic))
      throw new Error(`${placeKey(place)} does not say where it begins`)
    const topicId = cluster.topic(place.topic)?.id ?? ''
    commits.set(placeKey(place), { ...place, offset: offset ?? 0n, metadata: '', topicId })
  }
  return commits
}

const persist = async <T>(
  signal: AbortSignal,
  cluster: Cluster,
  places: readonly Place[],
  act: () => Promise<T>,
): Promise<T | undefined> => {
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      return await act()
    } catch {
      await pause(wait(attempt), signal)
      await cluster.refresh([...new Set(places.map(({ topic }) => topic))]).catch(() => {})
    }
  }
  return undefined
}

const wait = (attempt: number): number => Math.min(1_000, 50 * attempt)
