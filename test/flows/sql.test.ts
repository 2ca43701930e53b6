import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { deploy, endedRuns, houseName, post, startHouse } from '../fixtures/house.ts'
import { type Penstock, until } from '../fixtures/penstock.ts'

const page = readFileSync(new URL('../../sinks/clickhouse/sql.md', import.meta.url), 'utf8')
const printed = [...page.matchAll(/^\*\*(.+?)\*\*.*\n\n```sql\n([\s\S]*?)```$/gm)].map(
  ([, title = '', sql = '']) => [title, sql] as const,
)

type Row = Readonly<Record<string, unknown>>

const messages = 32
const name = houseName()
let house: Penstock
beforeAll(async () => {
  house = await startHouse({ env: { DEMO: 'true' } }, name)
  await publish('{"broken"')
  await until(async () => {
    const [counts] =
      await ask(`SELECT (SELECT count() FROM messages) AS messages, (SELECT count() FROM dead_letters) AS letters,
      (SELECT count() FROM runs WHERE job = 'send-letter' AND status = 'success') AS letters_sent,
      (SELECT count() FROM runs WHERE finished_at IS NULL) AS open, (SELECT count() FROM runs) AS runs`)
    const ended = { messages: messages + 1, letters: 1, letters_sent: 17, open: 0, runs: 20 + 17 + 17 + 3 + 2 + 2 }
    return JSON.stringify(counts) === JSON.stringify(ended)
  }, `history has all of the demo\n${house.printed()}`)
})
afterAll(async () => {
  await house?.[Symbol.asyncDispose]()
})

/** As the page says: the people's login, and the database in the address. */
const ask = async (sql: string): Promise<readonly Row[]> => {
  const { url, peopleUser, peoplePassword } = inject('clickhouse')
  const answer = await fetch(`${url}/?database=${name}&default_format=JSONEachRow`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${peopleUser}:${peoplePassword}`).toString('base64')}` },
    body: sql,
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row)
}

