import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { tryFilterRoutes } from '../../console/api/try-filter.ts'
import { explain } from '../../processors/filter/explain.ts'
import { bodiesAtATime, newestMessages } from '../../sinks/clickhouse/read/bodies.ts'
import { messageRows } from '../../sinks/clickhouse/rows.ts'
import type { Store } from '../../topology/flow/ports.ts'
import type { Reply } from '../../topology/http.ts'
import type { NewMessage } from '../../topology/words/message.ts'
import { openDatabase, putRows } from '../fixtures/database.ts'
import { type MemoryHouse, never, openMemoryHouse } from '../fixtures/memory-house.ts'
import { message } from '../fixtures/records.ts'

const megabyte = 1_000_000
const document = 'name: clinic\nsources: { inbox: { type: webhook } }\n'

let store: Store
let house: MemoryHouse
let asked: string[] = []
let answered: number[] = []
let counting: Store
beforeAll(async () => {
  house = await openMemoryHouse(document)
  store = await openDatabase()
  counting = {
    ...store,
    query: async <Row>(sql: string, params?: Readonly<Record<string, unknown>>) => {
      asked.push(sql)
      const rows = await store.query<Row>(sql, params)
      answered.push(Buffer.byteLength(JSON.stringify(rows)))
      return rows
    },
  }
  for (const size of [3, 3, 3, 9, 1, 1]) {
    await take({ body: Buffer.from(JSON.stringify({ text: 'x'.repeat(size * megabyte) })) })
  }
  await take({ body: Buffer.from([0xff, 0xfe]) })
  await take({ project: 'other' })
})
afterAll(async () => {
  await store?.[Symbol.asyncDispose]()
  await house?.[Symbol.asyncDispose]()
})

let offset = 0n
const take = async (some: Partial<NewMessage>): Promise<void> => {
  const at = new Date(Date.now() - 60_000 + Number(offset) * 1_000)
  const origin = { topic: 'test', partition: 0, offset: offset++ }
  const taken = { ...message(some), kind: 'message', replay: '', receivedAt: at, origin } as const
  await putRows(store, messageRows(taken))
}

const tried = async (signal: AbortSignal, body = '{}'): Promise<Reply['body']> => {
  asked = []
  answered = []
  const [route] = tryFilterRoutes({ catalogue: house.catalogue, store: counting, explain })
  const reply = await route?.handle({
    method: 'POST',
    url: '/api/projects/clinic/triggers/test',
    params: { project: 'clinic' },
    query: {},
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(body),
    signal,
  })
  return reply?.body
}

describe('trying a filter out on large messages', () => {
  test('reads a bounded number of bytes at a time, and a larger body alone', async () => {
    expect(await tried(never)).toMatchObject({ checked: 7, matched: 6, unreadable: 1, complete: true })
    expect(asked).toHaveLength(1 + 4)
    const largest = answered.toSorted((a, b) => b - a)
    expect(largest[0]).toBeLessThan(9 * megabyte + 10_000)
    expect(largest[1]).toBeLessThan(bodiesAtATime + 10_000)
  })

  test('gives them newest first, bytes as they came', async () => {
    const found = await Array.fromAsync(newestMessages(store, { project: 'clinic', limit: 3 }))
    expect(found.map(({ body }) => body.length)).toEqual([2, megabyte + 11, megabyte + 11])
    expect(found[0]?.body).toEqual(Buffer.from([0xff, 0xfe]))
  })

  test('asks nothing more once the client has gone', async () => {
    const gone = new AbortController()
    const query = counting.query
    const leaving: Store = {
      ...counting,
      query: async (sql, params) => {
        const rows = await query<never>(sql, params)
        if (asked.length === 2) gone.abort()
        return rows
      },
    }
    const before = counting
    counting = leaving
    expect(await tried(gone.signal)).toMatchObject({ checked: 0, complete: false })
    counting = before
    expect(asked).toHaveLength(2)
  })

  test('says how many it came to when the time is over', async () => {
    const clock = vi.spyOn(performance, 'now')
    let ticks = 0
    clock.mockImplementation(() => ticks++ * 3_000)
    const answer = await tried(never)
    clock.mockRestore()
    expect(answer).toMatchObject({ checked: 3, matched: 2, unreadable: 1, complete: false })
  })
})
