import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isRetryable } from '../../../../topology/flow/fault.ts'
import { intakeIdOf, intakeRecord, parseIntake } from '../../../../topology/wire/intake.ts'
import { type MessageId, parseMessageId } from '../../../../topology/words/ids.ts'
import { isJsonObject, type JsonObject } from '../../../../topology/words/json.ts'
import { traceOf } from '../../../../topology/words/trace.ts'
import { anyBytes, anyRecord, anyText, name, utf8Text, uuid7 } from '../../../fixtures/arbitraries.ts'
import { asRead, published } from '../../../fixtures/memory-house.ts'

const newMessage = fc.record({
  id: uuid7.map((id) => id as MessageId),
  project: name,
  source: fc.option(name, { nil: null }),
  key: utf8Text.filter((key) => key !== ''),
  contentType: utf8Text,
  body: anyBytes,
  headers: fc.dictionary(utf8Text, utf8Text),
  request: fc.dictionary(anyText, fc.jsonValue()).map((request) => JSON.parse(JSON.stringify(request)) as JsonObject),
  traceparent: fc.option(utf8Text, { nil: null }),
})

describe('an intake record', () => {
  test.each([1.7e18, -1.7e18])('of somebody whose time is no date is taken: %d', (timestamp) => {
    const record = { ...asRead({ topic: 'intake.clinic', key: 'k', value: '1', headers: {} }), timestamp }
    expect(Math.abs(parseIntake(record).receivedAt.getTime())).toBe(8.64e15)
  })

  test('gives back the message that it was made from', () => {
    fc.assert(
      fc.property(newMessage, (message) => {
        const record = asRead(intakeRecord(message), { partition: 3, offset: 9n })
        const { headers, ...read } = parseIntake(record)
        const { headers: sent, ...facts } = message
        expect(read).toEqual({
          ...facts,
          kind: 'message',
          receivedAt: new Date(record.timestamp),
          replay: '',
          origin: { topic: `intake.${message.project}`, partition: 3, offset: 9n },
        })
        expect(headers).toMatchObject(sent)
        expect(intakeIdOf(record)).toBe(`${message.id}/`)
      }),
    )
  })

  test('shows the trace that its sender named, and none that the message began itself', () => {
    const id = '019a0000-0000-7000-8000-000000000001' as MessageId
    const shown = (traceparent: string) =>
      parseIntake(published('intake.clinic', '{}', { 'penstock-message-id': id, traceparent })).headers['traceparent']
    expect(shown(traceOf({ id, traceparent: null }))).toBeUndefined()
    const named = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    expect(shown(named)).toBe(named)
  })

  test('of any make is a message, with a valid id, a key and readable headers', () => {
    fc.assert(
      fc.property(anyRecord('intake.clinic'), (record) => {
        const message = parseIntake(record)
        expect(parseMessageId(message.id)).toBe(message.id)
        expect(message.key).not.toBe('')
        expect(isJsonObject(message.request)).toBe(true)
        for (const [header, text] of Object.entries(message.headers)) {
          expect(header.startsWith('penstock-')).toBe(false)
          expect(text.isWellFormed()).toBe(true)
        }
        expect(parseIntake(record)).toEqual(message)
      }),
    )
  })

  test('without an id of its own gets the one of its place, and is no repeat of any other', () => {
    const at = (offset: bigint) => ({ ...published('intake.clinic', '{}'), offset })
    expect(parseIntake(at(7n)).id).toBe(parseIntake(at(7n)).id)
    expect(parseIntake(at(7n)).id).not.toBe(parseIntake(at(8n)).id)
    expect(intakeIdOf(at(7n))).toBeUndefined()
  })

  test.each(['', 'no-uuid', '54804f1a-4a70-4392-97cb-1f350e98e9c8', '019A0000-0000-7000-8000-000000000001'])(
    'does not take "%s" for a message id',
    (id) => {
      const record = published('intake.clinic', '{}', { 'penstock-message-id': id })
      expect(parseIntake(record).id).not.toBe(id)
      expect(intakeIdOf(record)).toBeUndefined()
    },
  )

  test('a replay is not a repeat of what it replays', () => {
    const id = '019a0000-0000-7000-8000-000000000001'
    const record = (replay: string) =>
      published('intake.clinic', '{}', { 'penstock-message-id': id, 'penstock-replay': replay })
    expect(intakeIdOf(record('r'))).toBe(`${id}/r`)
    expect(intakeIdOf(record('r'))).not.toBe(intakeIdOf(record('')))
  })

  test('of a topic that is none of intake is a fault that nobody retries', () => {
    try {
      parseIntake(published('job.clinic.register', '{}'))
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'headers-unreadable' })
      expect(isRetryable(error)).toBe(false)
    }
  })
})
