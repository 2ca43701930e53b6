import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../infra/clickhouse/migrate.ts'
import { openStore } from '../../infra/clickhouse/open.ts'
import { type EmbeddedStore, startStore } from '../../infra/embedded/store.ts'
import { schemaDir } from '../../sinks/clickhouse/schema.ts'
import type { Store } from '../../topology/flow/ports.ts'
import { openDatabase } from '../fixtures/database.ts'
import { type Doors, openDoors } from '../fixtures/doors.ts'
import { until } from '../fixtures/penstock.ts'
import { silent } from '../fixtures/silent.ts'

const path = '/api/projects/long/messages.csv'
const rows = 60_000

/** Rows for several slices of an export, made by the store itself; the newest 30,000 came in one millisecond. */
const fill = (store: Store): Promise<void> =>
  store.command(`INSERT INTO message_rows (id, project, kind, source, received_at, key, content_type, headers, body, body_encoding, size, origin, version)
SELECT concat('01a1c1c4-', leftPad(hex(number), 4, '0'), '-7', leftPad(toString(number % 1000), 3, '0'), '-8000-', leftPad(toString(number), 12, '0')),
  'long', 'message', 'inbox', now64(3) - if(number < 30000, 0, number) / 1000, toString(number), 'text/plain', map(), repeat('x', 1000), 'utf8', 1000, 'o', 1
FROM numbers(${rows})`)

const linesIn = (text: string): number => text.split('\r\n').length - 2

describe('an export of many rows', () => {
  let real: Store
  let store: Store
  let doors: Doors
  /** Called before each question of an export, with its number. */
  let onRead: (n: number) => Promise<void> | void = () => {}
  let reads = 0
  let ended = 0
  beforeAll(async () => {
    real = await openDatabase()
    await fill(real)
    const read: Store['read'] = async (sql, options) => {
      reads += 1
      try {
        await onRead(reads)
        return await real.read(sql, options)
      } finally {
        ended += 1
      }
    }
    store = { ...real, read }
    doors = await openDoors({ store })
    await doors.deploy({ name: 'long' })
  })
  afterAll(async () => {
    await doors?.[Symbol.asyncDispose]()
    await real?.[Symbol.asyncDispose]()
  })
  const fresh = (hook: typeof onRead = () => {}): void => {
    onRead = hook
    reads = 0
    ended = 0
  }
  const readSome = async (answer: Response): Promise<ReadableStreamDefaultReader<Uint8Array>> => {
    const reader = answer.body?.getReader()
    if (reader === undefined) throw new Error('there is no body')
    await reader.read()
    return reader
  }

  test('has each of them once, newest first, while other questions are answered', async () => {
    fresh()
    const [one, two, list] = await Promise.all([
      doors.api(path).then((answer) => answer.text()),
      doors.api(`${path}?source=inbox`).then((answer) => answer.text()),
      doors.api('/api/projects/long/messages?limit=1').then((answer) => answer.json() as Promise<{ items: object[] }>),
    ])
    expect([linesIn(one), two === one, list.items.length]).toEqual([rows, true, 1])
    const times = one
      .split('\r\n')
      .slice(1, -1)
      .map((line) => line.split(',')[1] ?? '')
    expect(times).toEqual(times.toSorted().toReversed())
    expect(new Set(one.split('\r\n').map((line) => line.slice(0, 38))).size).toBe(rows + 2)
  })

  test('tells its name and kind, also to HEAD, which asks for no rows', async () => {
    fresh()
    const answer = await doors.api(path, { method: 'HEAD' })
    expect([answer.status, await answer.text(), reads]).toEqual([200, '', 1])
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="long-messages-\d{4}-\d\d-\d\d\.csv"$/,
    )
  })

  test('asks nothing more when its client has gone', async () => {
    const waiting = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    fresh((n) => {
      if (n !== 3) return
      waiting.resolve()
      return goOn.promise
    })
    const caller = new AbortController()
    await readSome(await doors.api(path, { signal: caller.signal }))
    await waiting.promise
    caller.abort()
    goOn.resolve()
    await until(() => ended === reads, 'nothing is asked any more')
    expect(reads).toBeLessThan(6)
    await until(async () => {
      const [row] = await real.query<{ n: number }>(
        'SELECT count() AS n FROM system.processes WHERE current_database = currentDatabase()',
      )
      return row?.n === 1 // this question
    }, 'the store is idle')
  })

  test('is cut when the house stops, and holds up the stop no longer than the drain', async () => {
    fresh()
    const own = await openDoors({ store })
    await own.deploy({ name: 'long' })
    onRead = (n) => (n > 2 ? new Promise(() => {}) : undefined)
    const answer = await own.api(path)
    const text = answer.text()
    text.catch(() => {})
    await own[Symbol.asyncDispose]()
    await expect(text).rejects.toThrow()
  })
})

describe('an export from a store that dies', () => {
  let dataDir: string
  let embedded: EmbeddedStore
  let store: Store
  let doors: Doors
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'penstock-export-'))
    embedded = await startStore({ dataDir, logger: silent })
    const { url, user, password } = embedded
    const address = { url, user, password, database: 'penstock', logger: silent }
    await migrate({ ...address, dir: schemaDir })
    store = await openStore(address)
    await fill(store)
    doors = await openDoors({
      store: {
        ...store,
        read: async (sql, options) => {
          if (dying && sql.includes('received_at BETWEEN')) {
            process.kill(embedded.pid, 'SIGKILL')
            await embedded.exited
          }
          return store.read(sql, options)
        },
      },
    })
    await doors.deploy({ name: 'long' })
  })
  let dying = false
  afterAll(async () => {
    await doors?.[Symbol.asyncDispose]()
    await store?.[Symbol.asyncDispose]()
    await embedded?.[Symbol.asyncDispose]()
    await rm(dataDir, { recursive: true, force: true })
  })

  test('is no whole answer; the next one is refused at once', async () => {
    expect(linesIn(await (await doors.api(path)).text())).toBe(rows)
    dying = true
    const answer = await doors.api(path)
    expect(answer.status).toBe(200)
    await expect(answer.text()).rejects.toThrow()
    const next = await doors.api(path)
    expect([next.status, next.headers.get('retry-after')]).toEqual([503, '5'])
  })
})
