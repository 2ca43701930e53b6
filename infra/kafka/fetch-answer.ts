import { createAPI, fetchV13, type Reader } from '@platformatic/kafka'
import type { Abort } from './batch-records.ts'

/** What a broker answers to a fetch, its batches left as bytes. Errors stand in it, by partition, as Kafka's codes. */
export type FetchAnswer = Readonly<{
  errorCode: number
  sessionId: number
  responses: readonly Readonly<{ topicId: string; partitions: readonly FetchedPartition[] }>[]
}>

export type FetchedPartition = Readonly<{
  partitionIndex: number
  errorCode: number
  lastStableOffset: bigint
  aborts: readonly Abort[]
  bytes: Buffer
}>

/** As the client's own, which makes an object of every record, and a Buffer of each name and value of its headers. */
const answerIn = (_correlation: number, _key: number, _version: number, reader: Reader): FetchAnswer => {
  reader.readInt32() // for how long we were throttled
  return {
    errorCode: reader.readInt16(),
    sessionId: reader.readInt32(),
    responses: reader.readArray((topic) => ({
      topicId: topic.readUUID(),
      partitions: topic.readArray(partitionIn),
    })),
  }
}

const partitionIn = (reader: Reader): FetchedPartition => {
  const partitionIndex = reader.readInt32()
  const errorCode = reader.readInt16()
  reader.readInt64() // the end of the log, of what is not committed too
  const lastStableOffset = reader.readInt64()
  reader.readInt64() // the start of the log
  const aborts = reader.readNullableArray((abort) => ({
    producerId: abort.readInt64(),
    firstOffset: abort.readInt64(),
  }))
  reader.readInt32() // which replica we had better ask
  return { partitionIndex, errorCode, lastStableOffset, aborts: aborts ?? [], bytes: bytesIn(reader) }
}

const bytesIn = (reader: Reader): Buffer => {
  const length = Math.max(0, reader.readUnsignedVarInt() - 1)
  const bytes = reader.buffer.slice(reader.position, reader.position + length)
  reader.skip(length)
  return bytes
}

type Request = Parameters<typeof fetchV13.createRequest>

/** Fetch, version 13. */
export const fetchApi = createAPI<Request, FetchAnswer>(
  fetchV13.api.key ?? 1,
  fetchV13.api.version ?? 13,
  fetchV13.createRequest,
  answerIn,
)
