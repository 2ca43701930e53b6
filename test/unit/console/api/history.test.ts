import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Doors, openDoors } from '../../../fixtures/doors.ts'

const id = '018f2b1c-0000-7000-8000-00000000abcd'
const asked: { sql: string; params: Readonly<Record<string, unknown>> }[] = []

let doors: Doors
let away: Doors
beforeAll(async () => {
  doors = await openDoors({
    query: async (sql, params = {}) => {
      asked.push({ sql, params })
      return []
    },
  })
  away = await openDoors()
  for (const each of [doors, away]) {
    await each.deploy({ name: 'clinic', sources: { inbox: { type: 'webhook', id } } })
  }
})
afterAll(async () => {
  await doors[Symbol.asyncDispose]()
  await away[Symbol.asyncDispose]()
})

const base = '/api/projects/clinic'
const lists = ['messages', 'runs', 'dead-letters']
const files = ['messages.csv', 'messages.ndjson', 'runs.csv', 'runs.ndjson']

describe('while the store is away', () => {
  test.each([...lists, ...files, `messages/${id}`, `runs/${id}`, `dead-letters/${id}`])(
    '%s is 503 with when to try again',
    async (path) => {
      const answer = await away.api(`${base}/${path}`)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'application/problem+json'])
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    },
  )

  test('projects and messages go on', async () => {
    expect((await away.api(base)).status).toBe(200)
    expect((await away.post(`/i/${id}`, '{}')).status).toBe(200)
  })
})

test.each(lists)('the list of %s is items and next', async (list) => {
  const answer = await doors.api(`${base}/${list}`)
  expect([answer.status, await answer.json()]).toEqual([200, { items: [], next: null }])
})

test('filters arrive as values, never as SQL, and ids in capitals are lowered', async () => {
  const hostile = `x' OR 1=1 --`
  asked.length = 0
  const query = new URLSearchParams({
    job: hostile,
    source: hostile,
    status: 'failed',
    message_id: id.toUpperCase(),
    id_from: id.toUpperCase(),
    id_to: id.toUpperCase(),
    from: '2026-11-20',
    to: '2026-11-21',
    limit: '7',
  })
  expect((await doors.api(`${base}/runs?${query}`)).status).toBe(200)
  expect(asked[0]?.sql).not.toContain('1=1')
  const values = Object.values(asked[0]?.params ?? {})
  expect(values).toEqual(expect.arrayContaining(['clinic', hostile, 'failed', id, '2026-11-20 00:00:00.000']))
  expect(values).toContain('2026-11-21 23:59:59.999')
})

test.each([
  ['messages', { kind: 'tick', source: 's', trigger: 't', job: 'j', status: 'killed', key: 'k' }],
  ['runs', { source: 's', trigger: 't', job: 'j', status: 'waiting', message_id: id }],
  ['dead-letters', { stage: 's', reason: 'r' }],
])('the list of %s is narrowed by each of its filters', async (list, filters) => {
  asked.length = 0
  expect((await doors.api(`${base}/${list}?${new URLSearchParams(filters)}`)).status).toBe(200)
  expect(asked[0]?.params).toMatchObject(filters)
})

test.each([
  ['messages?limit=0', '"limit"'],
  ['messages?limit=1001', '1 to 1000'],
  ['messages?status=odd', 'unmatched'],
  ['messages?from=yesterday', '2026-11-21T09:00:00Z'],
  ['messages?to=2026-02-30', '"to"'],
  ['messages?from=2016-12-31T23:59:60Z', '2026-11-21T09:00:00Z'],
  ['messages?to=2026-11-21T09:00:00Z[UTC]', '2026-11-21T09:00:00Z'],
  ['messages?kind=odd', 'message, tick'],
  ['messages?id_from=7', 'a UUID'],
  ['messages?after=7', '"after"'],
  ['runs?status=unmatched', 'queued'],
  ['runs?message_id=x', 'a UUID'],
  ['runs?colour=red', 'message_id'],
  ['runs.csv?colour=red', 'raw'],
  ['messages.csv?limit=5', '"limit" is not known'],
  ['messages.csv?raw=maybe', 'true, false'],
  ['messages.ndjson?raw=true', '"raw" is not known'],
  ['dead-letters?id_from=x', '"id_from" is not known'],
  ['messages?from=2026-11-22&to=2026-11-21', '"from" is later than "to"'],
  ['runs.csv?from=2026-11-22T00:00:00.001Z&to=2026-11-22T00:00:00Z', '"from" is later than "to"'],
  ['messages/7', 'UUID'],
  ['runs/not-an-id', 'UUID'],
])('%s is 400 and says what is allowed', async (path, says) => {
  const answer = await doors.api(`${base}/${path}`)
  expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([
    400,
    expect.stringContaining(says),
  ])
})

test('unknown ids and unknown projects are 404', async () => {
  for (const path of [`${base}/messages/${id}`, `${base}/runs/${id}`, '/api/projects/none/runs']) {
    expect((await doors.api(path)).status).toBe(404)
  }
})

test('an id in capitals is looked for in lower case', async () => {
  asked.length = 0
  await doors.api(`${base}/runs/${id.toUpperCase()}`)
  expect(asked[0]?.params).toMatchObject({ id })
})

test('history of a deleted project can still be read', async () => {
  await doors.deploy({ name: 'former' })
  await doors.api('/api/projects/former', { method: 'DELETE' })
  expect((await doors.api('/api/projects/former/runs')).status).toBe(200)
})

test('info tells programs where things are', async () => {
  expect(await (await doors.api('/api/info')).json()).toMatchObject({ version: '0.0.0', public_url: doors.url })
})
