import { describe, expect, test } from 'vitest'
import { openMatchers } from '../../../../processors/filter/matchers.ts'
import { filterStage } from '../../../../processors/filter/stage.ts'
import type { Verdict } from '../../../../topology/flow/verdict.ts'
import { intakeRecord } from '../../../../topology/wire/intake.ts'
import { parseJobRecord } from '../../../../topology/wire/job.ts'
import { type Matched, parseRunRecord } from '../../../../topology/wire/runs.ts'
import { type MessageId, runIdOf } from '../../../../topology/words/ids.ts'
import type { Incoming } from '../../../../topology/words/record.ts'
import { firstHand } from '../../../fixtures/hand.ts'
import { asRead, openMemoryHouse, published } from '../../../fixtures/memory-house.ts'

const clinic = `
name: clinic
triggers:
  registration: { type: message, filter: { form: registration } }
  all: { type: message }
jobs:
  register: { triggers: [registration, all], expression: fn(s => s) }
  count: { trigger: all, expression: fn(s => s) }
`
const silent = `
name: silent
triggers:
  nobody-listens: { type: message, filter: { form: registration } }
jobs: {}
`
const id = '019a0000-0000-7000-8000-000000000001' as MessageId
const message = {
  id,
  project: 'clinic',
  source: 'inbox',
  key: 'patient 7',
  contentType: 'application/json',
  body: Buffer.from('{"form":"registration","n":1.0}'),
  headers: { 'user-agent': 'test' },
  request: { method: 'POST', path: ['i'] },
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
}

const openStage = async () => {
  await using house = await openMemoryHouse(clinic, silent)
  const matchers = openMatchers(house.catalogue)
  await Promise.all([matchers.of('clinic'), matchers.of('silent')])
  const stage = filterStage(matchers)
  return { ask: (record: Incoming) => stage(record, firstHand) as Verdict, definitions: house.catalogue.offset() }
}

const emitted = (verdict: Verdict) => {
  if (verdict.kind !== 'emit') throw new Error(`said ${JSON.stringify(verdict)}`)
  const [requests = [], events = []] = verdict.steps
  return {
    steps: verdict.steps.length,
    requests: requests.map((record) => parseJobRecord(asRead(record))),
    topics: requests.map(({ topic }) => topic),
    events: events.map((record) => parseRunRecord(asRead(record)) as Matched),
    event: events[0],
  }
}

