import { initProducerIdV4, NumericMap, produceV9 } from '@platformatic/kafka'
import { Fault } from '../../topology/flow/fault.ts'
import type { Logger } from '../../topology/flow/ports.ts'
import { backoff } from '../../topology/flow/retry.ts'
import type { Outgoing } from '../../topology/words/record.ts'
import type { Cluster } from './cluster.ts'
import { codeName, responseOf, textOf } from './errors.ts'
import type { Batch, Message } from './lane.ts'

/** The protocol's side of writing: producer ids, and one request with many batches. */
export type Produce = AsyncDisposable &
  Readonly<{
    /** The producer that new batches are numbered under; waits until the brokers give one. */
    producer(): Promise<Producer>
    /** New batches will have another producer than this; without one named, than the present one. */
    retire(producer?: Producer): void
    encode(record: Outgoing): Message
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
  const names = new Map<string, Buffer>()
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
        if (attempt % 10 === 3) logger.warn({ attempt }, `No broker gives a producer id: ${textOf(error)}`)
        await new Promise((resolve) => setTimeout(resolve, wait(attempt)))
      }
    }
  }

  const nameBytes = (name: string): Buffer => {
    const known = names.get(name)
    if (known) return known
    const bytes = Buffer.from(name)
    if (names.size < 1_000) names.set(name, bytes)
    return bytes
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
    encode({ topic, key, value, headers }) {
      const bytes = new Map<Buffer, Buffer>()
      for (const name in headers) {
        const header = headers[name] ?? ''
        bytes.set(nameBytes(name), typeof header === 'string' ? Buffer.from(header) : header)
      }
      return {
        topic: prefix + topic,
        key: Buffer.from(key),
        value: typeof value === 'string' ? Buffer.from(value) : value,
        headers: bytes,
      }
    },
    async send(node, batches) {
      const sequences = new NumericMap()
      const now = BigInt(Date.now())
      const messages = batches.flatMap(({ lane: { topic, partition }, entries, sequence }) => {
        sequences.set(`${prefix}${topic}:${partition}`, sequence)
        return entries.map(({ message }) => ({ ...message, partition, timestamp: now }))
      })
      const { id: producerId, epoch: producerEpoch } = batches[0]?.producer ?? { id: -1n, epoch: -1 }
      try {
        // Its types know no null values; its encoder does.
        const request = messages as Parameters<typeof produceV9.api.async>[3]
        const options = { producerId, producerEpoch, sequences }
        const answer = await line.call(node, produceV9.api, allReplicas, answerMs, request, options)
        return resultsOf(answer as Answer, batches, prefix)
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
      return { kind: 'refused', fault: new Error(`${topic} does not take the record: ${code}`) }
    case 'OUT_OF_ORDER_SEQUENCE_NUMBER':
    case 'UNKNOWN_PRODUCER_ID':
    case 'INVALID_PRODUCER_EPOCH':
    case 'INVALID_PRODUCER_ID_MAPPING':
      return { kind: 'producer-lost', why: code }
    default:
      return { kind: 'unsure', why: code }
  }
}
