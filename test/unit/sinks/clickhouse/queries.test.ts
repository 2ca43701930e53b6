import { describe, expect, test } from 'vitest'
import { deadLetterList } from '../../../../sinks/clickhouse/read/dead-letters.ts'
import { messageList } from '../../../../sinks/clickhouse/read/messages.ts'
import { BadPlace } from '../../../../sinks/clickhouse/read/page.ts'
import { runList } from '../../../../sinks/clickhouse/read/runs.ts'

const hostile = `'; DROP TABLE run_rows; --`
const id = '018F2B1C-0000-7000-8000-0000000000F1'

describe('questions to the store', () => {
  test.each([
    [
      'messages',
      messageList({
        project: hostile,
        kind: hostile,
        source: hostile,
        trigger: hostile,
        job: hostile,
        status: hostile,
        key: hostile,
        limit: 5,
      }),
    ],
    [
      'runs',
      runList({
        project: hostile,
        source: hostile,
        messageId: hostile,
        job: hostile,
        trigger: hostile,
        status: hostile,
        limit: 5,
      }),
    ],
    ['dead letters', deadLetterList({ project: hostile, stage: hostile, reason: hostile, limit: 5 })],
  ])('about %s hold no value in their text, and every value that they name', (_what, { sql, params }) => {
    expect(sql.toLowerCase()).not.toContain('drop')
    for (const [, name] of sql.matchAll(/\{(\w+):/g)) expect(params).toHaveProperty(name ?? '')
  })

  test('look back 30 days unless a bound was asked for', () => {
    expect(messageList({ project: 'p', limit: 1 }).params).toHaveProperty('from')
    expect(messageList({ project: 'p', limit: 1, to: new Date() }).params).not.toHaveProperty('from')
    expect(messageList({ project: 'p', limit: 1, idFrom: id }).params).not.toHaveProperty('from')
    expect(runList({ project: 'p', limit: 1, messageId: id }).params).not.toHaveProperty('from')
  })

  test('ask for no time that the store cannot read', () => {
    const after = Buffer.from('["+275760-09-13T00:00:00Z","a"]').toString('base64url')
    const [from, to] = [new Date('0000-01-01T00:00:00+01:00'), new Date('9999-12-31T23:59:59-01:00')]
    expect(runList({ project: 'p', limit: 1, from, to, after }).params).toMatchObject({
      from: '1970-01-01 00:00:00.000',
      to: '2299-12-31 00:00:00.000',
      place_time: '2299-12-31 00:00:00.000',
    })
  })

  test('take ids that people write in capitals', () => {
    expect(messageList({ project: 'p', limit: 1, idTo: id }).params).toMatchObject({ id_to: id.toLowerCase() })
  })

  test.each([
    '',
    'x',
    'bnVsbA',
    Buffer.from('["yesterday","a"]').toString('base64url'),
    Buffer.from('[1,2]').toString('base64url'),
  ])('refuse %o as a place', (after) => {
    expect(() => runList({ project: 'p', limit: 1, after })).toThrow(BadPlace)
  })
})
