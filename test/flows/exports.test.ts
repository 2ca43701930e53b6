import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { messageRows, runEventRows } from '../../sinks/clickhouse/rows.ts'
import type { Store } from '../../topology/flow/ports.ts'
import { intakeRecord, parseIntake } from '../../topology/wire/intake.ts'
import type { RunEvent } from '../../topology/wire/runs.ts'
import type { MessageId } from '../../topology/words/ids.ts'
import type { NewMessage } from '../../topology/words/message.ts'
import { openDatabase, putRows } from '../fixtures/database.ts'
import { type Doors, openDoors } from '../fixtures/doors.ts'
import { finished, incoming, matched, message, runFacts, started } from '../fixtures/records.ts'

/** Exports as a client gets them: over HTTP, from a real store. */
describe('an export', () => {
  let store: Store
  let doors: Doors
  beforeAll(async () => {
    store = await openDatabase()
    doors = await openDoors({ store })
    for (const name of ['clinic', 'empty', 'hostile', 'many']) await doors.deploy({ name })
  })
  afterAll(async () => {
    await doors?.[Symbol.asyncDispose]()
    await store?.[Symbol.asyncDispose]()
  })
  const get = async (path: string): Promise<string> => {
    const answer = await doors.api(`/api/projects/${path}`)
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`)
    return await answer.text()
  }
  const csv = async (path: string): Promise<readonly Readonly<Record<string, string>>[]> =>
    parse(await get(path), { columns: true, record_delimiter: '\r\n' })
  const ndjson = async (path: string): Promise<readonly Readonly<Record<string, unknown>>[]> =>
    (await get(path))
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))

  const takeIn = async (...all: readonly Partial<NewMessage>[]): Promise<readonly MessageId[]> => {
    const taken = all.map(message)
    const rows = taken.flatMap((each) =>
      messageRows(parseIntake(incoming(intakeRecord(each), { timestamp: Date.now() }))),
    )
    await putRows(store, rows)
    return taken.map(({ id }) => id)
  }
  /** Each event counts more than those before it. */
  const say = async (...events: readonly RunEvent[]): Promise<void> => {
    const rows = events.flatMap((event, n) => runEventRows(event, { offset: BigInt(n), timestamp: Date.now() }))
    await putRows(store, rows)
  }

  const messageColumns =
    'message_id,received_at,source,key,content_type,size,parent_id,duplicate_of,matched_jobs,job_states,last_run_id,last_run_status,headers,body'
  const runColumns =
    'run_id,message_id,parent_run_id,job,job_version,adaptor,trigger,trigger_kind,status,error_type,error_message,exit_code,attempts,starts,retry_of,queued_at,started_at,finished_at,duration_ms,log'

  test.each([
    ['messages', messageColumns],
    ['runs', runColumns],
  ])('of no %s is a header row, or no line', async (list, columns) => {
    expect(await get(`empty/${list}.csv`)).toBe(`${columns}\r\n`)
    expect(await get(`empty/${list}.ndjson`)).toBe('')
  })

  test('holds a message with what became of it', async () => {
    const [id = message().id] = await takeIn({ headers: { 'x-a': '1' } })
    const [first, second] = [runFacts(id), runFacts(id, { job: 'audit', trigger: 'all' })]
    const child = runFacts(id, {
      job: 'notify',
      parent_run_id: first.run_id,
      trigger: 'after',
      trigger_kind: 'flow',
      depth: 1,
    })
    await say(matched(id, [first, second]), finished(first), started(second))
    await say(finished(child, { status: 'failed', exit_code: -1, final_state: null }))
    const lines = await csv(`clinic/messages.csv?id_from=${id}&id_to=${id}`)
    expect(lines).toEqual([
      {
        message_id: id,
        received_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        source: 'inbox',
        key: 'k',
        content_type: 'application/json',
        size: '23',
        parent_id: '',
        duplicate_of: '',
        matched_jobs: '["audit","register"]',
        job_states: '{"audit":"running","notify":"failed","register":"success"}',
        last_run_id: child.run_id,
        last_run_status: 'failed',
        headers: '{"content-type":"application/json","x-a":"1"}',
        body: '{"form":"registration"}',
      },
    ])
    expect(await ndjson(`clinic/messages.ndjson?id_from=${id}&id_to=${id}`)).toEqual([
      {
        ...lines[0],
        size: 23,
        parent_id: null,
        duplicate_of: null,
        matched_jobs: ['audit', 'register'],
        job_states: { audit: 'running', notify: 'failed', register: 'success' },
        headers: { 'content-type': 'application/json', 'x-a': '1' },
      },
    ])
    const [run] = await csv(`clinic/runs.csv?message_id=${id}&job=notify`)
    expect(run).toMatchObject({
      run_id: child.run_id,
      exit_code: '-1',
      duration_ms: '1250.5',
      error_type: '',
      log: '[]',
    })
    const [same] = await ndjson(`clinic/runs.ndjson?message_id=${id}&job=notify`)
    expect(same).toMatchObject({ exit_code: -1, duration_ms: 1250.5, error_type: null, log: [], retry_of: null })
    expect(Object.keys(same ?? {}).join()).toBe(runColumns)
    expect(await csv(`clinic/messages.csv?job=audit&status=running`)).toHaveLength(1)
  })

  test('says of a body that is not text that it is base64', async () => {
    const [id] = await takeIn({ body: Buffer.from([255, 0]), contentType: 'image/png' })
    expect(await csv(`clinic/messages.csv?id_from=${id}&id_to=${id}`)).toMatchObject([
      { content_type: 'image/png;base64', body: '/wA=', size: '2' },
    ])
  })

  test('comes back whole from a CSV parser, whatever stands in it', async () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.string({
        unit: fc.constantFrom('"', '\n', '\r', ',', "'", '\0', '\\', '=', '\ud800', '\u{1f980}'),
        maxLength: 12,
      }),
      fc.tuple(fc.constantFrom('=', '+', '-', '@', '\t', '\r', '＝'), fc.string()).map((parts) => parts.join('')),
      fc.constant('\u{1f980},"\n'.repeat(40_000)),
    )
    const texts = fc.array(hostile, { minLength: 1, maxLength: 8 })
    const keyOf = (text: string): string => text.slice(0, 100).toWellFormed() || 'none'
    const guard = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)
    await fc.assert(
      fc.asyncProperty(texts, async (given) => {
        const texts = given.map((each) => each.toWellFormed())
        const taken = await takeIn(
          ...texts.map((text) => ({
            project: 'hostile',
            key: keyOf(text),
            body: Buffer.from(text),
            headers: { h: text },
          })),
        )
        const range = new Map(taken.map((id, n) => [String(id), texts[n] ?? '']))
        const ends = taken.map((id, n) => {
          const text = texts[n] ?? ''
          const error = { name: 'E', message: text, line: null, column: null, operation: null, details: null }
          const log = [{ time: '2026-11-21T10:00:01.000Z', level: 'info', source: 'job', message: text }] as const
          return finished(runFacts(id, { project: 'hostile' }), { status: 'failed', error, log, final_state: null })
        })
        await say(...ends)
        const logs = new Map(ends.map(({ run_id }, n) => [String(run_id), texts[n] ?? '']))
        const ids = [...range.keys()].toSorted()
        const query = `id_from=${ids[0]}&id_to=${ids.at(-1)}`
        for (const [raw, cell] of [
          ['true', (text: string) => text],
          ['false', guard],
        ] as const) {
          const lines = await csv(`hostile/messages.csv?${query}&raw=${raw}`)
          expect(lines).toHaveLength(range.size)
          for (const { message_id = '', key, headers = '', body } of lines) {
            const text = range.get(message_id) ?? ''
            expect([key, JSON.parse(headers).h, body]).toEqual([cell(keyOf(text)), text, cell(text)])
          }
          const runs = await csv(`hostile/runs.csv?from=2020-01-01&raw=${raw}`)
          for (const { run_id = '', error_message, log = '' } of runs) {
            const text = logs.get(run_id)
            if (text === undefined) continue
            expect([error_message, JSON.parse(log)[0].message]).toEqual([cell(text), text])
          }
        }
        const lines = await ndjson(`hostile/messages.ndjson?${query}`)
        expect(new Map(lines.map((line) => [line['message_id'], line['body']]))).toEqual(range)
      }),
      { numRuns: 10 },
    )
  })
})
