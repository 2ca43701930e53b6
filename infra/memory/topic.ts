import type { TopicSpec } from '../../topology/topics.ts'
import type { Incoming, Outgoing } from '../../topology/words/record.ts'
import { partitionOf } from '../kafka/murmur2.ts'

/** A topic in memory. */
export type Topic = Readonly<{ spec: TopicSpec; partitions: readonly Incoming[][] }>

/** The record as it lies in the log, or undefined when it is larger than the topic takes. */
export const stored = (
  { topic, key, value, headers }: Outgoing,
  { spec, partitions }: Topic,
  timestamp: number,
): Incoming | undefined => {
  const keyBytes = Buffer.from(key)
  const partition = partitionOf(keyBytes, partitions.length)
  const bytes = new Map(Object.entries(headers).map(([name, header]) => [name, Buffer.from(header as string)] as const))
  const record: Incoming = {
    topic,
    partition,
    offset: BigInt(partitions[partition]?.length ?? 0),
    timestamp,
    key: keyBytes,
    value: value === null ? null : Buffer.from(value as string),
    headers: bytes,
  }
  let size = keyBytes.length + (record.value?.length ?? 0)
  for (const [name, header] of bytes) size += name.length + header.length
  return size <= spec.maxMessageBytes ? record : undefined
}
