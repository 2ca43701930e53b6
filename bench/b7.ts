import { listMessages } from '../sinks/clickhouse/read/messages.ts'
import { listRuns, readRun } from '../sinks/clickhouse/read/runs.ts'
import type { Store } from '../topology/flow/ports.ts'
import { openBenchStore } from './bench-store.ts'
import { type Cell, type Conditions, cellOf, inRounds, percentile, type Result } from './result.ts'
import { languageOf, runLogs } from './run-logs.ts'

/** B7: what a person asks of 1 M runs of 30 days, and of their messages: pages of 100, one question after another. */
export async function b7({ short, rounds }: Conditions): Promise<Result> {
  await using store = await openBenchStore()
  const runs = short ? 100_000 : 1_000_000
  await fill(store, runs)
  const times = short ? 5 : 20
  const cells: Record<string, Cell> = {}
  for (const [name, ask] of Object.entries(await questionsTo(store))) {
    await ask()
    const p95s = await inRounds(rounds, async () => percentile(await inRounds(times, () => msOf(ask)), 95))
    cells[`${name} p95`] = cellOf(p95s, 'ms')
  }
  return {
    id: 'B7',
    conditions: `${runs} runs of 30 days with logs of 1 KB in four languages, as many messages; ${rounds} rounds of ${times} questions each, after one`,
    cells,
  }
}

const questionsTo = async (store: Store): Promise<Readonly<Record<string, () => Promise<unknown>>>> => {
  const page = { project, limit: 100 }
  const runs = (more: object) => () => listRuns(store, { ...page, ...more })
  const messages = (more: object) => () => listMessages(store, { ...page, ...more })
  const [newest] = (await listRuns(store, page)).items
  return {
    'newest 100': runs({}),
    'newest 100 by filter': runs({ status: 'failed' }),
    'newest 100 by filter: rare': runs({ status: 'killed' }),
    'by id': () => readRun(store, { project, id: newest?.id ?? '' }),
    'all words': runs({ text: 'registry zinc' }),
    'all words: rare': runs({ text: 'quixotic anomaly' }),
    'all words: none': runs({ text: 'registry nowhere' }),
    phrase: runs({ text: '"regional hospital"' }),
    'phrase: rare': runs({ text: '"quixotic anomaly"' }),
    'phrase: without spaces': runs({ text: '患者登録' }),
    'beginning of a word': runs({ text: 'paracet*' }),
    'beginning of a word: rare': runs({ text: 'quixo*' }),
    'path in the state': runs({ text: 'data.district:kono' }),
    'path in the state: none': runs({ text: 'data.district:nowhere' }),
    'messages: all words': messages({ text: 'zinc nzérékoré' }),
    'messages: path': messages({ text: 'medications[*].name:zinc' }),
    'messages by status': messages({ status: 'success' }),
    'messages by status: some': messages({ status: 'failed' }),
    'messages by status: rare': messages({ status: 'killed' }),
  }
}

const project = 'bench'

const msOf = async (ask: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await ask()
  return performance.now() - began
}

/** The store makes the rows itself, 50,000 an insert. One in 50 failed, one in 100,000 was killed, and as many say a word that no other says. */
const fill = async (store: Store, runs: number): Promise<void> => {
  for (let first = 0; first < runs; first += 50_000) {
    const from = `FROM (SELECT number AS n, ${Date.now()} - (${runs} - number) * ${Math.floor((30 * 86_400_000) / runs)} AS ms FROM numbers(${first}, 50000))`
    await store.command(`INSERT INTO run_rows (id, project, job, job_version, adaptor, message_id, key, trigger, trigger_kind, status, error_type,
  error_message, exit_code, attempts, starts, queued_at, started_at, finished_at, duration_ms, input, final_state,
  \`log.time\`, \`log.level\`, \`log.source\`, \`log.message\`, version)
WITH ${code} AS code, n % 50 = 7 AS bad, ${logLines} AS lines
SELECT ${idOf('run')}, '${project}', concat('job-', toString(n % 30)), 3, 'common', ${idOf('message')}, concat('k', toString(n % 5000)),
  concat('trigger-', toString(n % 30)), 'message', multiIf(n % 100000 = 5, 'killed', bad, 'failed', 'success'), if(bad, 'AdaptorError', NULL),
  if(bad, 'the hospital answered 503', NULL), toInt32(bad), 1, 1, ${at}, ${at}, ${at}, 812.5,
  if(bad, concat('{"data":{"household":"', code, '"}}'), NULL),
  concat('{"data":{"district":"', ${district}, '","household":"', code, '","medications":["zinc","ors"]},"references":[]}'),
  arrayMap(line -> ${at}, lines), arrayMap(line -> 'info', lines), arrayMap(line -> 'job', lines), lines, 18000000000000000000 - n
${from}`)
    await store.command(`INSERT INTO message_rows (id, project, kind, source, received_at, key, content_type, headers, body, body_encoding, size, origin, version)
SELECT ${idOf('message')}, '${project}', 'message', concat('source-', toString(n % 5)), ${at}, concat('k', toString(n % 5000)), 'application/json',
  map('content-type', 'application/json', 'user-agent', 'ODK Collect'),
  concat('{"form":"visit_v2","household":"', ${code}, '","district":"', ${district}, '","medications":[{"name":"zinc","dose":', toString(n % 40),
    '},{"name":"ors","dose":2}]}'), 'utf8', 140, 'bench/0/0', 4600000000000000000 - n
${from}`)
    await store.command(`INSERT INTO match_rows (message_id, trigger, job, run_id, project, matched_at)
SELECT ${idOf('message')}, concat('trigger-', toString(n % 30)), concat('job-', toString(n % 30)), ${idOf('run')}, '${project}', ${at} ${from}`)
  }
}

const at = `fromUnixTimestamp64Milli(toInt64(ms), 'UTC')`
const code = `substring(hex(cityHash64(n)), 1, 8)`
const district = `['Kono', 'Bo', 'Kenema', 'Nz\\\\u00e9r\\\\u00e9kor\\\\u00e9'][1 + n % 4]`

/** A UUID of version 7: the time, then what differs. */
const idOf = (what: string): string => {
  const time = `leftPad(lower(hex(toUInt64(ms))), 12, '0')`
  const rest = `leftPad(lower(hex(cityHash64(n, '${what}'))), 16, '0')`
  return `concat(substring(${time}, 1, 8), '-', substring(${time}, 9, 4), '-7', substring(${rest}, 1, 3), '-8', substring(${rest}, 4, 3), '-', substring(${rest}, 5, 12))`
}

const literal = (lines: readonly string[]): string => `[${lines.map((line) => `'${line}'`).join(', ')}]`
const languages = `[${Array.from({ length: 20 }, (_, n) => languageOf(n) + 1).join(', ')}]`
const logLines = `arrayMap(
    line -> replaceAll(replaceAll(line, '{h}', code), '{n}', toString(n)),
    arrayConcat([${runLogs.map(literal).join(', ')}][${languages}[1 + n % 20]], if(n % 100000 = 17, ['a quixotic anomaly'], []))
  )`
