import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../infra/clickhouse/open.ts'
import type { ReadOptions, Store } from '../../topology/flow/ports.ts'
import { newAddress } from '../fixtures/database.ts'
import { freePort, until } from '../fixtures/penstock.ts'

const address = { ...newAddress(), database: 'default' }

describe('what is read from the store as bytes', () => {
  let store: Store
  beforeAll(async () => {
    store = await openStore(address)
  })
  afterAll(async () => {
    await store[Symbol.asyncDispose]()
  })
  const signal = new AbortController().signal
  const read = async (sql: string, options: Partial<ReadOptions> = {}): Promise<string> =>
    Buffer.concat(await store.read(sql, { format: 'CSV', params: {}, signal, ...options })).toString('utf8')

  test('has the form that was asked for', async () => {
    const params = { text: `"a'\n` }
    const sql = 'SELECT {text:String} AS text, number AS n FROM numbers(3)'
    expect(await read(`${sql} WHERE n < 2`, { params })).toBe(`"""a'\n",0\n"""a'\n",1\n`)
    expect(await read(`${sql} WHERE n = 1`, { params, format: 'JSONEachRow' })).toBe(`{"text":"\\"a'\\n","n":1}\n`)
    expect(await read(`${sql} WHERE n > 2`, { params, format: 'JSONCompactEachRow' })).toBe('')
    expect((await read('SELECT number FROM numbers(300000)')).split('\n')).toHaveLength(300_001)
  })

  test('may be asked for with a list of thousands', async () => {
    const ids = Array.from({ length: 16_000 }, () => randomUUID())
    const lines = await read('SELECT arrayJoin({ids:Array(String)})', { params: { ids } })
    expect(lines.split('\n').slice(0, -1)).toEqual(ids.map((id) => `"${id}"`))
  })

  test('is whole, or an error that says whose fault it is', async () => {
    await expect(read('SELECT throwIf(number = 500000) FROM numbers(1000000)')).rejects.toThrow()
    await expect(read('SELECT nonsense')).rejects.not.toHaveProperty('code', 'store-unavailable')
    await using nobody = await openStore({ ...address, url: `http://127.0.0.1:${await freePort()}` })
    const asked = nobody.read('SELECT 1', { format: 'CSV', params: {}, signal })
    await expect(asked).rejects.toMatchObject({ code: 'store-unavailable' })
  })

  test('is asked for no longer when the reader has gone', async () => {
    const reader = new AbortController()
    const sql = 'SELECT sleepEachRow(1) AS told FROM numbers(100000) ORDER BY told SETTINGS max_block_size = 1'
    const asked = read(sql, { signal: reader.signal })
    asked.catch(() => {})
    const busy = async (): Promise<boolean> =>
      (await store.query(`SELECT 1 FROM system.processes WHERE query LIKE '%(1) AS told%' AND query NOT LIKE '%LIKE%'`))
        .length > 0
    await until(busy, 'the store works')
    reader.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
    await until(async () => !(await busy()), 'the store is idle')
    await expect(read(sql, { signal: reader.signal })).rejects.toThrow('enough')
  })
})