describe('the filter stage', async () => {
  const { ask, definitions } = await openStage()
  const accepted = asRead(intakeRecord(message))

  test('asks for one run of each job, and then says what matched', () => {
    const { steps, requests, topics, events, event } = emitted(ask(accepted))
    const runs = {
      register: runIdOf({ message: id, job: 'register', parent: null, replay: '' }),
      count: runIdOf({ message: id, job: 'count', parent: null, replay: '' }),
    }

    expect(steps).toBe(2)
    expect(topics).toEqual(['job.clinic.register', 'job.clinic.count'])
    expect(requests).toEqual([
      {
        run: runs.register,
        message: id,
        project: 'clinic',
        job: 'register',
        jobVersion: 1,
        trigger: 'registration',
        triggerKind: 'message',
        parent: null,
        retryOf: null,
        replay: '',
        attempt: 1,
        depth: 0,
        key: 'patient 7',
        queuedAt: new Date(accepted.timestamp),
        definitions,
        input: { kind: 'body', body: message.body, request: JSON.stringify(message.request) },
        traceparent: message.traceparent,
      },
      expect.objectContaining({ run: runs.count, job: 'count', trigger: 'all' }),
    ])
    expect(events).toEqual([
      {
        event: 'matched',
        project: 'clinic',
        message_id: id,
        replay: '',
        triggers: ['registration', 'all'],
        runs: [
          expect.objectContaining({ run_id: runs.register, job: 'register', depth: 0 }),
          expect.objectContaining({ run_id: runs.count, job: 'count', queued_at: '2026-11-21T09:00:00.000Z' }),
        ],
        definitions: String(definitions),
      },
    ])
    expect(event?.key).toBe('patient 7')
  })

  test('says the same of the same record, every time', () => {
    expect(ask(accepted)).toEqual(ask(accepted))
  })

  test('a replay of the same message is other runs', () => {
    const again = { ...accepted, headers: new Map([...accepted.headers, ['penstock-replay', Buffer.from('r1')]]) }
    const { requests, events } = emitted(ask(again))
    expect(requests.map(({ replay }) => replay)).toEqual(['r1', 'r1'])
    expect(events[0]?.replay).toBe('r1')
    expect(requests[0]?.run).not.toBe(emitted(ask(accepted)).requests[0]?.run)
  })

  test('says so when nothing matched', () => {
    const { requests, events } = emitted(ask(published('intake.silent', '[]')))
    expect(requests).toEqual([])
    expect(events).toEqual([expect.objectContaining({ event: 'matched', project: 'silent', triggers: [], runs: [] })])
  })

  test('names a trigger that matched although no job has it', () => {
    const { requests, events } = emitted(ask(published('intake.silent', '{"form":"registration"}')))
    expect(requests).toEqual([])
    expect(events[0]?.triggers).toEqual(['nobody-listens'])
  })

  test('takes what anybody published, without a header or a key', () => {
    const { requests } = emitted(ask(published('intake.clinic', '"plain text"')))
    expect(requests.map(({ job }) => job)).toEqual(['register', 'count'])
    expect(requests[0]?.key).toBe(requests[0]?.message)
  })

  test('takes a tombstone for the message null', () => {
    const { requests } = emitted(ask(published('intake.clinic', null)))
    expect(requests[0]?.input).toMatchObject({ kind: 'body', body: Buffer.from('null') })
  })

  test.each([
    ['a body that is no JSON', '{"form":', {}, 'message-unreadable'],
    ['a body that says it is XML', '<a/>', { 'content-type': 'application/xml' }, 'message-unreadable'],
    ['bytes', Buffer.from([0xff, 0xfe]), {}, 'message-unreadable'],
  ])('buries %s, with the message that it was', (_, body, headers, code) => {
    const verdict = ask(published('intake.clinic', body, { 'penstock-message-id': id, ...headers }))
    expect(verdict).toMatchObject({ kind: 'bury', fault: { code }, letter: { project: 'clinic', message: id } })
  })

  test('buries what came for a project that is not there', () => {
    const verdict = ask(published('intake.nowhere', '{}', { 'penstock-message-id': id }))
    expect(verdict).toMatchObject({
      kind: 'bury',
      fault: { code: 'project-unknown' },
      letter: { project: 'nowhere', message: id },
    })
  })
})

test('a deploy counts for the messages after it, and each run names the version that it uses', async () => {
  await using house = await openMemoryHouse(clinic)
  using matchers = openMatchers(house.catalogue)
  await matchers.of('clinic')
  const stage = filterStage(matchers)
  const requests = () => emitted(stage(asRead(intakeRecord(message)), firstHand) as Verdict).requests
  expect(requests().map(({ job, jobVersion }) => [job, jobVersion])).toEqual([
    ['register', 1],
    ['count', 1],
  ])

  await house.deploy(
    clinic.replace('count: { trigger: all, expression: fn(s => s)', 'count: { trigger: all, expression: fn(() => 1)'),
  )
  expect(requests().map(({ job, jobVersion }) => [job, jobVersion])).toEqual([
    ['register', 1],
    ['count', 2],
  ])
  expect(requests()[0]?.definitions).toBe(house.catalogue.offset())

  await house.deploy(
    clinic
      .replace('filter: { form: registration }', 'filter: { form: visit }')
      .replace('[registration, all]', '[registration]'),
  )
  expect(requests().map(({ job }) => job)).toEqual(['count'])
})
