import { crc32c, Writer } from '@platformatic/kafka'
import type { Outgoing } from '../../topology/words/record.ts'
import { varIntLength, writeVarInt } from './var-int.ts'

/** A record as the log keeps it, but for what its place in a batch decides. `key` chooses the partition. */
export type Message = Readonly<{ key: Buffer; bytes: Buffer }>

/** `timestamp` in milliseconds; `sequence` numbers the first record (KIP-98). */
export type BatchFacts = Readonly<{ producerId: bigint; producerEpoch: number; sequence: number; timestamp: number }>

/**
 * Key, value and headers as a record of format 2 has them, each after its length (Kafka's protocol guide, "Record Batch"). In one piece: the
 * client's encoder allocates for every number; for a record of 1 KB with seven headers it took 5 µs where this takes 3 to 4.
 */
export const messageOf = ({ key, value, headers }: Outgoing): Message => {
  const keyBytes = Buffer.from(key)
  let most = mostOf(keyBytes) + mostOf(value)
  let count = 0
  for (const name in headers) {
    most += mostOf(name) + mostOf(headers[name] ?? '')
    count++
  }
  const bytes = most <= scratch.length ? scratch : Buffer.allocUnsafe(most)
  let at = writeVarInt(bytes, write(bytes, write(bytes, 0, keyBytes), value), count)
  for (const name in headers) at = write(bytes, write(bytes, at, name), headers[name] ?? '')
  const own = Buffer.allocUnsafe(at)
  bytes.copy(own, 0, 0, at)
  return { key: keyBytes, bytes: own }
}

/** Where a record is written before its length is known. */
const scratch = Buffer.allocUnsafe(64_000)

/** A batch of format 2, not compressed. All its records have one timestamp. */
export const batchOf = (messages: readonly Message[], facts: BatchFacts): Buffer => {
  let length = batchHead
  let index = 0 // counted here: `entries()` makes an array of each
  for (const { bytes } of messages) {
    const body = recordHead + varIntLength(index++) + bytes.length
    length += varIntLength(body) + body
  }
  const batch = Buffer.allocUnsafe(length)
  batch.writeBigInt64BE(0n, 0) // the broker gives the first offset
  batch.writeInt32BE(length - 12, 8)
  batch.writeInt32BE(0, 12) // the leader's epoch, the broker's too
  batch.writeInt8(2, 16)
  batch.writeInt16BE(0, 21)
  batch.writeInt32BE(messages.length - 1, 23)
  batch.writeBigInt64BE(BigInt(facts.timestamp), 27)
  batch.writeBigInt64BE(BigInt(facts.timestamp), 35)
  batch.writeBigInt64BE(facts.producerId, 43)
  batch.writeInt16BE(facts.producerEpoch, 51)
  batch.writeInt32BE(facts.sequence, 53)
  batch.writeInt32BE(messages.length, 57)
  let at = batchHead
  index = 0
  for (const { bytes } of messages) {
    at = writeVarInt(batch, at, recordHead + varIntLength(index) + bytes.length)
    batch.writeInt16BE(0, at) // attributes, and the time since the batch's
    at = writeVarInt(batch, at + recordHead, index++)
    at += bytes.copy(batch, at)
  }
  const checked = Writer.create().append(batch.subarray(21)).dynamicBuffer // so it is not copied
  batch.writeUInt32BE(crc32c(checked), 17)
  return batch
}

const batchHead = 61
const recordHead = 2

/** Most that a field can take: a UTF-16 unit is at most three bytes of UTF-8. */
const mostOf = (field: string | Buffer | null): number =>
  5 + (typeof field === 'string' ? 3 * field.length : (field?.length ?? 0))

const write = (bytes: Buffer, at: number, field: string | Buffer | null): number => {
  if (field === null) return writeVarInt(bytes, at, -1)
  if (typeof field === 'string') return writeText(bytes, at, field)
  const start = writeVarInt(bytes, at, field.length)
  return start + field.copy(bytes, start)
}

/** Nearly all of it is short and ASCII, and then a loop is quicker than a call out of JavaScript. */
const writeText = (bytes: Buffer, at: number, text: string): number => {
  if (text.length <= longText) {
    let end = writeVarInt(bytes, at, text.length)
    let index = 0
    for (; index < text.length; index++) {
      const unit = text.charCodeAt(index)
      if (unit > 0x7f) break
      bytes[end++] = unit
    }
    if (index === text.length) return end
  }
  const start = writeVarInt(bytes, at, Buffer.byteLength(text))
  return start + bytes.write(text, start)
}

const longText = 100
