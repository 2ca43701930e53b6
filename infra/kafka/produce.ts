import { createAPI, initProducerIdV4, produceV9, Writer } from '@platformatic/kafka'
import { Fault } from '../../topology/flow/fault.ts'
import type { Logger } from '../../topology/flow/ports.ts'
import { backoff } from '../../topology/flow/retry.ts'
import { batchOf } from './batch-bytes.ts'
import type { Cluster } from './cluster.ts'
import { codeName, forbidden, isHopeless, responseOf, textOf } from './errors.ts'
import type { Batch } from './lane.ts'

/** The protocol's side of writing: producer ids, and one request with many batches. */
export type Produce = AsyncDisposable &
  Readonly<{
    /** The producer that new batches are numbered under; waits until the brokers give one. */
    producer(): Promise<Producer>
    /** New batches will have another producer than this; without one named, than the present one. */
    retire(producer?: Producer): void
    /** Sends the batches, all of one producer, and says of each what came of it. Never throws. */
    send(node: number, batches: readonly Batch[]): Promise<readonly Result[]>
  }>

export type Producer = Readonly<{ id: bigint; epoch: number }>

export type Result =
  | Readonly<{ kind: 'written' }>
  /** Not written, and would not be however often: too large, or malformed. */
  | Readonly<{ kind: 'refused'; fault: Error }>
  /** The broker does not know the numbers any more: they must begin anew. */
  | Readonly<{ kind: 'producer-lost'; why: string }>
  /** May have been written or not: to be sent again as it was. */
  | Readonly<{ kind: 'unsure'; why: string }>

export const openProduce = (
  cluster: Cluster,
  { prefix, logger }: Readonly<{ prefix: string; logger: Logger }>,
): Produce => {
  const line = cluster.openLine()
  let current: Producer | undefined
  let coming: Promise<Producer> | undefined
  let closed = false

  const newProducer = async (): Promise<Producer> => {
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await line.anyone(initProducerIdV4.api, null, 60_000, -1n, -1)
        return { id: answer.producerId, epoch: answer.producerEpoch }
      } catch (error) {
        if (closed) throw error
        const why = isHopeless(error) ? forbidden(error).message : textOf(error)
        if (attempt % 10 === 3) logger.warn({ attempt }, `No broker gives a producer id: ${why}`)
        await new Promise((resolve) => setTimeout(resolve, wait(attempt)))
      }
    }
  }

  return {
    async producer() {
      if (current) return current
      coming ??= newProducer().finally(() => {
        coming = undefined
      })
      current = await coming
      return current
    },
    retire(producer = current) {
      if (current === producer) current = undefined
    },
    async send(node, batches) {
      try {
        return resultsOf(await line.call(node, produce, prefix, batches), batches, prefix)
      } catch (error) {
        const answer = responseOf<Answer>(error)
        if (answer) return resultsOf(answer, batches, prefix)
        return batches.map(() => ({ kind: 'unsure', why: textOf(error) }))
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true
      await line[Symbol.asyncDispose]()
    },
  }
}

const allReplicas = -1
const answerMs = 8_000
const wait = backoff(50, 1_000)

type Answer = Exclude<Awaited<ReturnType<typeof produceV9.api.async>>, boolean>

/** As the client's own, but with batches that are bytes already. */
const requestOf = (prefix: string, batches: readonly Batch[]): Writer => {
  const timestamp = Date.now()
  const topics = [...Map.groupBy(batches, ({ lane }) => lane.topic)]
  return Writer.create()
    .appendString(null)
    .appendInt16(allReplicas)
    .appendInt32(answerMs)
    .appendArray(topics, (topic, [name, ofTopic]) => {
      topic.appendString(prefix + name).appendArray(ofTopic, (partition, { lane, entries, producer, sequence }) => {
        const facts = { producerId: producer.id, producerEpoch: producer.epoch, sequence, timestamp }
        const bytes = batchOf(
          entries.map(({ message }) => message),
          facts,
        )
        partition
          .appendInt32(lane.partition)
          .appendUnsignedVarInt(bytes.length + 1)
          .append(bytes)
      })
    })
    .appendTaggedFields()
}

const produce = createAPI<[prefix: string, batches: readonly Batch[]], Answer>(
  produceV9.api.key ?? 0,
  produceV9.api.version ?? 9,
  requestOf,
  produceV9.parseResponse,
)

const resultsOf = (answer: Answer, batches: readonly Batch[], prefix: string): readonly Result[] => {
  const codes = new Map<string, number>()
  for (const { name, partitionResponses } of answer.responses)
    for (const { index, errorCode } of partitionResponses) codes.set(`${name}:${index}`, errorCode)
  return batches.map(({ lane: { topic, partition } }) => {
    const code = codes.get(`${prefix}${topic}:${partition}`)
    return code === undefined ? { kind: 'unsure', why: 'no word of it' } : resultOf(codeName(code), topic)
  })
}

const resultOf = (code: string, topic: string): Result => {
  switch (code) {
    case 'NONE':
    case 'DUPLICATE_SEQUENCE_NUMBER':
      return { kind: 'written' }
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return { kind: 'refused', fault: new Fault('record-too-large', `${topic} does not take a record of this size`) }
    case 'INVALID_RECORD':
    case 'INVALID_TIMESTAMP':
    case 'UNSUPPORTED_FOR_MESSAGE_FORMAT':
    case 'UNSUPPORTED_COMPRESSION_TYPE':
      return { kind: 'refused', fault: new Fault('record-refused', `${topic} does not take the record: ${code}`) }
    case 'OUT_OF_ORDER_SEQUENCE_NUMBER':
    case 'UNKNOWN_PRODUCER_ID':
    case 'INVALID_PRODUCER_EPOCH':
    case 'INVALID_PRODUCER_ID_MAPPING':
      return { kind: 'producer-lost', why: code }
    default:
      return { kind: 'unsure', why: code }
  }
}
