import { describe, expect, test } from 'vitest'
import { deadLetterRow, messageRows, type Row, runEventRows } from '../../../../sinks/clickhouse/rows.ts'
import { Fault } from '../../../../topology/flow/fault.ts'
import { intakeTopic } from '../../../../topology/topics.ts'
import { deadLetterRecord } from '../../../../topology/wire/dead-letters.ts'
import { intakeRecord, parseIntake } from '../../../../topology/wire/intake.ts'
import { parseRunRecord, runRecord } from '../../../../topology/wire/runs.ts'
import { newMessageId, timeOf } from '../../../../topology/words/ids.ts'
import { attempted, finished, incoming, matched, message, runFacts, started } from '../../../fixtures/records.ts'

const columnsOf = (rows: readonly Row[]) => rows.map(({ columns }) => columns())
const at = { offset: 7n, timestamp: Date.UTC(2026, 10, 21, 10) }
const id = newMessageId()

describe('rows of messages', () => {
  const rowOf = (body: Buffer, headers: Record<string, string> = {}) =>
    columnsOf(messageRows(parseIntake(incoming(intakeRecord(message({ id, body, headers }))))))[0]

  test('hold what came, as it came', () => {
    expect(rowOf(Buffer.from('{"a":"\\ud800 \\u0000"}'), { 'user-agent': 'curl' })).toMatchObject({
      id,
      project: 'clinic',
      source: 'inbox',
      key: 'k',
      received_at: Date.UTC(2026, 10, 21, 10),
      headers: { 'content-type': 'application/json', 'user-agent': 'curl' },
      body: Buffer.from('{"a":"\\ud800 \\u0000"}'),
      body_encoding: 'utf8',
      size: 21,
      origin: 'intake.clinic/0/0',
    })
  })

  test('keep a byte order mark and a NUL', () => {
    expect(rowOf(Buffer.from('\uFEFFa\0b'))).toMatchObject({ body: Buffer.from('\uFEFFa\0b'), body_encoding: 'utf8' })
  })

  test('hold bytes that are not UTF-8 as base64', () => {
    const body = Buffer.from([0xff, 0xfe, 0x00])
    expect(rowOf(body)).toMatchObject({ body: body.toString('base64'), body_encoding: 'base64', size: 3 })
  })

  test('are not made of a replay', () => {
    const outgoing = intakeRecord(message({ id }))
    const replayed = incoming({ ...outgoing, headers: { ...outgoing.headers, 'penstock-replay': 'again' } })
    expect(messageRows(parseIntake(replayed))).toEqual([])
  })

  test('exist for a record that says nothing of itself', () => {
    const bare = incoming({ topic: intakeTopic('clinic'), key: '', value: null, headers: {} }, { offset: 3n })
    expect(columnsOf(messageRows(parseIntake(bare)))).toMatchObject([
      { body: Buffer.from('null'), origin: 'intake.clinic/0/3' },
    ])
  })

  test('give the first record of an id the highest version', () => {
    const versionAt = (offset: bigint) =>
      messageRows(parseIntake(incoming(intakeRecord(message({ id })), { offset })))[0]?.version ?? 0n
    expect(versionAt(1n) > versionAt(2n)).toBe(true)
  })
})

