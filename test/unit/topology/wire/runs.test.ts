import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fault } from '../../../../topology/flow/fault.ts'
import {
  type Attempted,
  type Finished,
  finishedRecord,
  type Matched,
  parseRunRecord,
  parseRunTexts,
  runFactsOf,
  runRecord,
  runRecordIdOf,
  type Started,
} from '../../../../topology/wire/runs.ts'
import type { MessageId } from '../../../../topology/words/ids.ts'
import { anyBytes, anyRecord, anyText, instant, name, runRequest, uuid7 } from '../../../fixtures/arbitraries.ts'
import { asRead } from '../../../fixtures/memory-house.ts'

const facts = runRequest.map(runFactsOf)
const time = instant.map((date) => date.toISOString())

const matched: fc.Arbitrary<Matched> = fc.record({
  event: fc.constant('matched' as const),
  project: name,
  message_id: uuid7.map((id) => id as MessageId),
  replay: anyText,
  triggers: fc.array(name, { maxLength: 3 }),
  runs: fc.array(facts, { maxLength: 3 }),
  definitions: fc.nat().map(String),
})
const started: fc.Arbitrary<Started> = fc
  .tuple(facts, time, fc.integer({ min: 1, max: 9 }))
  .map(([run, started_at, attempt]) => ({ event: 'started', ...run, started_at, attempt }))
const logLines = fc.array(
  fc.record({
    time,
    level: fc.constantFrom('debug', 'log', 'info', 'warn', 'error' as const),
    source: fc.constantFrom('job', 'penstock' as const),
    message: anyText,
  }),
  { maxLength: 3 },
)
const attempted: fc.Arbitrary<Attempted> = fc
  .tuple(
    facts,
    fc.record({
      event: fc.constant('attempt' as const),
      adaptor: anyText,
      attempt: fc.integer({ min: 1, max: 9 }),
      starts: fc.nat(9),
      error: fc.constant(null),
      exit_code: fc.nat(255),
      started_at: time,
      finished_at: time,
      due_at: time,
      log: logLines,
      definitions: fc.nat().map(String),
    }),
  )
  .map(([run, attempt]) => ({ ...run, ...attempt }))
const ended = fc.record({
  adaptor: fc.constant('common'),
  status: fc.constantFrom('success', 'failed', 'crashed', 'killed', 'cancelled', 'unknown' as const),
  exit_code: fc.nat(255),
  error: fc.option(
    fc.record({
      name: anyText,
      message: anyText,
      line: fc.option(fc.nat(), { nil: null }),
      column: fc.option(fc.nat(), { nil: null }),
      operation: fc.option(anyText, { nil: null }),
      details: fc.jsonValue().map((details) => JSON.parse(JSON.stringify(details))),
    }),
    { nil: null },
  ),
  attempts: fc.nat(9),
  starts: fc.nat(9),
  started_at: time,
  finished_at: time,
  duration_ms: fc.nat(),
  log: logLines,
  definitions: fc.nat().map(String),
})

const finished = fc.tuple(facts, ended).map(([run, end]) => ({ event: 'finished' as const, ...run, ...end }))

