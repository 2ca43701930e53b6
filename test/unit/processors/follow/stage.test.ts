import { describe, expect, test } from 'vitest'
import { followStage } from '../../../../processors/follow/stage.ts'
import type { Verdict } from '../../../../topology/flow/verdict.ts'
import { parseJobRecord } from '../../../../topology/wire/job.ts'
import { type FinishedFacts, finishedRecord, runRecord } from '../../../../topology/wire/runs.ts'
import { type MessageId, type RunId, runIdOf } from '../../../../topology/words/ids.ts'
import type { Incoming } from '../../../../topology/words/record.ts'
import { traceOf } from '../../../../topology/words/trace.ts'
import { firstHand, handOf } from '../../../fixtures/hand.ts'
import { asRead, openMemoryHouse, published } from '../../../fixtures/memory-house.ts'
import { ended, runFacts } from '../../../fixtures/records.ts'

const clinic = `
name: clinic
triggers:
  all: { type: message }
  registered: { type: flow, job: register }
  registered-too: { type: flow, job: register }
  failed: { type: fail, job: register }
  welcomed: { type: flow, job: welcome }
jobs:
  register: { trigger: all, expression: fn(s => s) }
  welcome: { triggers: [all, registered-too, registered], expression: fn(s => s) }
  count: { trigger: registered, expression: fn(s => s) }
  off: { trigger: registered, enabled: false, expression: fn(s => s) }
  tell: { trigger: failed, expression: fn(s => s) }
limits: { loop_limit: 5 }
`
const message = '019a0000-0000-7000-8000-000000000001' as MessageId
const run = '019a0000-0000-7000-8000-000000000002' as RunId
const end = ended(runFacts(message, { run_id: run, key: 'patient 7', replay: 'r1', trigger: 'all' }))
const error = { name: 'RuntimeError', message: 'no dob', line: 2, column: 3, operation: 'fn', details: null }
const line = (message: string) => ({ time: end.finished_at, level: 'log', source: 'job', message }) as const

type Ending = Partial<FinishedFacts> & Readonly<{ state?: string; input?: string }>
const ending = ({ state, input, ...event }: Ending = {}): Incoming =>
  asRead(finishedRecord({ ...end, ...event }, { final_state: state ?? null, input: input ?? null }))
const failing = (input: string, event: Partial<FinishedFacts> = {}): Incoming =>
  ending({ status: 'failed', exit_code: 1, error, input, ...event })

const requestsOf = (verdict: Verdict) => {
  if (verdict.kind !== 'emit') throw new Error(`said ${JSON.stringify(verdict)}`)
  return verdict.steps.flat().map((record) => parseJobRecord(asRead(record)))
}
const stateOf = (verdict: Verdict) => {
  const [request] = requestsOf(verdict)
  if (request?.input.kind !== 'state') throw new Error('has no state')
  return JSON.parse(request.input.state) as Record<string, unknown>
}