const publish = async (value: string): Promise<void> => {
  const producer = new Kafka({ brokers: [inject('kafkaBrokers')], logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  await producer.send({ topic: `${name}.intake.demo`, messages: [{ value }] })
  await producer.disconnect()
}

/** What the demo does not do, for the questions that ask about it. They come after the others. */
const before: Readonly<Record<string, () => Promise<void>>> = {
  'Whom jobs called over HTTP in the last two days, and how that went': async () => {
    const id = randomUUID()
    const expression = `fn(async state => {
      for (const url of state.data) await fetch(url).catch(() => {})
      return {}
    })`
    await deploy(house, {
      name: 'callers',
      sources: { inbox: { type: 'webhook', id } },
      triggers: { all: { type: 'message' } },
      jobs: {
        rehearse: { trigger: 'all', expression, test_mode: true },
        call: { trigger: 'all', expression },
      },
    })
    const message = await post(house, id, '["http://127.0.0.1/a", "http://127.0.0.1/b"]')
    await endedRuns(house, 'callers', { message, count: 2 })
  },
}

/** What the page promises of each question, on what the demo has sent. */
const promises: Readonly<Record<string, (rows: readonly Row[]) => void>> = {
  'What ran today, by job and status': (rows) =>
    expect(rows.map(({ job, status, runs }) => [job, status, runs])).toEqual([
      ['count-stock', 'killed', 1],
      ['count-stock', 'success', 1],
      ['red-list', 'success', 2],
      ['register-patient', 'failed', 3],
      ['register-patient', 'success', 17],
      ['send-letter', 'success', 17],
      ['tell-the-district', 'success', 3],
      ['welcome', 'success', 17],
    ]),
  'The slowest jobs of the last week': (rows) => {
    expect(rows).toHaveLength(6)
    expect(rows[0]).toMatchObject({ project: 'demo', job: 'count-stock', runs: 2 })
    const slowest = rows.map(({ p95_ms }) => Number(p95_ms))
    expect(slowest).toEqual(slowest.toSorted((a, b) => b - a))
    for (const { p50_ms, p95_ms, max_ms } of rows) {
      expect([p50_ms, p95_ms, max_ms]).toEqual([p50_ms, p95_ms, max_ms].toSorted((a, b) => Number(a) - Number(b)))
    }
    expect(Number(rows[0]?.['max_ms'])).toBeGreaterThanOrEqual(2_000)
  },
  'What failed in the last 24 hours, by error': (rows) => {
    expect(rows).toMatchObject([
      { job: 'register-patient', error_message: 'date of birth is missing', runs: 3 },
      { job: 'count-stock', error_type: 'TimeoutError', runs: 1 },
    ])
    for (const { last_run } of rows) expect(last_run).toMatch(/^[0-9a-f-]{36}$/)
  },
  'Log lines with a word': (rows) => {
    expect(rows).toHaveLength(17)
    for (const row of rows)
      expect(row).toMatchObject({
        project: 'demo',
        job: 'register-patient',
        message: expect.stringContaining('registering Sample'),
      })
    const times = rows.map(({ time }) => String(time))
    expect(times).toEqual(times.toSorted().toReversed())
  },
  'Messages that started nothing': (rows) => {
    expect(rows).toHaveLength(1 + 7 + 1)
    expect(rows.map(({ begin }) => begin)).toContain('{"note":"no trigger wants this one"}')
    expect(rows).toContainEqual(expect.objectContaining({ project: 'demo', source: null, begin: '{"broken"' }))
  },
  'All runs of a message, as a tree': (rows) =>
    expect(rows).toMatchObject([
      { job: 'register-patient', trigger: 'registration', status: 'success' },
      { job: '  welcome', trigger: 'registered', status: 'success' },
      { job: '    send-letter', trigger: 'letter-written', status: 'success' },
    ]),
  'How much came in, hour by hour': (rows) => {
    expect(rows.reduce((all, { messages }) => all + Number(messages), 0)).toBe(messages + 1)
    for (const { hour, bytes } of rows)
      expect([hour, bytes]).toEqual([expect.stringMatching(/:00:00/), expect.any(Number)])
  },
  'Dead letters by reason': (rows) =>
    expect(rows).toMatchObject([
      {
        project: 'demo',
        stage: 'filter',
        reason: 'message-unreadable',
        letters: 1,
        last_detail: expect.stringContaining('not JSON'),
      },
    ]),
  'A field of all messages of a form': (rows) => {
    expect(rows.map(({ first_level }) => first_level)).toEqual([
      'red',
      'green',
      'green',
      'red',
      'green',
      'green',
      'red',
      'green',
      'green',
    ])
    expect(rows[3]).toMatchObject({ name: 'Sample Ñandú' })
  },
  'How long runs waited before they began, and how many were begun more than once': (rows) => {
    expect(rows).toHaveLength(6)
    for (const row of rows) {
      expect(row).toMatchObject({ project: 'demo', tried_again: 0, executed_again: 0 })
      expect(Number(row['p95_wait_ms'])).toBeGreaterThanOrEqual(Number(row['p50_wait_ms']))
      expect(Number(row['p50_wait_ms'])).toBeGreaterThanOrEqual(0)
    }
  },
  'Whom jobs called over HTTP in the last two days, and how that went': (rows) =>
    expect(rows).toEqual([
      {
        ...{ project: 'callers', host: '127.0.0.1', requests: 4, fine: 2, errors: ['EGRESS_REFUSED'] },
        p95_ms: expect.any(Number),
      },
    ]),
}

describe('the page about SQL', () => {
  test('prints eleven questions, and each promises something', () => {
    expect(page.match(/^```sql$/gm)).toHaveLength(11)
    expect(printed.map(([title]) => title).toSorted()).toEqual(Object.keys(promises).toSorted())
  })

  test.each(printed)('%s', async (title, sql) => {
    await before[title]?.()
    promises[title]?.(await ask(sql))
  })

  test('names every view, with the columns that it has', async () => {
    const views = await ask(`SELECT table, arraySort(groupArray(name)) AS names FROM system.columns
      WHERE (database, table) IN (SELECT database, name FROM system.tables WHERE database = '${name}' AND engine = 'View')
      GROUP BY table`)
    expect(views.length).toBeGreaterThanOrEqual(5)
    for (const { table, names } of views) {
      const [, columns = ''] = new RegExp(`^\\| \`${table}\` \\|.*\\| \`([^\`]+)\` \\|`, 'm').exec(page) ?? []
      expect(columns.split(', ').toSorted(), `the columns of ${table}`).toEqual(names)
    }
  })

  test.each([
    'INSERT INTO messages SELECT * FROM messages',
    'SELECT 1; SELECT 2',
    'SELECT 1 SETTINGS max_threads = 1',
    'SET max_threads = 1',
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:1/', 'CSV')",
    "SELECT * FROM remote('127.0.0.1', 'system.one')",
    "SELECT 1 INTO OUTFILE '/dev/null'",
  ])('is right that this is refused: %s', async (sql) => {
    await expect(ask(sql)).rejects.toThrow(/^Code: (164|62)\./)
  })
})