describe('an event of a run', () => {
  test('comes back as it was written, lone surrogates too', () => {
    fc.assert(
      fc.property(fc.oneof(matched, started, attempted), anyText, (event, key) => {
        expect(parseRunRecord(asRead(runRecord(event, key)))).toEqual(event)
      }),
    )
  })

  test('carries the two states as the JSON that they are', () => {
    const state = fc.option(fc.json(), { nil: null })
    fc.assert(
      fc.property(facts, ended, state, state, (run, end, final_state, input) => {
        const event = { event: 'finished', ...run, ...end } as const
        const record = asRead(finishedRecord(event, { final_state, input }))
        expect(record.key?.toString()).toBe(run.key)
        const read = parseRunRecord(record) as Finished
        expect(read).toEqual({
          ...event,
          final_state: JSON.parse(final_state ?? 'null'),
          input: JSON.parse(input ?? 'null'),
        })
      }),
    )
  })

  test('keeps the digits of a state in the record', () => {
    const [[run, end] = []] = fc.sample(fc.tuple(facts, ended), 1)
    if (!run || !end) throw new Error('no sample')
    const record = finishedRecord(
      { event: 'finished', ...run, ...end },
      { final_state: '{"n":9007199254740993}', input: null },
    )
    expect(record.value).toContain('"final_state":{"n":9007199254740993}')
  })

  test('leaves log and states the bytes that they are, if its header says where they lie', () => {
    const state = fc.option(fc.json(), { nil: null })
    fc.assert(
      fc.property(facts, ended, state, state, (run, end, final_state, input) => {
        const event = { event: 'finished', ...run, ...end } as const
        const record = asRead(finishedRecord(event, { final_state, input }))
        expect(parseRunTexts(record)).toEqual({
          ...event,
          log: Buffer.from(JSON.stringify(event.log)),
          final_state: Buffer.from(final_state ?? 'null'),
          input: Buffer.from(input ?? 'null'),
        })
      }),
    )
  })

  const digits =
    '{"n":123456789012345678901234567890,"rate":1.50,"far":1e400,"half":"\\ud800 é","input":[",\\"input\\":"]}'
  const written = (edit: (value: string) => string = (value) => value) => {
    const [[run, end] = []] = fc.sample(fc.tuple(facts, ended), 1)
    if (!run || !end) throw new Error('no sample')
    const error = { name: 'E', message: '', line: null, column: null, operation: null, details: null }
    const states = { final_state: digits, input: '"é"' }
    const record = finishedRecord({ event: 'finished', ...run, ...end, error }, states)
    return { ...record, value: edit(String(record.value)) }
  }

  test('every character of a state stays, and the digits of an error', () => {
    const record = written((value) => value.replace('"details":null', '"details":12345678901234567890'))
    const read = parseRunTexts(asRead(record)) as Finished
    expect([read.final_state, read.input].map(String)).toEqual([digits, '"é"'])
    expect(JSON.stringify(read.error)).toContain('12345678901234567890')
  })

  test.each([
    ['no header', { 'penstock-event': 'finished' }],
    ['a header of nonsense', { 'penstock-lengths': 'many' }],
    ['a header of other lengths', { 'penstock-lengths': '2,2.5,NaN' }],
    ['a header that does not fit', { 'penstock-lengths': '2,3,4' }],
    ['a header of more than there is', { 'penstock-lengths': '2,999999,4' }],
  ])('a record with %s is read as a whole', (_what, headers) => {
    const record = asRead({ ...written(), headers })
    expect(parseRunTexts(record)).toEqual(parseRunRecord(record))
  })

  test.each(['no JSON', '{"event":"finished"}', '{"event":"matched"}', '[]'])('facts of %j are none', (value) => {
    const broken = { ...written(), value: `${value.slice(0, -1)},"log":[],"final_state":1,"input":2}` }
    const record = asRead({ ...broken, headers: { 'penstock-lengths': '2,1,1' } })
    expect(() => parseRunTexts(record)).toThrow(expect.objectContaining({ code: 'message-unreadable' }))
  })

  test('a record whose bytes are no text is read as the text that it can be', () => {
    const record = asRead(written())
    record.value?.fill(0xff, record.value.length - 3, record.value.length - 2)
    expect(parseRunTexts(record)).toMatchObject({ input: expect.stringContaining('\ufffd') })
  })

  test('a run has one end, whatever it is; its starts and the ends of its attempts differ', () => {
    fc.assert(
      fc.property(facts, attempted, ended, ended, (run, tried, one, other) => {
        const states = { final_state: null, input: null }
        const idOf = (end: typeof one) =>
          runRecordIdOf(asRead(finishedRecord({ event: 'finished', ...run, ...end }, states)))
        expect(idOf(one)).toBe(idOf(other))
        const start = (attempt: number) =>
          runRecordIdOf(asRead(runRecord({ event: 'started', ...run, started_at: one.started_at, attempt }, run.key)))
        const end = (attempt: number) => runRecordIdOf(asRead(runRecord({ ...tried, ...run, attempt }, run.key)))
        expect(new Set([idOf(one), start(1), start(2), end(1), end(2)]).size).toBe(5)
      }),
    )
  })

  test.each(['run_id', 'project', 'status', 'definitions', 'finished_at', 'log', 'depth'])(
    'an end without a readable %s is refused by that name',
    (field) => {
      const [end] = fc.sample(finished, 1)
      for (const value of [undefined, {}, true]) {
        const broken = asRead({
          topic: 'runs',
          key: 'k',
          headers: {},
          value: JSON.stringify({ ...end, [field]: value }),
        })
        expect(() => parseRunRecord(broken)).toThrow(new RegExp(`whose ${field} is not`))
      }
    },
  )

  test.each(['constructor', 'toString', '', 'ended'])('an event named %j is none of ours', (event) => {
    const record = asRead({ topic: 'runs', key: 'k', headers: {}, value: JSON.stringify({ event }) })
    expect(() => parseRunRecord(record)).toThrow('not an event of a run')
  })

  test('the digits of an input survive', () => {
    const [end] = fc.sample(finished, 1)
    const text = JSON.stringify({ ...end, input: null }).replace('"input":null', '"input":{"n":9007199254740993}')
    const read = parseRunRecord(asRead({ topic: 'runs', key: 'k', headers: {}, value: text }))
    expect(JSON.stringify(read)).toContain('9007199254740993')
  })

  test('of any make is an event or a fault', () => {
    const values = fc.oneof(
      anyBytes,
      fc.json().map((text) => Buffer.from(text)),
      fc.constant(null),
    )
    fc.assert(
      fc.property(anyRecord('runs'), values, (record, value) => {
        expect(() => parseRunRecord({ ...record, value })).toThrow(
          expect.objectContaining({ code: 'message-unreadable', name: Fault.name }),
        )
      }),
    )
  })
})
