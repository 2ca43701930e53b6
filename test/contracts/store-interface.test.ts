import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { newAddress } from '../fixtures/database.ts'
import { until } from '../fixtures/penstock.ts'

/** The embedded ClickHouse as its clients meet it: its HTTP interface, and what the people's login may not do. */
describe('the HTTP interface of the embedded store', () => {
  const { url, user, password, peopleUser, peoplePassword } = inject('clickhouse')
  const { database } = newAddress()
  const owner = createClient({ url, username: user, password, database, log: { level: 127 } })
  const people = createClient({ url, username: peopleUser, password: peoplePassword, database, log: { level: 127 } })
  const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${url}${path}`, { method: 'POST', body, headers })
  const asPeople = { 'x-clickhouse-user': peopleUser, 'x-clickhouse-key': peoplePassword }
  const asOwner = { 'x-clickhouse-user': user, 'x-clickhouse-key': password }

  beforeAll(async () => {
    await post('/', `CREATE DATABASE ${database}`, asOwner)
    await owner.command({ query: 'CREATE TABLE t (a String, n UInt64) ENGINE = MergeTree ORDER BY a' })
    await owner.insert({ table: 't', values: [{ a: 'x\0\n"', n: '1' }], format: 'JSONEachRow' })
  })
  afterAll(async () => {
    await owner.command({ query: `DROP DATABASE ${database}` })
    await Promise.all([owner.close(), people.close()])
  })

  test('answers a ping without a password', async () => {
    expect(await (await fetch(`${url}/ping`)).text()).toBe('Ok.\n')
    expect(await people.ping()).toMatchObject({ success: true })
  })

  test('serves the stock client: rows in, bound values, rows out', async () => {
    const query_params = {
      text: `it's \\ a "x\0\n\t`,
      list: [`a'`, 'b\\'],
      many: { k: `'v'` },
      none: null,
      when: new Date(0),
    }
    const result = await people.query({
      query: `SELECT {text:String} AS text, {list:Array(String)} AS list, {many:Map(String, String)} AS many,
        {none:Nullable(String)} AS none, {when:DateTime64(3, 'UTC')} AS when, a FROM t`,
      query_params,
      format: 'JSONEachRow',
    })
    expect(await result.json()).toEqual([{ ...query_params, when: '1970-01-01 00:00:00.000', a: 'x\0\n"' }])
  })

  test('forgets the values of one question before the next', async () => {
    await people.query({ query: 'SELECT {kept:String}', query_params: { kept: 'secret' }, format: 'JSONEachRow' })
    await expect(people.query({ query: 'SELECT {kept:String}' })).rejects.toMatchObject({ code: '456' })
  })

  test('keeps values apart when questions come together', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const rows = await people.query({ query: 'SELECT {n:UInt32} AS n', query_params: { n }, format: 'JSONEachRow' })
        return ((await rows.json()) as { n: number }[])[0]?.n
      }),
    )
    expect(answers).toEqual(Array.from({ length: 40 }, (_, n) => n))
  })

  test.each(['?user=', 'basic', 'headers'])('knows who asks by %s', async (how) => {
    const basic = `Basic ${Buffer.from(`${peopleUser}:${peoplePassword}`).toString('base64')}`
    const path = how === '?user=' ? `/?user=${peopleUser}&password=${peoplePassword}` : '/'
    const headers = { ...(how === 'basic' && { authorization: basic }), ...(how === 'headers' && asPeople) }
    expect(await (await post(path, 'SELECT 1', headers)).text()).toBe('1\n')
  })

  test.each([
    [{}],
    [{ 'x-clickhouse-user': 'people' }],
    [{ 'x-clickhouse-user': 'people', 'x-clickhouse-key': 'guess' }],
    [{ 'x-clickhouse-user': 'penstock', 'x-clickhouse-key': peoplePassword }],
    [{ 'x-clickhouse-user': 'default', 'x-clickhouse-key': '' }],
    [{ 'x-clickhouse-user': 'toString', 'x-clickhouse-key': 'nobody' }],
  ])('lets nobody in with %o', async (headers) => {
    const answer = await post('/', 'SELECT 1', headers as Record<string, string>)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('x-clickhouse-exception-code')).toBe('516')
    expect(await answer.text()).toMatch(/^Code: 516\. DB::Exception: .*\(AUTHENTICATION_FAILED\)/)
  })

  test('takes the query from the address, and the format from either place', async () => {
    const get = (query: string): Promise<Response> =>
      fetch(`${url}/?query=${encodeURIComponent(query)}`, { headers: asPeople })
    expect(await (await get('SELECT 1 AS one FORMAT JSONEachRow')).text()).toBe('{"one":1}\n')
    expect(await (await post('/?default_format=CSVWithNames', 'SELECT 1 AS one', asPeople)).text()).toBe('"one"\n1\n')
    expect(await (await post('/', 'SELECT 1 AS one FORMAT JSON', asPeople)).json()).toMatchObject({
      data: [{ one: 1 }],
      rows: 1,
    })
    expect(await (await post(`/?database=${database}`, 'SELECT count() FROM t', asPeople)).text()).toBe('1\n')
  })

  test('streams a long answer as one document', async () => {
    const answer = await post(
      '/',
      'SELECT number AS n, toString(number) AS "a\n""b" FROM numbers(300000) FORMAT CSVWithNames',
      asPeople,
    )
    const lines = (await answer.text()).split('\n')
    expect(lines.length).toBe(300_000 + 3)
    expect(lines.filter((line) => line.includes('n'))).toHaveLength(1)
    expect(lines.at(-2)).toBe('299999,"299999"')
  })

  test('names the columns of an answer without rows', async () => {
    expect(await (await post('/', 'SELECT 1 AS one WHERE 0 FORMAT CSVWithNames', asPeople)).text()).toBe('"one"\n')
  })

  test.each([
    ['SELECT 1 FROM', 400, '62'],
    ['SELECT * FROM nowhere', 404, '60'],
    ['SELECT throwIf(1)', 500, '395'],
  ])('answers %s with its error', async (query, status, code) => {
    const answer = await post('/', query, asOwner)
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([status, code])
  })

  test('breaks the connection when an answer goes wrong in its middle', async () => {
    const answer = await post('/', 'SELECT throwIf(number = 500000) FROM numbers(1000000) FORMAT TSV', asPeople)
    expect(answer.status).toBe(200)
    await expect(answer.text()).rejects.toThrow()
  })

  test('a slow question holds up no insert', async () => {
    const hangUp = new AbortController()
    const slow = await fetch(url, {
      method: 'POST',
      body: 'SELECT number, sleepEachRow(0.1) FROM numbers(1000000) SETTINGS max_block_size = 1 FORMAT TSV',
      headers: asOwner,
      signal: hangUp.signal,
    })
    const rows = slow.body?.getReader()
    const isAsked = async (): Promise<boolean> =>
      (await (await post('/', 'SELECT query FROM system.processes', asOwner)).text()).includes('SELECT number, sleep')
    expect([(await rows?.read())?.done, await isAsked()]).toEqual([false, true])
    await owner.insert({ table: 't', values: [{ a: 'quick', n: '2' }], format: 'JSONEachRow' })
    expect((await rows?.read())?.done).toBe(false)
    hangUp.abort()
    await until(async () => !(await isAsked()), 'nobody listens, so the slow question ends')
  })

  const outfile = join(tmpdir(), `${database}.txt`)
  test.each([
    ["INSERT INTO t VALUES ('y', 2)"],
    ['DROP TABLE t'],
    ['TRUNCATE TABLE t'],
    ['CREATE TABLE u (a String) ENGINE = Memory'],
    ['CREATE TEMPORARY TABLE u (a String)'],
    ['ALTER TABLE t DELETE WHERE 1'],
    ['SET readonly = 0'],
    ['SET max_threads = 1'],
    ['SELECT 1 SETTINGS readonly = 0'],
    ["SELECT 1 SETTINGS profile = 'default', readonly = 2"],
    ['SELECT 1; DROP TABLE t'],
    ['SELECT 1; SELECT 2'],
    ['USE system'],
    ['KILL QUERY WHERE 1'],
    ['SYSTEM STOP MERGES'],
    ['SYSTEM SHUTDOWN'],
    ["SELECT * FROM file('/etc/passwd', 'LineAsString')"],
    ["SELECT file('/etc/passwd')"],
    ["SELECT FILE('/etc/passwd')"],
    ["SELECT `fi\\x6ce`('/etc/passwd')"],
    ["SELECT /**/ file /* ' */ ('/etc/passwd') -- '"],
    ["SELECT 'it''s', file('/etc/passwd'), 'x'"],
    ["SELECT `a'b`, file('/etc/passwd') FROM (SELECT 1 AS `a'b`)"],
    ["SELECT * APPLY(file) FROM (SELECT '/etc/passwd')"],
    ["EXPLAIN SELECT file('/etc/passwd')"],
    ["DESCRIBE (SELECT file('/etc/passwd') AS f)"],
    ['SELECT * FROM `/etc/passwd`'],
    ["SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')"],
    ["SELECT * FROM s3('http://127.0.0.1:1/', 'CSV')"],
    ["SELECT * FROM remote('127.0.0.1', 'system.one')"],
    ["SELECT * FROM sqlite('/tmp/x', 'y')"],
    ["SELECT * FROM executable('cat', 'CSV', 'a String')"],
    ["DESCRIBE TABLE url('http://127.0.0.1:1/')"],
    ["DESC `url`('http://127.0.0.1:1/x.csv')"],
    ["DESCRIBE TABLE s3('http://127.0.0.1:1/x.csv')"],
    ["DESCRIBE TABLE mysql('127.0.0.1:1', 'd', 't', 'u', 'p')"],
    ["DESCRIBE TABLE executable('cat', 'CSV', 'a String')"],
    ["DESCRIBE TABLE filesystem('/etc')"],
    [`DESCRIBE TABLE sqlite('${outfile}', 'y')`],
    ["DESCRIBE (SELECT * FROM file('/etc/passwd'))"],
    ["DESCRIBE (SELECT * FROM url('http://127.0.0.1:1/x.csv'))"],
    [`SELECT * FROM sqlite('${outfile}', 'y')`],
    [`SELECT * FROM "SQLite" ('${outfile}', 'y')`],
    [`SELECT 1 WHERE 1 IN (SELECT * FROM loop(sqlite('${outfile}', 'y')))`],
    [`EXPLAIN SELECT * FROM sqlite('${outfile}', 'y')`],
    ["EXPLAIN PLAN SELECT * FROM file('/etc/passwd')"],
    ["EXPLAIN QUERY TREE SELECT * FROM url('http://127.0.0.1:1/x.csv')"],
    ["EXPLAIN PIPELINE SELECT * FROM url('http://127.0.0.1:1/x.csv')"],
    ["EXPLAIN TABLE OVERRIDE mysql('127.0.0.1:1', 'd', 't', 'u', 'p') PARTITION BY a"],
    ["SELECT * FROM (EXPLAIN SELECT * FROM url('http://127.0.0.1:1/x.csv'))"],
    ["SELECT * FROM remote('127.0.0.1:1', sqlite('x', 'y'))"],
    ["SELECT * FROM eval('SELECT 1')"],
    [`SELECT 1 INTO OUTFILE '${outfile}'`],
    [`SELECT 1 INTO/**/OUTFILE '${outfile}' TRUNCATE FORMAT CSV`],
    [`SELECT 1 FROM numbers(1) INTO OUTFILE '${outfile}' AND STDOUT`],
    [`EXPLAIN SELECT 1 INTO OUTFILE '${outfile}'`],
    [`DESCRIBE TABLE t INTO OUTFILE '${outfile}'`],
    [`SHOW TABLES INTO OUTFILE '${outfile}'`],
  ])('the people may not: %s', async (query) => {
    const answer = await post(`/?database=${database}`, query, asPeople)
    const text = await answer.text()
    expect(text).toMatch(/^Code: (164|62|36|60|344)\./)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(existsSync(outfile)).toBe(false)
    expect(text).not.toContain('root:')
    expect(
      await (await post(`/?database=${database}`, "SELECT count() FROM t WHERE a LIKE 'x%'", asOwner)).text(),
    ).toBe('1\n')
  })

  test.each(['readonly=0', 'max_execution_time=0', 'max_threads=1'])(
    'the people may not set %s in the address',
    async (setting) => {
      const answer = await post(`/?${setting}`, 'SELECT 1', asPeople)
      expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([403, '164'])
    },
  )

  test('the people may not send rows', async () => {
    const answer = await post(`/?database=${database}&query=INSERT+INTO+t+FORMAT+TSV`, 'y\t1\n', asPeople)
    expect(answer.status).toBe(403)
  })

  test.each([
    ['SELECT a FROM t -- only asking'],
    ['/* why */ WITH 1 AS one SELECT one'],
    ['(SELECT 1) UNION ALL (SELECT 2)'],
    ['SHOW TABLES'],
    ['DESCRIBE TABLE t'],
    ['EXPLAIN SELECT 1'],
    ['EXISTS TABLE t'],
    ['DESCRIBE (SELECT a FROM t)'],
    ["SELECT format('{}', url) FROM (SELECT '' AS url) WHERE (url) = ''"],
    ['SELECT number FROM numbers(3)'],
    ["SELECT 'INTO OUTFILE file('"],
    ['SELECT 1;'],
  ])('the people may: %s', async (query) => {
    const answer = await post(`/?database=${database}`, query, asPeople)
    expect([answer.status, answer.ok ? '' : await answer.text()]).toEqual([200, ''])
  })

  test('not even the owner writes by GET', async () => {
    const answer = await fetch(`${url}/?query=DROP+TABLE+${database}.t`, { headers: asOwner })
    expect(answer.status).toBe(403)
  })
})
