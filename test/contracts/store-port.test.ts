import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../infra/clickhouse/migrate.ts'
import { openStore } from '../../infra/clickhouse/open.ts'
import { schemaDir } from '../../sinks/clickhouse/schema.ts'
import type { Store } from '../../topology/flow/ports.ts'
import { newAddress, openDatabase } from '../fixtures/database.ts'
import { freePort } from '../fixtures/penstock.ts'
import { silent } from '../fixtures/silent.ts'

const address = newAddress()

describe('the store', () => {
  let store: Store
  beforeAll(async () => {
    store = await openDatabase(address)
    await store.command(`CREATE TABLE t (id UInt32, at DateTime64(3, 'UTC'), note String) ENGINE = MergeTree PARTITION BY toYYYYMM(at)
      ORDER BY id SETTINGS non_replicated_deduplication_window = 100`)
  })
  afterAll(async () => {
    await store[Symbol.asyncDispose]()
  })
  const count = async (): Promise<unknown> => (await store.query<{ n: number }>('SELECT count() AS n FROM t'))[0]?.n

  test('takes a batch with one token once', async () => {
    const rows = [1, 2, 3].map((id) => ({ id, at: '2026-11-21 10:00:00.000' }))
    await store.insert('t', rows, 'same')
    await store.insert('t', rows, 'same')
    expect(await count()).toBe(3)
    await store.insert('t', rows, 'other')
    expect(await count()).toBe(6)
  })

  test.each([
    ['text that is no text', { id: 9, at: '2026-11-21 10:00:00.000', note: '\ud800' }],
    ['a value of another type', { id: 'nine', at: '2026-11-21 10:00:00.000' }],
    ['a time that is none', { id: 9, at: 'soon' }],
  ])('refuses a batch with %s as a whole', async (_what, bad) => {
    const before = await count()
    const good = { id: 8, at: '2026-11-21 10:00:00.000' }
    await expect(store.insert('t', [good, bad], 'bad')).rejects.toMatchObject({ code: 'row-refused' })
    expect(await count()).toBe(before)
  })

  test('says of rows of too many months that they cannot go in together', async () => {
    const rows = Array.from({ length: 150 }, (_, n) => ({ id: n, at: `${1990 + n}-01-01 00:00:00.000` }))
    await expect(store.insert('t', rows, 'months')).rejects.toMatchObject({ code: 'row-refused' })
  })

  test('waits for a table that is not there yet', async () => {
    await expect(store.insert('later', [{ id: 1 }], 'later')).rejects.toMatchObject({ code: 'store-unavailable' })
  })

  test('is unavailable when nobody answers, and when the password is wrong', async () => {
    await using nobody = await openStore({ ...address, url: `http://127.0.0.1:${await freePort()}` })
    await using stranger = await openStore({ ...address, password: 'guess' })
    for (const other of [nobody, stranger]) {
      await expect(other.query('SELECT 1')).rejects.toMatchObject({ code: 'store-unavailable' })
      await expect(other.insert('t', [{ id: 1 }], 'x')).rejects.toMatchObject({ code: 'store-unavailable' })
    }
  })

  test('does not call a wrong question an absence', async () => {
    await expect(store.query('SELECT nonsense')).rejects.not.toHaveProperty('code', 'store-unavailable')
  })

  test('gives times as RFC 3339', async () => {
    expect(await store.query(`SELECT toDateTime64('2026-11-21 10:00:00.120', 3, 'UTC') AS at`)).toEqual([
      { at: '2026-11-21T10:00:00.120Z' },
    ])
  })
})

describe('the schema', () => {
  test('is applied once, and by two at once without harm', async () => {
    const fresh = newAddress()
    await using _database = { [Symbol.asyncDispose]: () => drop(fresh) }
    await Promise.all([migrate({ ...fresh, dir: schemaDir }), migrate({ ...fresh, dir: schemaDir })])
    expect(await migrate({ ...fresh, dir: schemaDir })).toEqual([])
    await using store = await openStore(fresh)
    const files = (await readdir(schemaDir)).toSorted().map((name) => ({ name }))
    expect(await store.query('SELECT name FROM schema_versions FINAL ORDER BY name')).toEqual(files)
  })

  test('makes no table whose rows could be acknowledged before they are on the disk', async () => {
    await using store = await openDatabase(newAddress())
    const tables = await store.query<{ name: string; synced: number }>(
      `SELECT name, match(create_table_query, 'fsync_after_insert = 1, fsync_part_directory = 1') AS synced
      FROM system.tables WHERE database = currentDatabase() AND endsWith(name, '_rows') ORDER BY name`,
    )
    expect(tables).toEqual(
      ['dead_letter_rows', 'match_rows', 'message_rows', 'run_rows'].map((name) => ({ name, synced: 1 })),
    )
  })

  test('refuses a file that was changed after it had been applied', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'schema-'))
    const fresh = newAddress()
    await using _left = {
      [Symbol.asyncDispose]: async () => {
        await drop(fresh)
        await rm(dir, { recursive: true })
      },
    }
    await writeFile(
      join(dir, '001-a.sql'),
      "-- a; b\nCREATE TABLE IF NOT EXISTS a (x String DEFAULT ';') ENGINE = Memory;\n",
    )
    expect(await migrate({ ...fresh, dir })).toEqual(['001-a.sql'])
    await writeFile(join(dir, '002-b.sql'), 'CREATE TABLE IF NOT EXISTS b (x String) ENGINE = Memory;\n\n-- end\n')
    expect(await migrate({ ...fresh, dir })).toEqual(['002-b.sql'])
    await writeFile(join(dir, '001-a.sql'), 'CREATE TABLE IF NOT EXISTS a (y String) ENGINE = Memory;\n')
    await expect(migrate({ ...fresh, dir })).rejects.toThrow(/001-a\.sql was changed/)
  })

  test('goes into no database with a strange name', async () => {
    await expect(migrate({ ...address, database: 'x; DROP', dir: schemaDir, logger: silent })).rejects.toThrow(/name/)
  })
})

const drop = async (of: typeof address): Promise<void> => {
  await using store = await openStore({ ...of, database: 'default' })
  await store.command(`DROP DATABASE IF EXISTS ${of.database}`)
}
