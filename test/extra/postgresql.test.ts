import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Egress, openEgress } from '../../processors/runner/egress/open.ts'
import { type OpenSandbox, openSandbox } from '../../processors/runner/sandbox/open.ts'
import { makeAuthority, makeIdentity } from '../fixtures/certificates.ts'
import { until as eventually } from '../fixtures/penstock.ts'
import {
  findPrograms,
  type Programs,
  type RealPostgres,
  startPostgres,
  unpackPrograms,
} from '../fixtures/real-postgres.ts'
import { type SqlRun, type SqlRunOptions, sqlRunner } from '../fixtures/sql-runs.ts'

// A PostgreSQL server as Debian has it: what its engine within a test's own process has not, that is other sessions, logins, TLS, and statements that are cut off.
const password = 'correct horse battery'
const authority = makeAuthority('test authority')

let programs: Programs
let server: RealPostgres
let sandbox: OpenSandbox
let egress: Egress

beforeAll(async () => {
  programs = findPrograms()
  server = await startPostgres({
    programs,
    password,
    identity: makeIdentity(authority, { name: 'db', hosts: ['db.test'] }),
  })
  sandbox = await openSandbox({ version: '1.2.3' })
  egress = openEgress({
    ...{ version: '1.2.3', own: [], loopbackAllowed: true, ca: [authority.certificate] },
    lookup: async () => ['127.0.0.1'],
  })
})
afterAll(async () => {
  await egress?.[Symbol.asyncDispose]()
  await sandbox?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
  programs?.[Symbol.dispose]()
})

const credential = () => ({ host: 'db.test', port: server.port, database: 'postgres', user: 'postgres', password })
const runOf = (code: string, options: Partial<SqlRunOptions> = {}): Promise<SqlRun> =>
  sqlRunner({ sandbox, egress })(code, { configuration: credential(), ...options })
const dataOf = async (code: string, options: Partial<SqlRunOptions> = {}): Promise<unknown> => {
  const { outcome, state } = await runOf(code, options)
  if (outcome.status !== 'success') throw new Error(JSON.stringify(outcome.error))
  return state['data']
}
/** Waits until other sessions do, or do no longer, what has this in its statement. */
const until = async (mark: string, { goesOn }: Readonly<{ goesOn: boolean }>): Promise<void> => {
  const code = `sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE $1 AND pid <> pg_backend_pid() AND state = 'active'", { values: [$.like] })`
  const asked = async () => ((await dataOf(code, { state: { like: `%${mark}%` } })) as unknown[]).length > 0
  await eventually(async () => (await asked()) === goesOn, `${mark} ${goesOn ? 'goes on' : 'is gone'}`)
}

