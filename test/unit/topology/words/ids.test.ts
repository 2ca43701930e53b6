import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isName,
  isUuid,
  type MessageId,
  messageIdOfRecord,
  newMessageId,
  parseMessageId,
  type RunId,
  runIdOf,
  timeOf,
} from '../../../../topology/words/ids.ts'
import { anyText, name, uuid7 } from '../../../fixtures/arbitraries.ts'

const origin = { topic: 'intake.p', partition: 0, offset: 7n }
const messageId = uuid7.map((id) => id as MessageId)

describe('ids', () => {
  test('a new id is a UUID of version 7 and variant 10 that says its time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (now) => {
        const id = newMessageId(now)
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(timeOf(id)).toBe(now)
        expect(parseMessageId(id)).toBe(id)
      }),
    )
  })

  test('ids sort as text by their time', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.integer({ min: 1, max: 2 ** 31 }), (now, later) => {
        expect(newMessageId(now) < newMessageId(now + later)).toBe(true)
      }),
    )
  })

  test('no two new ids are the same', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newMessageId(0))).size).toBe(10_000)
  })

  test('a place in the log gives the same id for ever', () => {
    expect(messageIdOfRecord(origin, Date.UTC(2026, 10, 21))).toBe('01a1fb67-1800-736f-99e9-7e9e375178f5')
  })

  test('another place, or another cluster, gives another id', () => {
    const others = [
      messageIdOfRecord(origin, 0),
      messageIdOfRecord({ ...origin, offset: 8n }, 0),
      messageIdOfRecord({ ...origin, partition: 1 }, 0),
      messageIdOfRecord({ ...origin, topic: 'intake.q' }, 0),
      messageIdOfRecord(origin, 0, 'another cluster'),
    ]
    expect(new Set(others).size).toBe(others.length)
  })

  test.each([
    [-1, '2000-01-01'],
    [0, '2000-01-01'],
    [Number.MAX_SAFE_INTEGER, '2100-01-01'],
  ])('a record time of %d is brought into the years in which ids are', (timestamp, day) => {
    expect(new Date(timeOf(messageIdOfRecord(origin, timestamp))).toISOString()).toContain(day)
  })

  test('one cause is one run, another cause another', () => {
    fc.assert(
      fc.property(messageId, name, anyText, (message, job, replay) => {
        const cause = { message, job, parent: null, replay }
        const run = runIdOf(cause)
        expect(runIdOf({ ...cause })).toBe(run)
        expect(timeOf(run)).toBe(timeOf(message))
        expect(isUuid(run)).toBe(true)
        for (const other of [{ job: `${job}x` }, { replay: `${replay}x` }, { parent: run as RunId }]) {
          expect(runIdOf({ ...cause, ...other })).not.toBe(run)
        }
      }),
    )
  })

  test('a run id stays what it is in every release', () => {
    const message = '019aa5e0-8c00-7111-8222-123456789abc' as MessageId
    const root = runIdOf({ message, job: 'register-patient', parent: null, replay: '' })
    expect(root).toBe('019aa5e0-8c00-7756-a3c6-4bd41d9f0972')
    expect(runIdOf({ message, job: 'welcome', parent: root, replay: 'r' })).toBe('019aa5e0-8c00-7d40-aacb-f710cfe43e01')
  })

  test.each([
    undefined,
    '',
    'x',
    '019aa5e0-8c00-4111-8222-123456789abc',
    '019AA5E0-8c00-7111-8222-123456789abc',
    '{019aa5e0-8c00-7111-8222-123456789abc}',
  ])('%s is no message id', (text) => {
    expect(parseMessageId(text)).toBeUndefined()
  })

  test.each([
    ['a', true],
    ['0-a', true],
    ['a'.repeat(63), true],
    ['a'.repeat(64), false],
    ['', false],
    ['-a', false],
    ['A', false],
    ['a.b', false],
    ['a\n', false],
    ['é', false],
  ])('the name %j: %s', (text, valid) => {
    expect(isName(text)).toBe(valid)
  })
})
