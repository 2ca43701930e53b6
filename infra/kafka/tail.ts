import type { Logger, TailItem } from '../../topology/flow/ports.ts'
import type { Cluster } from './cluster.ts'
import { placeKey } from './desk.ts'
import { errorOf, forbidden, isHopeless, textOf } from './errors.ts'
import { openFetcher } from './fetch.ts'
import { earliest, latest, listOffsets } from './offsets.ts'
import { pause } from './pause.ts'

/**
 * All records of a topic from its start, and on. Brokers that are away, and a topic that is not there, are waited for until the signal aborts,
 * with a warning now and then. Throws what no waiting mends.
 */
export async function* tailOf(
  cluster: Cluster,
  topic: string,
  { prefix, signal, logger }: Readonly<{ prefix: string; signal: AbortSignal; logger: Logger }>,
): AsyncGenerator<TailItem> {
  await using line = cluster.openLine()
  const onAbort = (): void => void line[Symbol.asyncDispose]() // ends the call that waits
  signal.addEventListener('abort', onAbort, { once: true })
  const positions = new Map<number, bigint>()
  let ends: ReadonlyMap<string, bigint> | undefined
  let caughtUp = false

  const offsetsOf = (timestamp: bigint): Promise<ReadonlyMap<string, bigint>> => {
    const places = (cluster.topic(topic)?.leaders ?? []).map((_, partition) => ({ topic, partition, timestamp }))
    return listOffsets(cluster, prefix, places)
  }

  try {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        if (attempt > 1 || !cluster.topic(topic)) await cluster.refresh([topic])
        const { leaders, id: topicId } = cluster.topic(topic) ?? { leaders: [], id: '' }
        if (leaders.length === 0) throw notThere(topic)
        const fetcher = openFetcher(line)
        if (!ends) {
          const [from, to] = [await offsetsOf(earliest), await offsetsOf(latest)]
          if (from.size < leaders.length || to.size < leaders.length) throw new Error('not all partitions answered')
          for (const [partition] of leaders.entries())
            positions.set(partition, from.get(placeKey({ topic, partition })) ?? 0n)
          ends = to
        }
        while (!signal.aborted) {
          if (
            !caughtUp &&
            [...positions].every(([partition, at]) => at >= (ends?.get(placeKey({ topic, partition })) ?? 0n))
          ) {
            caughtUp = true
            yield { kind: 'caught-up' }
          }
          for (const node of new Set(leaders)) {
            for (const [partition, leader] of leaders.entries()) {
              const position = positions.get(partition) ?? 0n
              if (leader === node) fetcher.want(node, { topic, partition, topicId, position, bytes: 1_000_000 })
            }
            const maxWaitMs = new Set(leaders).size > 1 ? 50 : 500
            for (const fetched of await fetcher.fetch(node, { maxWaitMs, maxBytes: 4_000_000 })) {
              if (fetched.kind === 'trouble') {
                if (fetched.code === 'OFFSET_OUT_OF_RANGE') {
                  const offset = (await offsetsOf(earliest)).get(placeKey(fetched.place))
                  if (offset !== undefined) positions.set(fetched.place.partition, offset)
                }
                throw errorOf(fetched.code)
              }
              const { records, next } = fetched.chunk
              for (const record of records) {
                if (signal.aborted) return
                positions.set(record.partition, record.offset + 1n)
                yield { kind: 'record', record }
              }
              positions.set(fetched.place.partition, next)
            }
          }
          attempt = 1
        }
      } catch (error) {
        if (signal.aborted) return
        if (isHopeless(error)) throw forbidden(error)
        if (attempt % 20 === 5) logger.warn({ topic, attempt }, `A topic cannot be read yet: ${textOf(error)}`)
        // Ask anew who leads, and go on where we are.
        await pause(Math.min(1_000, 100 * attempt), signal)
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

const notThere = (topic: string): Error => new Error(`there is no topic ${topic} that we may see`)