describe('a PostgreSQL server', () => {
  test('is logged in to with SCRAM, and with TLS whose certificate is verified against the name', async () => {
    const code = `sql('SELECT ssl, current_user::text AS who FROM pg_stat_ssl WHERE pid = pg_backend_pid()')`
    expect(await dataOf(code)).toEqual([{ ssl: false, who: 'postgres' }])
    expect(await dataOf(code, { configuration: { ...credential(), ssl: true } })).toEqual([
      { ssl: true, who: 'postgres' },
    ])
    const wrong = { ...credential(), host: 'other.test', ssl: true }
    expect((await runOf(code, { configuration: wrong })).outcome.error).toMatchObject({
      message: expect.stringMatching(
        /^other\.test:\d+ has no certificate that can be trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)$/,
      ),
      details: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    })
    expect(await dataOf(code, { configuration: { ...wrong, allowSelfSignedCert: true } })).toEqual([
      { ssl: true, who: 'postgres' },
    ])
  })

  test('that does not know the login says so', async () => {
    const { outcome } = await runOf(`sql('SELECT 1')`, {
      configuration: { ...credential(), password: 'wrong horse battery' },
    })
    expect(outcome.error).toMatchObject({
      ...{ name: 'AdaptorError', message: 'password authentication failed for user "postgres"' },
      details: { code: '28P01', severity: 'FATAL' },
    })
  })

  test('sees the rows of a transaction when it is committed, and not before', async () => {
    await dataOf(`sql('CREATE TABLE visits (id int PRIMARY KEY, at timestamptz)')`)
    const code = `sql('BEGIN')
insert('visits', { id: 1, at: '2026-01-02 03:04:05.678901+02' })
fn(state => ({ ...state, end: state.data }))
sql(state => state.end)`
    await dataOf(code, { state: { data: 'ROLLBACK' } })
    expect(await dataOf(`sql('SELECT * FROM visits')`)).toEqual([])
    await dataOf(code, { state: { data: 'COMMIT' } })
    expect(await dataOf(`sql('SELECT * FROM visits')`)).toEqual([{ id: 1, at: '2026-01-02T01:04:05.678901Z' }])
    for (const at of [null, '2027-01-01'])
      await dataOf(`upsert('visits', 'id', { id: 1, at: $.at })`, { state: { at } })
    expect(await dataOf(`sql('SELECT count(*) FROM visits')`)).toEqual([{ count: '1' }])
  })

  test('gives values that lose nothing', async () => {
    const code = `sql("SELECT 9007199254740993::int8 AS big, 1.50::numeric AS n, 1.5::float8 AS f, 'NaN'::float8 AS nan, '\\\\x0001ff'::bytea AS b, true AS t, \\
date '2026-01-02' AS d, timestamp '2026-01-02 03:04:05' AS ts, '{\\"a\\": [1.0]}'::jsonb AS j, array[[1, NULL], [3, 4]] AS m, array['a,b', '\\"', 'NULL', NULL] AS texts, \\
'[0:1]={1,2}'::int[] AS bounds, '{}'::int[] AS none, interval '1 day' AS i, gen_random_uuid()::text <> '' AS u, NULL::int AS nothing")`
    expect(await dataOf(code)).toEqual([
      {
        ...{ big: '9007199254740993', n: '1.50', f: 1.5, nan: 'NaN', b: 'AAH/', t: true, d: '2026-01-02' },
        ...{
          ts: '2026-01-02T03:04:05.000',
          j: { a: [1] },
          m: [
            [1, null],
            [3, 4],
          ],
          texts: ['a,b', '"', 'NULL', null],
        },
        ...{ bounds: [1, 2], none: [], i: '1 day', u: true, nothing: null },
      },
    ])
  })

  test('takes values as they are, whatever is in them', async () => {
    const nasty = ["'; DROP TABLE visits; --", '\\', '$1', '"', 'ä\u2028😀', '']
    const values = [...nasty, 1.5, true, null, nasty, { a: nasty }]
    const code = `sql('SELECT $1::text, $2::text b, $3::text c, $4::text d, $5::text e, $6::text f, $7::numeric g, $8::bool h, $9::int i, $10::text[] j, $11::jsonb k', { values: $.values })`
    const [row] = (await dataOf(code, { state: { values } })) as Record<string, unknown>[]
    expect(Object.values(row ?? {})).toEqual([...nasty, '1.5', true, null, nasty, { a: nasty }])
  })

  test('whose statement a run does not outlive cuts it off', async () => {
    const running = runOf(`sql('SELECT pg_sleep(600) /* timed out */')`, { job: { timeoutMs: 3_000 } })
    await until('timed out', { goesOn: true })
    expect((await running).outcome).toMatchObject({ status: 'killed', error: { name: 'TimeoutError' } })
    await until('timed out', { goesOn: false })

    const cancel = new AbortController()
    const cancelled = runOf(`sql('SELECT pg_sleep(600) /* cancelled */')`, {
      signal: cancel.signal,
      configuration: { ...credential(), ssl: true },
    })
    await until('cancelled', { goesOn: true })
    cancel.abort(new Error('a person stopped it'))
    await expect(cancelled).rejects.toThrow('a person stopped it')
    await until('cancelled', { goesOn: false })
  })

  test.each([
    ['one value', `SELECT repeat('x', 11000000)`],
    ['many rows', `SELECT repeat('x', 1000) FROM generate_series(1, 1000000)`],
    ['many small rows', 'SELECT 1 FROM generate_series(1, 10000000)'],
    ['what is much longer as JSON', `SELECT repeat(chr(1), 1000) FROM generate_series(1, 9000)`],
    ['notices without end', `DO $$ BEGIN LOOP RAISE NOTICE '%', repeat('x', 10000); END LOOP; END $$`],
  ])('that sends too much is not read on: %s', async (name, text) => {
    const before = process.memoryUsage.rss()
    const { outcome } = await runOf(`sql($.text)`, { state: { text: `${text} /* ${name} */` } })
    expect(outcome.error).toMatchObject({ details: { code: 'RESPONSE_TOO_LARGE' } })
    expect(process.memoryUsage.rss() - before).toBeLessThan(300_000_000)
    await until(name, { goesOn: false })
  })

  test('that ends a session is not asked in another one, for what the first had begun is lost', async () => {
    const code = `sql('BEGIN; CREATE TABLE lost (a int)')
sql('SELECT pg_terminate_backend(pg_backend_pid())').catch((error, state) => ({ ...state, code: error.code }))
fn(state => { console.log(state.code); return state })
sql('INSERT INTO visits VALUES (99)')`
    const { outcome, printed } = await runOf(code)
    expect(printed).toContain('57P01')
    expect(outcome.error).toMatchObject({ line: 4, details: { code: 'ECONNRESET' } })
    expect(await dataOf(`sql('SELECT * FROM visits WHERE id = 99')`)).toEqual([])
  })

  test('has no session of a run that is over', async () => {
    await dataOf(`each([1, 2, 3], sql('SELECT 1'))`)
    const others = `sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'Penstock' AND pid <> pg_backend_pid()")`
    await eventually(async () => ((await dataOf(others)) as unknown[]).length === 0, 'the sessions are gone')
  })
})

test('a PostgreSQL server that is not installed is had from Debian’s packages', async () => {
  using unpacked = unpackPrograms()
  await using other = await startPostgres({ programs: unpacked, password })
  expect(other.version).toMatch(/^postgres \(PostgreSQL\) \d+/)
  const configuration = { ...credential(), port: other.port }
  expect(await dataOf(`sql('SELECT 1 AS one')`, { configuration })).toEqual([{ one: 1 }])
})
