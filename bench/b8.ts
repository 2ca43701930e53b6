import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../infra/clickhouse/open.ts'
import { cellsOf } from '../sinks/clickhouse/read/cells.ts'
import type { Sheet } from '../sinks/clickhouse/read/export.ts'
import { messageSheet } from '../sinks/clickhouse/read/export-messages.ts'
import { runSheet } from '../sinks/clickhouse/read/export-runs.ts'
import { type Penstock, startPenstock } from '../test/fixtures/penstock.ts'
import { silent } from '../test/fixtures/silent.ts'
import type { Store } from '../topology/flow/ports.ts'
import { cpuOf, processesOf, sharesOf, sumOf, usedBetween } from './cpu.ts'
import { type Cell, type Conditions, cellOf, type Result } from './result.ts'

/** B8: messages and runs as CSV over HTTP, beside one question for the same columns, as the store itself answers it in no order. */
export async function b8({ short, rounds }: Conditions): Promise<Result> {
  const rows = short ? 100_000 : 1_000_000
  const dataDir = await mkdtemp(join(tmpdir(), 'penstock-b8-'))
  await using _dir = { [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true }) }
  await filled(dataDir, rows)
  await using penstock = await startHere(dataDir) // started anew: filling has left its memory behind
  const first: number[] = []
  const growth: number[] = []
  const cells: Record<string, Cell> = {}
  const notes: Record<string, string> = {}
  for (const [list, sheet] of sheets) {
    const path = `/api/projects/bench/${list}.csv`
    await taken(await penstock.api(`${path}?from=${await newest(penstock, 30_000)}`)) // what is measured is the growth with the rows
    const ratios: number[] = []
    for (let round = 0; round < rounds; round++) {
      const before = cpuOf(penstock.process.pid ?? 0)
      const ours = await measured(penstock, () => penstock.api(path))
      notes[`CPU of ${list}.csv`] = cpuNote(usedBetween(before, cpuOf(penstock.process.pid ?? 0)))
      const engines = await measured(penstock, () => askEngine(penstock, sheet))
      if (ours.lines !== rows + 1 || engines.lines !== rows)
        throw new Error(`${ours.lines} lines, ${engines.lines} of the engine`)
      ratios.push(engines.seconds / ours.seconds)
      first.push(ours.firstMs)
      growth.push(ours.grownMb)
      notes[`${list}.csv`] =
        `${Math.round(rows / ours.seconds)} rows/s, ${Math.round(ours.mb / ours.seconds)} MB/s; ${ours.grownBy}`
    }
    cells[list === 'messages' ? 'CSV to the engine’s own rate' : 'runs.csv to the engine’s own rate'] = cellOf(
      ratios,
      '×',
    )
  }
  return {
    id: 'B8',
    conditions: `${rows} messages of 1 KB with a run each, of 2 log lines; ${rounds} rounds; memory of all processes together, beyond that after an export of 30,000 rows`,
    cells: { ...cells, 'first byte': cellOf(first, 'ms'), 'RSS growth': cellOf(growth, 'MB') },
    notes,
  }
}

const ofBench = { sql: `project = 'bench'`, params: {} }
const sheets: readonly (readonly ['messages' | 'runs', Sheet])[] = [
  ['messages', messageSheet(ofBench)],
  ['runs', runSheet(ofBench)],
]

const startHere = (dataDir: string): Promise<Penstock> => startPenstock({ dataDir, env: { LOG_LEVEL: 'warn' } })

const filled = async (dataDir: string, rows: number): Promise<void> => {
  await using penstock = await startHere(dataDir)
  const answer = await penstock.api('/api/projects/bench', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"name":"bench"}',
  })
  if (!answer.ok) throw new Error(await answer.text())
  await using store = await ownStore(penstock)
  for (let from = 0; from < rows; from += 50_000) await fill(store, from, Math.min(50_000, rows - from))
}

/** Ids as we make them: versions 7 of UUID, a millisecond apart, the run's with the time of its message. */
const idOf = (kind: string): string => {
  const time = `leftPad(lower(hex(at)), 12, '0')`
  const random = `lower(hex(sipHash128(number, '${kind}')))`
  return `concat(substring(${time}, 1, 8), '-', substring(${time}, 9), '-7', substring(${random}, 1, 3), '-8', substring(${random}, 4, 3), '-', substring(${random}, 7, 12))`
}

