import { compressionsAlgorithmsByBitmask } from '@platformatic/kafka'
import type { Origin } from '../../topology/words/ids.ts'
import type { Incoming } from '../../topology/words/record.ts'
import type { Place } from './desk.ts'
import { RecordHeaders } from './record-headers.ts'
import { afterVarInt, readVarInt, readVarLong } from './var-int.ts'

/** What was fetched of a partition: batches of format 2, the last of them perhaps cut off; and the transactions that were aborted in them. */
export type Batches = Readonly<{ bytes: Buffer; aborts: readonly Abort[] }>
export type Abort = Readonly<{ producerId: bigint; firstOffset: bigint }>

/**
 * The records from an offset on, and where to read on (Kafka's protocol guide, "Record Batch"). Left out: what lies before in the same batch,
 * control batches, and records of aborted transactions. A record has its bytes to itself, or with a few small ones: to keep it keeps no answer.
 * Throws for what is no such batch; a broker gives the first one whole, however large it is.
 */
export const recordsIn = (
  place: Place,
  from: bigint,
  { bytes, aborts }: Batches,
): Readonly<{ records: readonly Incoming[]; next: bigint }> => {
  const records: Incoming[] = []
  const coming = aborts.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  const aborting = new Set<bigint>()
  let next = from
  for (let at = 0; at + batchHead <= bytes.length; ) {
    const end = at + lengthBehind + bytes.readInt32BE(at + 8)
    if (end < at + batchHead || bytes[at + 16] !== 2) throw new Error('a batch is damaged')
    if (end > bytes.length && at > 0) break
    if (end > bytes.length) throw new Error('a batch ends too early')
    const batch = bytes.subarray(at, end)
    at = end
    const last = batch.readBigInt64BE(0) + BigInt(batch.readInt32BE(23))
    const producerId = batch.readBigInt64BE(43)
    const attributes = batch.readInt16BE(21)
    while (coming[0] && coming[0].firstOffset <= last) aborting.add(coming.shift()?.producerId ?? 0n)
    if (last + 1n > next) next = last + 1n
    if ((attributes & isControl) !== 0) {
      if (isAbort(batch)) aborting.delete(producerId)
    } else if ((attributes & isTransactional) === 0 || !aborting.has(producerId)) {
      for (const record of read(place, batch)) if (record.offset >= from) records.push(record)
    }
  }
  return { records, next }
}

const batchHead = 61
/** Where the bytes begin that a batch's length counts. */
const lengthBehind = 12

const isTransactional = 1 << 4
const isControl = 1 << 5
const isAppendTime = 1 << 3
const compression = 7

/** A control record's key is its version and its type, of which 0 is ABORT. */
const isAbort = (batch: Buffer): boolean => read({ topic: '', partition: 0 }, batch)[0]?.key?.readInt16BE(2) === 0

const read = ({ topic, partition }: Place, batch: Buffer): readonly Incoming[] => {
  const attributes = batch.readInt16BE(21)
  const firstOffset = batch.readBigInt64BE(0)
  const appended = (attributes & isAppendTime) !== 0
  const time = Number(batch.readBigInt64BE(appended ? 35 : 27))
  const bytes = unpacked(batch.subarray(batchHead), attributes & compression)
  const records: Incoming[] = []
  let at = 0
  for (let left = batch.readInt32BE(57); left > 0; left--) {
    const start = afterVarInt(bytes, at)
    const end = start + readVarInt(bytes, at)
    at = end
    const behind = start + 1 // a record's own attributes say nothing yet
    const own = Buffer.allocUnsafe(end - behind)
    bytes.copy(own, 0, behind, end)
    const offsetAt = afterVarInt(own, 0)
    const offset = firstOffset + BigInt(readVarInt(own, offsetAt))
    const timestamp = appended ? time : time + readVarLong(own, 0)
    records.push(recordFrom(own, afterVarInt(own, offsetAt), { topic, partition, offset, timestamp }))
  }
  return records
}

/** A record from its key, value and headers, each after its length, as they lie from there to the end of the bytes. */
export const recordFrom = (
  bytes: Buffer,
  at: number,
  { topic, partition, offset, timestamp }: Origin & Pick<Incoming, 'timestamp'>,
): Incoming => {
  const keyLength = readVarInt(bytes, at)
  const key = afterVarInt(bytes, at)
  const valueAt = key + Math.max(0, keyLength)
  const valueLength = readVarInt(bytes, valueAt)
  const value = afterVarInt(bytes, valueAt)
  const headersAt = value + Math.max(0, valueLength)
  return {
    topic,
    partition,
    offset,
    timestamp,
    key: keyLength < 0 ? null : bytes.subarray(key, valueAt),
    value: valueLength < 0 ? null : bytes.subarray(value, headersAt),
    headers: new RecordHeaders(bytes, afterVarInt(bytes, headersAt), readVarInt(bytes, headersAt)),
  }
}

/** Users' topics may hold what their producers, or their brokers, have compressed. Throws for a way that nobody here knows. */
const unpacked = (bytes: Buffer, way: number): Buffer => {
  if (way === 0) return bytes
  const known = compressionsAlgorithmsByBitmask[way]
  if (!known) throw new Error(`a batch is compressed in a way that is not known (${way})`)
  return known.decompressSync(bytes)
}
