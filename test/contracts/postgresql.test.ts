import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adaptorFinder } from '../../processors/runner/adaptors/upstream/find.ts'
import { type Egress, openEgress } from '../../processors/runner/egress/open.ts'
import { type OpenSandbox, openSandbox } from '../../processors/runner/sandbox/open.ts'
import { localPackages, moduleOf } from '../fixtures/local-packages.ts'
import { openPostgresPort, type PostgresPort } from '../fixtures/postgres-wire.ts'
import { type SqlRun, type SqlRunOptions, sqlRunner } from '../fixtures/sql-runs.ts'

let sandbox: OpenSandbox
let egress: Egress
let server: PostgresPort

beforeAll(async () => {
  sandbox = await openSandbox({ version: '1.2.3' })
  egress = openEgress({ version: '1.2.3', own: [], loopbackAllowed: true })
  server = await openPostgresPort()
})
afterAll(async () => {
  await egress[Symbol.asyncDispose]()
  await sandbox[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const credential = () => ({
  ...{ host: '127.0.0.1', port: server.port, database: 'postgres', user: 'postgres' },
  password: 'hunter2hunter2',
})
const runOf = (code: string, options: Partial<SqlRunOptions> = {}): Promise<SqlRun> =>
  sqlRunner({ sandbox, egress })(code, { configuration: credential(), ...options })
const place = () => `postgresql://127.0.0.1:${server.port}/postgres`

/** What a run leaves, or the error that it ended with. */
const stateOf = async (code: string, options: Partial<SqlRunOptions> = {}): Promise<Record<string, unknown>> => {
  const { outcome, state } = await runOf(code, options)
  if (outcome.status !== 'success') throw new Error(JSON.stringify(outcome.error))
  return state
}
const errorOf = async (code: string, options: Partial<SqlRunOptions> = {}) => (await runOf(code, options)).outcome.error

describe('a job that asks PostgreSQL', () => {
  test('finds rows as data, what was there as reference, and what else is known in result and response', async () => {
    const { outcome, state, calls, printed } = await runOf(
      `sql("SELECT * FROM (VALUES (1, 'Aïcha'), (2, NULL)) AS t(id, name) WHERE id <= $1", { values: [$.data.most] })
fn(state => { console.log(state.result.rows.length, state.response.body.rows.length); return state })`,
      { state: { data: { most: 2 } } },
    )
    expect(outcome.error).toBe(null)
    const result = {
      command: 'SELECT',
      rowCount: 2,
      fields: [
        { name: 'id', type: 23 },
        { name: 'name', type: 25 },
      ],
    }
    expect(state).toEqual({
      data: [
        { id: 1, name: 'Aïcha' },
        { id: 2, name: null },
      ],
      references: [{ most: 2 }],
      ...{ result, response: result },
    })
    expect(calls).toMatchObject([
      { number: 1, method: 'SQL', url: place(), status: 200, error: null, test_mode: false },
    ])
    expect(calls[0]?.bytes).toBeGreaterThan(50)
    expect(printed[0]).toMatch(/^SQL 127\.0\.0\.1:\d+\/postgres - SELECT 2 in \d+ ms$/)
    expect(printed[1]).toBe('2 2')
  })

  test('writes rows as OpenFn v1 has it, in one transaction over many operations', async () => {
    const code = `sql(state => 'CREATE TABLE households (id int PRIMARY KEY, "headName" text, village text)', {}),
sql('BEGIN'),
each('$.data[*]', insert('households', fields(field('id', dataValue('id')), field('"headName"', dataValue('head')), field('village', 'Kono')))),
upsert('Households', 'id', state => ({ id: 1, village: "Bo's" }), { setNull: "'NaN'" }, state => ({ ...state, told: true })),
sql('COMMIT'),
sql(state => 'SELECT * FROM households ORDER BY id')`
    const { data, told } = await stateOf(code, {
      state: {
        data: [
          { id: 1, head: 'Bintu' },
          { id: 2, head: 'NaN' },
        ],
      },
    })
    expect(data).toEqual([
      { id: 1, headName: 'Bintu', village: "Bo's" },
      { id: 2, headName: 'NaN', village: 'Kono' },
    ])
    expect(told).toBe(true)
  })

  test('does twice what can be done twice', async () => {
    const code = `sql('CREATE TABLE IF NOT EXISTS clinics (code text, year int, name text, CONSTRAINT clinic UNIQUE (code, year))')
upsertMany('clinics', ['code', 'year'], $.rows)
upsert('public.clinics', 'ON CONSTRAINT clinic', { code: 'a', year: 1, name: $.name })
upsertIf(state => state.name === 'no', 'clinics', 'code, year', { code: 'z' })
sql('SELECT name FROM clinics ORDER BY code')`
    const rows = [
      { code: 'a', year: 1, name: 'A' },
      { name: 'B', code: 'b', year: 1 },
    ]
    for (const name of ['once', 'twice'])
      expect(await stateOf(code, { state: { rows, name } })).toMatchObject({ data: [{ name }, { name: 'B' }] })
  })

  test('puts in all of very many rows, or none of them', async () => {
    const code = `sql('CREATE TABLE IF NOT EXISTS many (a int UNIQUE, b int, c int)')
insertMany('many', Array.from({ length: 30_000 }, (_, a) => ({ a: a === 29_999 ? last : a, b: 1, c: null }))).catch((error, state) => ({ ...state, code: error.code }))
sql('SELECT count(*)::int FROM many')`
    const manyOf = (last: number) => stateOf(`const last = ${last}\n${code}`)
    expect(await manyOf(0)).toMatchObject({ code: '23505', data: [{ count: 0 }] })
    expect(await manyOf(29_999)).toMatchObject({ data: [{ count: 30_000 }] })
  })

  test('within its own transaction loses no more than those rows', async () => {
    const code = `sql('CREATE TABLE within (a int UNIQUE, b int); BEGIN; INSERT INTO within VALUES (-1, 0)')
insertMany('within', Array.from({ length: 40_000 }, (_, a) => ({ a: a % 39_999, b: 1 }))).catch((error, state) => ({ ...state, code: error.code }))
sql('COMMIT; SELECT count(*)::int FROM within')`
    expect(await stateOf(code)).toMatchObject({ code: '23505', data: [{ count: 1 }] })
  })

  test('finds a value, describes, makes and changes tables', async () => {
    const code = `insertTable('wards', [{ name: 'id', type: 'int', required: true, unique: true }, { name: 'Name', type: 'varchar(20)', default: "it's" }])
modifyTable('wards', state => [{ name: 'beds', type: 'numeric(10, 2)', default: 0 }])
insertMany('wards', [{ id: 1 }, { id: 2 }])
findValue({ uuid: 'name', relation: 'wards', where: { id: $.wanted }, operator: { id: '>=' } })
fn(state => ({ ...state, found: state.data }))
findValue({ uuid: 'name', relation: 'wards', where: { id: 9 } })
fn(state => ({ ...state, missing: state.data }))
describeTable('wards')`
    expect(await stateOf(code, { state: { wanted: 2 } })).toMatchObject({
      ...{ found: "it's", missing: null },
      data: [
        { column_name: 'id', udt_name: 'int4', is_nullable: 'NO' },
        { column_name: 'name', udt_name: 'varchar', is_nullable: 'YES' },
        { column_name: 'beds', udt_name: 'numeric', is_nullable: 'YES' },
      ],
    })
  })

  test('is told in PostgreSQL’s own words what it refuses', async () => {
    expect(await errorOf(`sql('SELECT 1')\nsql('SELEC 1')`)).toMatchObject({
      ...{ name: 'AdaptorError', message: 'syntax error at or near "SELEC"', line: 2, operation: 'sql' },
      details: { code: '42601', severity: 'ERROR', position: 1 },
    })
    const code = `sql('CREATE TEMP TABLE once (id int PRIMARY KEY)')\ninsert('once', { id: 1 })\ninsert('once', { id: 1 })`
    expect(await errorOf(code)).toMatchObject({
      ...{ name: 'AdaptorError', line: 3 },
      details: { code: '23505', detail: 'Key (id)=(1) already exists.', table: 'once', constraint: 'once_pkey' },
    })
  })

  test('keeps its settings and temporary tables to itself', async () => {
    await stateOf(`sql("CREATE TEMP TABLE mine (a int); SET application_name = 'mine'")`)
    expect(await errorOf(`sql('SELECT * FROM mine')`)).toMatchObject({ details: { code: '42P01' } })
  })

  test('keeps a statement where it is asked to, and logs values only then', async () => {
    const code = `insert('nowhere', { a: 'secret-value', b: 'undefined' }, { writeSql: true, execute: false, logValues: $.log })`
    const queries = [{ text: 'INSERT INTO "nowhere" ("a", "b") VALUES ($1, $2)', values: ['secret-value', null] }]
    const quiet = await runOf(code)
    expect(quiet.state).toMatchObject({ queries })
    expect([quiet.calls, quiet.printed.join()]).toEqual([[], 'Not executed, as the options say'])
    expect((await runOf(code, { state: { log: true } })).printed.join()).toContain('secret-value')
  })

  test('in test mode sends nothing', async () => {
    const before = server.connections()
    const { outcome, state, calls } = await runOf(`sql('SELECT 1')`, {
      job: { testMode: true },
      state: { data: { a: 1 } },
    })
    expect(state).toMatchObject({ data: { a: 1 }, result: { test_mode: true } })
    expect(calls).toMatchObject([{ method: 'SQL', url: place(), status: 200, test_mode: true }])
    expect(outcome.log.map(({ message }) => message)).toContain(
      `Test mode: SQL ${place()} was not sent, and answered 200`,
    )
    expect(server.connections()).toBe(before)
  })

  test('that forgets COMMIT hears of it', async () => {
    const { outcome } = await runOf(
      `sql('CREATE TABLE forgotten (a int)')\nsql('BEGIN')\ninsert('forgotten', { a: 1 })`,
    )
    expect(outcome.log.at(-1)?.message).toBe(
      `${place()}: the run ended in a transaction without COMMIT, so nothing of that transaction was kept`,
    )
    expect(await stateOf(`sql('SELECT * FROM forgotten')`)).toMatchObject({ data: [] })
  })

  test('shows its password nowhere', async () => {
    const code = `sql('SELECT $1::text AS it', { values: [$.configuration.password], writeSql: true })\nsql('SELECT ' + $.configuration.password)`
    expect(JSON.stringify(await runOf(code))).not.toContain('hunter2')
  })

  test('has one connection for a run, and a new one for the next', async () => {
    const before = server.connections()
    await stateOf(`each([1, 2, 3], sql('SELECT 1'))`)
    expect(server.connections()).toBe(before + 1)
    await stateOf(`sql('SELECT 1')`)
    expect(server.connections()).toBe(before + 2)
  })

  test.each([
    [{ host: '/var/run/postgresql' }, 'INVALID_CALL'],
    [{ host: '127.0.0.1', port: 0 }, 'INVALID_CALL'],
    [{ host: '127.0.0.1', database: '' }, 'CREDENTIAL_INCOMPLETE'],
    [{ host: '169.254.169.254' }, 'EGRESS_REFUSED'],
    [{ host: 'no.such.host.invalid' }, 'ENOTFOUND'],
    [{ ssl: true }, 'NO_TLS'],
    [{ ssl: 'maybe' }, 'BAD_OPTION'],
  ])('with the credential %j is refused as %s', async (changes, code) => {
    const configuration = { ...credential(), ...changes }
    expect(await errorOf(`sql('SELECT 1')`, { configuration })).toMatchObject({
      name: 'AdaptorError',
      details: { code },
    })
  })
})

test('an adaptor of npm that works with pg asks by the same way', async () => {
  const files = moduleOf(
    '@openfn/language-clinic',
    `import pg from 'pg'
let client
export const execute = (...operations) => async (state) => {
  const { ssl, allowSelfSignedCert, ...rest } = state.configuration
  client = new pg.Client({ ...rest, ssl: ssl ? { rejectUnauthorized: !allowSelfSignedCert } : false })
  client.on('error', () => {})
  client.connect()
  for (const operation of operations) state = await operation(state)
  await client.end()
  return state
}
export const sql = (text) => (state) => new Promise((resolve, reject) => {
  client.query(text, (error, result) => error ? reject(error) : resolve({ ...state, data: result.rows, response: result }))
})
export const bound = (text, values) => async (state) => ({ ...state, both: await client.query({ text, rowMode: 'array' }, values) })
export const told = (text) => async (state) => ({ ...state, ...(await client.query(text).catch(({ code, position, message }) => ({ code, position, message }))) })`,
  )
  const dir = await mkdtemp(join(tmpdir(), 'adaptors-'))
  const name = '@openfn/language-clinic@1.2.3'
  const found = (await adaptorFinder({ packages: localPackages(files), dir })([name])).get(name)
  await rm(dir, { recursive: true })
  if (!found || 'problem' in found) throw new Error(found?.problem)
  const code = `sql('SELECT 1 AS one, now() IS NULL AS never; SELECT 2 AS two')\nsql('SELECT 3 AS three')\nbound('SELECT $1::int, $2::text[]', [4, ['a']])\ntold('SELEC')`
  const before = server.connections()
  const { state, calls } = await runOf(code, { job: found })
  expect(state).toMatchObject({
    data: [{ three: 3 }],
    response: { command: 'SELECT', rowCount: 1, fields: [{ name: 'three', dataTypeID: 23 }] },
    both: { rows: [[4, ['a']]] },
    ...{ code: '42601', position: 1, message: 'syntax error at or near "SELEC"' },
  })
  expect(calls.map(({ method, error }) => `${method} ${error}`)).toEqual([
    'SQL null',
    'SQL null',
    'SQL null',
    'SQL 42601',
  ])
  expect(server.connections()).toBe(before + 1)
})
