import type { Logger } from '../../topology/flow/ports.ts'
import { projectTopics } from '../../topology/topics.ts'
import { configsOf } from './check-topics.ts'
import type { Cluster } from './cluster.ts'

/**
 * Most bytes of a record of a topic, as far as we know at once: it is looked up when it is asked for, anew after a minute. Infinity until there
 * is an answer, and where we may not read a topic's settings. Warns where a topic that we did not make takes less than ours would.
 */
export const recordLimits = (
  cluster: Cluster,
  { prefix, logger }: Readonly<{ prefix: string; logger: Logger }>,
): ((topic: string) => number) => {
  const known = new Map<string, { bytes: number; asked: number }>()

  const look = async (topic: string, before: number): Promise<void> => {
    const name = prefix + topic
    const settings = (await configsOf(cluster, [name]).catch(() => undefined))?.get(name)
    const bytes = Number(settings?.get(setting) ?? before)
    known.set(topic, { bytes, asked: performance.now() })
    if (bytes < usual && bytes !== before)
      logger.warn({ topic: name, [setting]: bytes }, `Kafka takes only small records here; ${usual} is usual`)
  }

  return (topic) => {
    const found = known.get(topic)
    const now = performance.now()
    if (found !== undefined && now - found.asked < againMs) return found.bytes
    const bytes = found?.bytes ?? Number.POSITIVE_INFINITY
    known.set(topic, { bytes, asked: now })
    void look(topic, bytes)
    return bytes
  }
}

const setting = 'max.message.bytes'
const againMs = 60_000
/** What topics of projects have that we make. */
const usual = Math.min(...projectTopics('', []).map(({ maxMessageBytes }) => maxMessageBytes))
