import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../../infra/clickhouse/migrate.ts'
import { openStore } from '../../infra/clickhouse/open.ts'
import { tables } from '../../sinks/clickhouse/columns.ts'
import { nativeBlock } from '../../sinks/clickhouse/native.ts'
import { listDeadLetters } from '../../sinks/clickhouse/read/dead-letters.ts'
import { exportMessages } from '../../sinks/clickhouse/read/export-messages.ts'
import { exportRuns } from '../../sinks/clickhouse/read/export-runs.ts'
import { readRecorded } from '../../sinks/clickhouse/read/matches.ts'
import { listMessages, readMessage } from '../../sinks/clickhouse/read/messages.ts'
import { listRuns, readRun } from '../../sinks/clickhouse/read/runs.ts'
import { runEventRows } from '../../sinks/clickhouse/rows.ts'
import { schemaDir } from '../../sinks/clickhouse/schema.ts'
import type { Store } from '../../topology/flow/ports.ts'
import { newMessageId } from '../../topology/words/ids.ts'
import { newAddress, putRows } from '../fixtures/database.ts'
import { finished, runFacts, started } from '../fixtures/records.ts'

const project = 'clinic'
const now = new Date(Date.now() - 60_000).toISOString().slice(0, 23)
const message = newMessageId()
const traceOfMessage = message.replaceAll('-', '')
const [ended, open] = [runFacts(message, { project, job: 'register' }), runFacts(message, { project, job: 'letter' })]

/** Rows with the columns that 001-first.sql has, and with no others: as the first release wrote them. */
const old: Readonly<Record<string, readonly object[]>> = {
  message_rows: [
    {
      ...{ id: message, project, kind: 'message', source: 'inbox', received_at: now, key: 'A-17' },
      ...{ content_type: 'application/json', headers: { 'x-ward': 'north' }, body: '{"name":"Sample Willow"}' },
      ...{
        body_encoding: 'utf8',
        size: 24,
        parent_id: null,
        duplicate_of: null,
        origin: 'intake.clinic/0/0',
        version: 9,
      },
    },
  ],
  match_rows: [
    { message_id: message, trigger: ended.trigger, job: 'register', run_id: ended.run_id, project, matched_at: now },
  ],
  dead_letter_rows: [
    {
      ...{
        id: newMessageId(),
        buried_at: now,
        project,
        stage: 'filter',
        reason: 'message-unreadable',
        detail: 'not JSON',
      },
      ...{ message_id: message, run_id: null, topic: 'intake.clinic', partition: 0, offset: 1, key: null, headers: {} },
      ...{ value: '{"broken"', value_encoding: 'utf8', size: 9, version: 9 },
    },
  ],
}

const at = { offset: 0n, timestamp: Date.parse(`${now}Z`) }
const queuedThen = { queued_at: `${now}Z` }
const oldRuns = [finished({ ...ended, ...queuedThen }), started({ ...open, ...queuedThen })]
  .flatMap((event) => runEventRows(event, at))
  .map(({ columns }) => columns)

const address = newAddress()
let store: Store
let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'penstock-schema-'))
  await cp(join(schemaDir, '001-first.sql'), join(dir, '001-first.sql'))
  await migrate({ ...address, dir })
  store = await openStore(address)
  for (const [table, rows] of Object.entries(old)) await store.insert(table, rows, table)
  const columns = await store.query<{ name: string }>('DESCRIBE TABLE run_rows')
  const there = new Set(columns.map(({ name }) => name))
  const oldColumns = Object.fromEntries(Object.entries(tables.run_rows).filter(([name]) => there.has(name)))
  await store.insert('run_rows', await nativeBlock(oldColumns as typeof tables.run_rows, oldRuns), 'runs')
  await migrate({ ...address, dir: schemaDir })
})
afterAll(async () => {
  await store?.command(`DROP DATABASE ${address.database}`)
  await store?.[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
})

const list = { project, limit: 10 }

test('messages, runs and dead letters of before are listed, found and read', async () => {
  expect((await listMessages(store, { ...list, text: 'willow north' })).items).toMatchObject([
    { id: message, body: '{"name":"Sample Willow"}', status: 'running' },
  ])
  const { items } = await listRuns(store, list)
  expect(items.map(({ job, status }) => [job, status]).sort()).toEqual([
    ['letter', 'running'],
    ['register', 'success'],
  ])
  expect((await listDeadLetters(store, list)).items).toMatchObject([{ message_id: message, value: '{"broken"' }])
  expect((await readMessage(store, { project, id: message }))?.runs).toHaveLength(2)
  expect(await readRun(store, { project, id: ended.run_id })).toMatchObject({ job: 'register', status: 'success' })
  expect((await readRecorded(store, { project, id: message })).matches).toMatchObject([{ job: 'register' }])
})

test('runs of before are in the trace of their message', async () => {
  const { items } = await listRuns(store, { ...list, traceId: traceOfMessage })
  expect(items.map(({ trace_id }) => trace_id)).toEqual([traceOfMessage, traceOfMessage])
})

test('files have what was there before', async () => {
  const options = {
    format: 'JSONEachRow',
    raw: false,
    signal: new AbortController().signal,
    search: { project },
  } as const
  const linesOf = async (file: AsyncIterable<Uint8Array>): Promise<readonly unknown[]> =>
    Buffer.concat(await Array.fromAsync(file))
      .toString('utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  expect(await linesOf(await exportMessages(store, options))).toMatchObject([{ message_id: message }])
  expect(await linesOf(await exportRuns(store, options))).toHaveLength(2)
})

test.each(['messages', 'runs', 'logs', 'matches', 'dead_letters'])(
  'the view %s can be asked by people',
  async (view) => {
    const rows = await store.query<object>(`SELECT * FROM ${view}`)
    expect(rows).toHaveLength({ messages: 1, runs: 2, logs: 0, matches: 1, dead_letters: 1 }[view] ?? -1)
  },
)

test('a run that was open ends, once, in the trace that its end says', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const end = finished({ ...open, ...queuedThen, traceparent: `00-${traceId}-00f067aa0ba902b7-01` })
  await putRows(store, runEventRows(end, { offset: 7n, timestamp: Date.now() }))
  expect((await listRuns(store, { ...list, job: 'letter' })).items).toMatchObject([
    { status: 'success', trace_id: traceId },
  ])
})
