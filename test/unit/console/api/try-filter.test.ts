import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Doors, openDoors } from '../../../fixtures/doors.ts'

let asked = 0
let doors: Doors
let away: Doors
beforeAll(async () => {
  doors = await openDoors({
    query: async () => {
      asked++
      return []
    },
  })
  away = await openDoors()
  for (const each of [doors, away]) {
    await each.deploy({ name: 'clinic', sources: { inbox: { type: 'webhook' }, lab: { type: 'webhook' } } })
  }
})
afterAll(async () => {
  await doors[Symbol.asyncDispose]()
  await away[Symbol.asyncDispose]()
})

const tried = (body: string, { at = doors, project = 'clinic', type = 'application/json' } = {}): Promise<Response> =>
  at.api(`/api/projects/${project}/triggers/test`, { method: 'POST', headers: { 'content-type': type }, body })

describe('trying a filter out', () => {
  test('says that nothing was checked where nothing came', async () => {
    const answer = await tried('{}')
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { checked: 0, matched: 0, unreadable: 0, complete: true, items: [], next: null },
    ])
  })

  test.each([
    ['', 400, ''],
    ['{"filter":', 400, 'filter'],
    ['{"filter":{"a":1,"a":2}}', 400, 'filter.a'],
    ['[]', 422, ''],
    ['{"fitler":{}}', 422, 'fitler'],
    ['{"filter":null}', 422, 'filter'],
    ['{"source":[]}', 422, 'source'],
    ['{"source":["inbox","labs"]}', 422, 'source'],
    ['{"last":0}', 422, 'last'],
    ['{"last":1001}', 422, 'last'],
    ['{"from":"yesterday"}', 422, 'from'],
    ['{"to":20261121}', 422, 'to'],
  ])('%s is %i, and the problem is at "%s"', async (body, status, path) => {
    asked = 0
    const answer = await tried(body)
    const { problems } = (await answer.json()) as { problems: { path: string; line: number; message: string }[] }
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json'])
    expect(problems).toMatchObject([{ path, line: 1, message: expect.any(String) }])
    expect(asked).toBe(0)
  })

  test('names the source or the key that was probably meant', async () => {
    expect(await (await tried('{"source":"labs"}')).text()).toContain('did you mean \\"lab\\"')
    expect(await (await tried('{"sources":"lab"}')).text()).toContain('did you mean \\"source\\"')
  })

  test('takes one source or several, days and times, and YAML', async () => {
    for (const body of [
      '{"source":"lab"}',
      '{"source":["lab","inbox"],"from":"2026-11-20","to":"2026-11-21T09:00:00Z"}',
    ]) {
      expect((await tried(body)).status).toBe(200)
    }
    expect((await tried('filter: { form: visit }\nlast: 5\n', { type: 'application/yaml' })).status).toBe(200)
  })

  test('is 415 for another type, 404 for a project that is not in force, 503 while the store is away', async () => {
    expect((await tried('{}', { type: 'text/plain' })).status).toBe(415)
    expect((await tried('{}', { project: 'none' })).status).toBe(404)
    const unavailable = await tried('{}', { at: away })
    expect([unavailable.status, unavailable.headers.get('retry-after')]).toEqual([503, '5'])
  })
})