const fill = async (store: Store, from: number, rows: number): Promise<void> => {
  const numbers = `FROM (SELECT number, toUInt64(toUnixTimestamp64Milli(now64(3))) - 3600000 + number AS at FROM numbers(${from}, ${rows}))`
  const instant = `fromUnixTimestamp64Milli(toInt64(at), 'UTC')`
  const text = `repeat(concat(lower(hex(sipHash128(number))), ' '), 28)`
  await store.command(`INSERT INTO message_rows
  (id, project, kind, source, received_at, key, content_type, headers, body, body_encoding, size, origin, version)
SELECT ${idOf('m')}, 'bench', 'message', 'inbox', ${instant}, toString(number % 1000), 'application/json', map('user-agent', 'bench'),
  concat('{"n":', toString(number), ',"filler":"', ${text}, '"}'), 'utf8', length(${text}) + 30, 'bench', 1
${numbers}`)
  await store.command(`INSERT INTO run_rows
  (id, project, job, job_version, adaptor, message_id, key, trigger, trigger_kind, depth, status, exit_code, attempts, starts, queued_at,
   started_at, finished_at, duration_ms, \`log.time\`, \`log.level\`, \`log.source\`, \`log.message\`, version)
SELECT ${idOf('r')}, 'bench', 'increment', 1, 'common', ${idOf('m')}, toString(number % 1000), 'all', 'message', 0, 'success', 0, 1, 1, ${instant},
  ${instant}, ${instant}, 1.5, [${instant}, ${instant}], ['info', 'info'], ['job', 'job'], [substring(${text}, 1, 400), substring(${text}, 401)], 1
${numbers}`)
}

const addressOf = async ({ dataDir }: Penstock): Promise<Readonly<{ url: string; password: string }>> => ({
  url: (await readFile(join(dataDir, 'clickhouse-url'), 'utf8')).trim(),
  password: (await readFile(join(dataDir, 'store-password'), 'utf8')).trim(),
})

const ownStore = async (penstock: Penstock): Promise<Store> =>
  openStore({ ...(await addressOf(penstock)), user: 'penstock', database: 'penstock', logger: silent })

/** When the message came that so many are newer than. */
const newest = async (penstock: Penstock, count: number): Promise<string> => {
  await using store = await ownStore(penstock)
  const sql = `SELECT received_at FROM ${sheets[0]?.[1].table} ORDER BY received_at DESC LIMIT 1 OFFSET ${count}`
  const [row] = await store.query<{ received_at: string }>(sql)
  if (row === undefined) throw new Error('there are not so many')
  return row.received_at
}

const askEngine = async (penstock: Penstock, { columns, rows }: Sheet): Promise<Response> => {
  const { url, password } = await addressOf(penstock)
  const ids = ['0', 'g'] as const
  const { sql, params } = rows({ cells: cellsOf(columns, { format: 'CSV', raw: false }), which: ofBench, ids })
  const query = new URLSearchParams({ user: 'penstock', password, database: 'penstock' })
  for (const [name, value] of Object.entries(params)) query.set(`param_${name}`, String(value))
  const unordered = sql.slice(0, sql.lastIndexOf('ORDER BY'))
  return fetch(`${url}/?${query}`, { method: 'POST', body: `${unordered} FORMAT CSV` })
}

const measured = async (penstock: Penstock, ask: () => Promise<Response>) => {
  const pid = penstock.process.pid ?? 0
  const before = memoryOf(pid)
  let most = before
  const sampling = setInterval(() => {
    const now = memoryOf(pid)
    if (sumOf(now) > sumOf(most)) most = now
  }, 100)
  try {
    const startedAt = performance.now()
    const taking = await taken(await ask())
    const grownBy = Object.entries(most).map(([name, mb]) => `${name} ${Math.round(mb - (before[name] ?? 0))} MB`)
    return {
      ...taking,
      seconds: (performance.now() - startedAt) / 1_000,
      firstMs: taking.firstAt - startedAt,
      grownMb: sumOf(most) - sumOf(before),
      grownBy: `grown by ${grownBy.join(', ')}`,
    }
  } finally {
    clearInterval(sampling)
  }
}

const memoryOf = (pid: number): Readonly<Record<string, number>> => {
  const sums: Record<string, number> = {}
  for (const { name, rss } of processesOf(pid)) sums[name] = (sums[name] ?? 0) + rss / 1e6
  return sums
}

const taken = async (answer: Response): Promise<Readonly<{ firstAt: number; lines: number; mb: number }>> => {
  if (!answer.ok || answer.body === null) throw new Error(await answer.text())
  let firstAt = 0
  let lines = 0
  let bytes = 0
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    firstAt ||= performance.now()
    bytes += chunk.length
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1
  }
  return { firstAt, lines, mb: bytes / 1e6 }
}

const cpuNote = (used: Readonly<Record<string, number>>): string => `${sumOf(used).toFixed(1)} s: ${sharesOf(used)}`
