import { type FaultCode, isFaultCode } from '../flow/fault.ts'
import { deadLettersTopic } from '../topics.ts'
import type { DeadLetter } from '../words/dead-letter.ts'
import { headerOf, type Incoming, type Outgoing } from '../words/record.ts'

/** `dead-letters`: the original value and headers as they were, and beside them why. The key is the origin. */
export const deadLetterRecord = (letter: DeadLetter): Outgoing => ({
  topic: deadLettersTopic,
  key: originText(letter.record),
  value: letter.record.value,
  headers: {
    ...Object.fromEntries(letter.record.headers),
    'penstock-dead-reason': letter.reason,
    'penstock-dead-detail': letter.detail.slice(0, 4_000),
    'penstock-dead-stage': letter.stage,
    'penstock-dead-origin': originText(letter.record),
    'penstock-dead-timestamp': String(letter.record.timestamp),
    ...(letter.record.key !== null && { 'penstock-dead-key': letter.record.key }),
    ...(letter.project !== null && { 'penstock-dead-project': letter.project }),
    ...(letter.message !== null && { 'penstock-dead-message-id': letter.message }),
    ...(letter.run !== null && { 'penstock-dead-run-id': letter.run }),
  },
})

/** What a dead letter says of itself. Never throws: whatever lies in the topic can be shown. */
export const parseDeadLetter = (record: Incoming): DeadLetter => {
  const reason = headerOf(record, 'penstock-dead-reason') ?? ''
  const [topic = '', partition, offset] = (headerOf(record, 'penstock-dead-origin') ?? '').split('/')
  return {
    reason: isFaultCode(reason) ? reason : unknownReason,
    detail: headerOf(record, 'penstock-dead-detail') ?? '',
    stage: headerOf(record, 'penstock-dead-stage') ?? '',
    project: headerOf(record, 'penstock-dead-project') ?? null,
    message: headerOf(record, 'penstock-dead-message-id') ?? null,
    run: headerOf(record, 'penstock-dead-run-id') ?? null,
    record: {
      topic,
      partition: whole(partition) ?? 0,
      offset: BigInt(/^\d{1,19}$/.test(offset ?? '') ? (offset ?? 0) : 0),
      timestamp: whole(headerOf(record, 'penstock-dead-timestamp')) ?? record.timestamp,
      key: record.headers.get('penstock-dead-key') ?? null,
      value: record.value,
      headers: new Map([...record.headers].filter(([name]) => !name.startsWith('penstock-dead-'))),
    },
  }
}

/** One record is buried once for one stage, however often it is met. */
export const deadLetterIdOf = (record: Incoming): string | undefined => {
  const origin = headerOf(record, 'penstock-dead-origin')
  return origin && `${headerOf(record, 'penstock-dead-stage') ?? ''}/${origin}`
}

/** A number as we write them, and none that a double does not hold. */
const whole = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined

const unknownReason: FaultCode = 'message-unreadable'

const originText = (record: Incoming): string => `${record.topic}/${record.partition}/${record.offset}`