describe('rows of runs', () => {
  const line = (message: string) =>
    ({ time: '2026-11-21T10:00:01.500Z', level: 'log', source: 'job', message }) as const
  const facts = runFacts(id)

  test('a match is a row, and its run is queued', () => {
    const rows = runEventRows(matched(id, [facts], ['registration', 'audit']), at)
    expect(rows.map(({ table }) => table)).toEqual(['match_rows', 'match_rows', 'run_rows'])
    expect(columnsOf(rows)).toMatchObject([
      { trigger: 'registration', job: 'register', run_id: facts.run_id },
      { trigger: 'audit', job: '', run_id: '' },
      { id: facts.run_id, status: 'queued', queued_at: Date.UTC(2026, 10, 21, 10), version: 7n },
    ])
  })

  test('a message that matched nothing leaves a mark', () => {
    expect(columnsOf(runEventRows(matched(id, []), at))).toMatchObject([{ message_id: id, trigger: '' }])
  })

  test('an end wins over a start, a start over a queued row, and of two ends the first', () => {
    const version = (event: Parameters<typeof runEventRows>[0], offset: bigint) =>
      runEventRows(event, { ...at, offset }).at(-1)?.version ?? 0n
    const ordered = [
      version(matched(id, [facts]), 1_000_000n),
      version(started(facts), 5n),
      version(finished(facts), 900n),
      version(finished(facts), 4n),
    ]
    expect(ordered).toEqual(ordered.toSorted((a, b) => (a < b ? -1 : 1)))
    expect(ordered.every((one) => one < 2n ** 64n)).toBe(true)
  })

  test('a run whose attempt has ended waits, with the error of that, until it begins again', () => {
    const [waiting] = runEventRows(attempted(facts, { log: [line('tried')] }), { ...at, offset: 8n })
    expect(waiting?.columns()).toMatchObject({
      status: 'waiting',
      error_type: 'AdaptorError',
      error_message: 'no answer',
      attempts: 1,
      starts: 1,
      due_at: Date.UTC(2026, 10, 21, 10, 1, 2, 250),
      'log.message': ['tried'],
    })
    const [first, second, end] = [
      runEventRows(started(facts), { ...at, offset: 7n }),
      runEventRows({ ...started(facts), attempt: 2 }, { ...at, offset: 9n }),
      runEventRows(finished(facts), { ...at, offset: 10n }),
    ].flat()
    const versions = [first, waiting, second, end].map((row) => row?.version ?? 0n)
    expect(versions).toEqual(versions.toSorted((a, b) => (a < b ? -1 : 1)))
    expect(second?.columns()).not.toHaveProperty('error_type')
  })

  test('a message and the end of a run say when the message came, and in which trace; a replay does not', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const arrival = { at: timeOf(id), traceId: '0af7651916cd43dd8448eb211c80319c' }
    const [came] = messageRows(parseIntake(incoming(intakeRecord(message({ id, traceparent })))))
    expect(came?.columns()).toMatchObject({ trace_id: arrival.traceId })
    expect(came?.arrival).toEqual({ kind: 'message', ...arrival })
    const traced = { ...facts, traceparent }
    const [end] = runEventRows(finished(traced), at)
    expect(end?.columns()).toMatchObject({ trace_id: arrival.traceId })
    expect(end?.arrival).toEqual({ kind: 'run', ...arrival })
    expect(runEventRows(started(traced), at)[0]?.arrival).toBeUndefined()
    expect(runEventRows(finished({ ...traced, replay: 'r1' }), at)[0]?.arrival).toBeUndefined()
  })

  test('a run of before there were traces is in the trace of its message', () => {
    expect(columnsOf(runEventRows(finished(facts), at))).toMatchObject([{ trace_id: id.replaceAll('-', '') }])
  })

  test('a final state is JSON, also when it is null; what is absent is null', () => {
    expect(columnsOf(runEventRows(finished(facts, { final_state: null }), at))).toMatchObject([
      { final_state: 'null', input: null },
    ])
    const failed = finished(facts, { status: 'failed', final_state: null, input: 5 })
    expect(columnsOf(runEventRows(failed, at))).toMatchObject([{ final_state: null, input: '5' }])
  })

  test('states that are bytes stay so, and are absent where they are null', () => {
    const [one, none] = [Buffer.from('{"n":1.50}'), Buffer.from('null')]
    const columnsFor = (status: 'success' | 'failed', final_state: Buffer, input: Buffer) =>
      columnsOf(runEventRows({ ...finished(facts, { status }), log: Buffer.from('[]'), final_state, input }, at))[0]
    expect(columnsFor('success', one, none)).toMatchObject({ final_state: one, input: null })
    expect(columnsFor('success', none, none)).toMatchObject({ final_state: none, input: null })
    expect(columnsFor('failed', none, one)).toMatchObject({ final_state: null, input: one })
  })

  test.each([
    ['2026-11-21T10:00:01.000Z', '2026-11-21T10:00:01.000'],
    ['2026-11-21T12:00:01+02:00', '2026-11-21T10:00:01.000'],
    ['2100-01-01T00:00:00.000Z', '2100-01-01T00:00:00.000'],
    ['+012026-11-21T10:00:01.000Z', '2299-12-31T00:00:00.000'],
    ['0026-11-21T10:00:01.000Z', '1970-01-01T00:00:00.000'],
    ['nonsense', '1970-01-01T00:00:00.000'],
  ])('a time of %s is stored as %s', (time, stored) => {
    expect(columnsOf(runEventRows(finished(facts, { finished_at: time }), at))[0]).toMatchObject({
      finished_at: Date.parse(`${stored}Z`),
    })
  })
})

describe('rows of dead letters', () => {
  const buried = incoming({ topic: 'runs', key: 'k', value: Buffer.from([0xff]), headers: { a: 'b' } }, { offset: 9n })
  const fault = new Fault('message-unreadable', 'not JSON')
  const letter = (stage: string) =>
    incoming(
      deadLetterRecord({
        reason: fault.code,
        detail: fault.message,
        stage,
        project: 'clinic',
        message: null,
        run: null,
        record: buried,
      }),
    )

  test('say what it was, why, and where it lay', () => {
    expect(deadLetterRow(letter('sink')).columns()).toMatchObject({
      project: 'clinic',
      stage: 'sink',
      reason: 'message-unreadable',
      detail: 'not JSON',
      topic: 'runs',
      partition: 0,
      offset: 9n,
      key: 'k',
      headers: { a: 'b' },
      value: '/w==',
      value_encoding: 'base64',
    })
  })

  test('have one id for one stage, however often it was buried', () => {
    expect(deadLetterRow(letter('sink')).id).toBe(deadLetterRow(letter('sink')).id)
    expect(deadLetterRow(letter('sink')).id).not.toBe(deadLetterRow(letter('filter')).id)
  })

  test('are made of whatever lies in the topic', () => {
    const strange = incoming({ topic: 'dead-letters', key: '', value: null, headers: {} })
    expect(deadLetterRow(strange).columns()).toMatchObject({ project: null, value: null, size: 0 })
    expect(parseRunRecord(incoming(runRecord(started(runFacts(id)), 'k'))).event).toBe('started')
  })
})