describe('the follow stage', async () => {
  await using house = await openMemoryHouse(clinic)
  const stage = followStage(house.catalogue)
  const definitions = house.catalogue.offset()
  const ask = async (record: Incoming) => stage(record, firstHand)

  test('a success starts each enabled job that follows it, once, in the same key', async () => {
    const requests = requestsOf(await ask(ending({ state: '{"data":{"n":1},"configuration":{"secret":1}}' })))
    expect(requests).toEqual([
      {
        run: runIdOf({ message, job: 'welcome', parent: run, replay: 'r1' }),
        message,
        project: 'clinic',
        job: 'welcome',
        jobVersion: 1,
        trigger: 'registered-too',
        triggerKind: 'flow',
        parent: run,
        retryOf: null,
        replay: 'r1',
        attempt: 1,
        depth: 1,
        key: 'patient 7',
        queuedAt: new Date(end.finished_at),
        definitions,
        input: { kind: 'state', state: '{"data":{"n":1}}' },
        traceparent: traceOf({ id: message, traceparent: null }),
      },
      expect.objectContaining({ job: 'count', trigger: 'registered' }),
    ])
  })

  test('what follows stays in the trace, with the run that ended as its parent', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-8000000000000002-01'
    const requests = requestsOf(await ask(ending({ state: '{}', traceparent })))
    expect(requests.map((request) => request.traceparent)).toEqual([traceparent, traceparent])
  })

  test('says the same of the same end, every time', async () => {
    expect(await ask(ending({ state: '{}' }))).toEqual(await ask(ending({ state: '{}' })))
  })

  test.each(['[1]', '"text"', 'null', '{"__proto__":{"a":1},"":0}', '9007199254740993', '{"n":[1e400]}'])(
    'hands on the final state %s as it is',
    async (state) => {
      const [request] = requestsOf(await ask(ending({ state })))
      expect(request?.input).toEqual({ kind: 'state', state })
    },
  )

  test.each(['failed', 'crashed', 'killed', 'unknown'] as const)(
    'a run that ended %s starts the jobs for failures',
    async (status) => {
      const requests = requestsOf(await ask(failing('{"data":1}', { status })))
      expect(requests.map(({ job, trigger, triggerKind }) => [job, trigger, triggerKind])).toEqual([
        ['tell', 'failed', 'fail'],
      ])
    },
  )

  test('a failure hands on what the run had been given, and why it failed', async () => {
    const input = '{"data":{"n":1},"request":{"method":"POST"},"configuration":{"secret":1}}'
    expect(stateOf(await ask(failing(input, { log: [line('one'), line('two')] })))).toEqual({
      data: { n: 1 },
      request: { method: 'POST' },
      error: { message: 'no dob', type: 'RuntimeError', log: 'one\ntwo' },
    })
  })

  test('a state that is no object becomes the data of one', async () => {
    expect(stateOf(await ask(failing('[1,2]')))).toMatchObject({ data: [1, 2], error: { message: 'no dob' } })
  })

  test.each([
    ['{"data":{"id":9007199254740993}}', '{"data":{"id":9007199254740993},"error":'],
    ['1e400', '{"data":1e400,"error":'],
  ])('a failure hands on %s without losing a digit', async (input, state) => {
    const [request] = requestsOf(await ask(failing(input)))
    expect(request?.input).toEqual({ kind: 'state', state: expect.stringContaining(state) })
  })

  test('an end without an error still says what it was', async () => {
    expect(stateOf(await ask(failing('{}', { status: 'unknown', error: null })))['error']).toEqual({
      message: 'the run ended as unknown',
      type: 'unknown',
      log: '',
    })
  })

  test('of a long log the end is kept, in whole characters', async () => {
    const logText = async (...lines: readonly string[]): Promise<string> =>
      (stateOf(await ask(failing('{}', { log: lines.map(line) })))['error'] as { log: string }).log
    const cut = async (...lines: readonly string[]) => {
      const text = await logText(...lines)
      return [text.slice(0, 3), text.slice(-3), Buffer.byteLength(text)]
    }
    expect(await cut('x'.repeat(63_997), 'y')).toEqual(['xxx', 'x\ny', 63_999])
    expect(await cut('a', 'x'.repeat(63_998))).toEqual(['a\nx', 'xxx', 64_000])
    expect(await cut('lost', 'x'.repeat(63_998))).toEqual(['t\nx', 'xxx', 64_000])
    expect(await cut('é'.repeat(40_000), 'y')).toEqual(['ééé', 'é\ny', 64_000])
    expect(await cut('é'.repeat(40_000), 'yz')).toEqual(['ééé', '\nyz', 63_999])
    expect(await cut('😀'.repeat(20_000), 'yz')).toEqual(['😀\ud83d', '\nyz', 63_999])
  })

  test('a cancelled run starts nothing', async () => {
    expect(await ask(failing('{}', { status: 'cancelled' }))).toEqual({ kind: 'drop', reason: 'cancelled' })
  })

  test('a run that nothing follows starts nothing', async () => {
    expect(await ask(ending({ job: 'count', state: '{}' }))).toMatchObject({ kind: 'drop', reason: 'nothing-follows' })
    expect(await ask(ending({ project: 'gone', state: '{}' }))).toMatchObject({ kind: 'drop', reason: 'project-gone' })
  })

  test.each(['started', 'attempt', 'matched'])('an event of the kind %s is passed over unread', async (kind) => {
    const record = published('runs', 'not even JSON', { 'penstock-event': kind })
    expect(await ask(record)).toEqual({ kind: 'drop', reason: kind })
  })

  test('events of other kinds start nothing without the header, too', async () => {
    const { log: _, ...facts } = end
    const started = runRecord({ ...facts, event: 'started', attempt: 1 }, 'k')
    expect(await ask(asRead({ ...started, headers: {} }))).toEqual({ kind: 'drop', reason: 'started' })
  })

  test('a chain goes to its limit and not beyond, and the dead letter names the run', async () => {
    expect(requestsOf(await ask(ending({ state: '{}', depth: 3 })))[0]?.depth).toBe(4)
    expect(await ask(ending({ state: '{}', depth: 4 }))).toMatchObject({
      kind: 'bury',
      fault: { code: 'loop-limit', message: expect.stringContaining(run) },
      letter: { project: 'clinic', message, run },
    })
    expect(await ask(ending({ state: '{}', depth: 4, job: 'count' }))).toMatchObject({ kind: 'drop' })
  })
})

test('waits for definitions at least as new as those of the run', async () => {
  await using house = await openMemoryHouse(clinic)
  const next = house.catalogue.offset() + 2n // the deploy below writes a code and a project
  const answer = Promise.resolve(
    followStage(house.catalogue)(ending({ state: '{}', definitions: String(next) }), firstHand),
  )
  await house.deploy(
    `${clinic.replace('  count:', '  sum: { trigger: registered, expression: fn(() => 1) }\n  count:')}`,
  )
  expect(house.catalogue.offset()).toBe(next)
  expect(requestsOf(await answer).map(({ job }) => job)).toEqual(['welcome', 'sum', 'count'])
})

test('gives up waiting when it is told to stop', async () => {
  await using house = await openMemoryHouse(clinic)
  const stop = new AbortController()
  const answer = followStage(house.catalogue)(
    ending({ state: '{}', definitions: '999' }),
    handOf({ signal: stop.signal }),
  )
  stop.abort(new Error('stopped'))
  await expect(answer).rejects.toThrow('stopped')
})
