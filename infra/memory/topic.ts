import type { TopicSpec } from '../../topology/topics.ts'
import type { Incoming, Outgoing } from '../../topology/words/record.ts'
import { messageOf } from '../kafka/batch-bytes.ts'
import { recordFrom } from '../kafka/batch-records.ts'
import { partitionOf } from '../kafka/murmur2.ts'

/** A topic in memory. */
export type Topic = Readonly<{ spec: TopicSpec; partitions: readonly Incoming[][] }>

/** The record as it lies in the log, or undefined when it is larger than the topic takes. */
export const stored = (outgoing: Outgoing, { spec, partitions }: Topic, timestamp: number): Incoming | undefined => {
  const { key, bytes } = messageOf(outgoing)
  if (bytes.length > spec.maxMessageBytes) return undefined
  const partition = partitionOf(key, partitions.length)
  const offset = BigInt(partitions[partition]?.length ?? 0)
  return recordFrom(bytes, 0, { topic: outgoing.topic, partition, offset, timestamp })
}
