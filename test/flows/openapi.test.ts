import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type ApiCalls, type Asked, type How, openCalls } from '../fixtures/api-calls.ts'
import { type Document, openDocument } from '../fixtures/api-document.ts'
import { deploy, endedRuns, houseName, post, startHouse } from '../fixtures/house.ts'
import { type Penstock, until } from '../fixtures/penstock.ts'

const nobody = '018f2b1c-0000-7000-8000-00000000ffff'
const shut = '018f2b1c-0000-7000-8000-0000000000c1'

const slow = {
  name: 'slow',
  sources: { inbox: { type: 'webhook' } },
  triggers: { all: { type: 'message' } },
  jobs: {
    slow: { trigger: 'all', timeout: '20m', expression: 'fn(() => new Promise(done => setTimeout(done, 1e6)))' },
  },
}
const cancelling = '/api/projects/{project}/runs/{id}/cancel'

const name = houseName()
let house: Penstock
let document: Document
let calls: ApiCalls
beforeAll(async () => {
  house = await startHouse({}, name)
  document = openDocument(await (await fetch(`${house.url}/openapi.json`)).json())
  const example = document.exampleOf(document.operation('PUT', '/api/projects/{project}'))
  const { name: project } = example as { name: string }
  const { sources } = await deploy(house, example as { name: string })
  await deploy(house, { name: 'shut', sources: { inbox: { type: 'webhook', id: shut, path: 'in', enabled: false } } })
  const source = sources['inbox']?.id ?? ''
  const good = await post(house, source, '{"form":"registration","name":"Sample Willow"}')
  const bad = await post(house, source, '{"form":"registration","name":17}')
  await post(house, source, '{"form":"visit"}')
  const [run] = await endedRuns(house, project, { message: good, count: 1 })
  const [failed] = await endedRuns(house, project, { message: bad, count: 2 })
  expect([run?.status, failed?.status]).toEqual(['success', 'failed'])
  for (const mine of ['district', 'theirs'])
    await house.api(`/api/credentials/${mine}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(document.exampleOf(document.operation('PUT', '/api/credentials/{name}'))),
    })
  const things = { messages: good, runs: failed?.id ?? '', 'dead-letters': await bury(project) }
  const real = { project, source, name: 'district', path: 'registrations', file: 'start.js', ...things }
  calls = openCalls(house, { document, real })
})
afterAll(async () => {
  await house?.[Symbol.asyncDispose]()
})

/** Publishes a record that no filter can read, and waits until it is a dead letter. Gives its id. */
const bury = async (project: string): Promise<string> => {
  const producer = new Kafka({ brokers: [inject('kafkaBrokers')], logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  await producer.send({ topic: `${name}.intake.${project}`, messages: [{ value: '{"broken"' }] })
  await producer.disconnect()
  return await until(async () => {
    const { items } = await house.json<{ items: readonly { id: string }[] }>(`/api/projects/${project}/dead-letters`)
    return items[0]?.id
  }, 'the record is a dead letter')
}

const those = (which: (asked: Asked) => boolean): readonly Asked[] => calls.all.filter(which)
const one = (method: string, path: string): Asked => ({ method, path, operation: document.operation(method, path) })
const answering = (status: number) => those(({ operation }) => Object.hasOwn(operation.responses, status))
const asking = (parameter: string) =>
  those(({ operation }) => operation.parameters.some((each) => each.in === 'query' && each.name === parameter))
const takingBodies = () => those(({ operation }) => operation.requestBody !== undefined)
const put = () => one('PUT', '/api/projects/{project}')
const remove = () => one('DELETE', '/api/projects/{project}')
const credentials = () => those(({ path }) => path.startsWith('/api/credentials/{name}'))

test('each operation answers its own example as described', async () => {
  const changing = new Set(asking('dry_run'))
  expect(await calls.unlike(200, [...changing], { query: '?dry_run=true' })).toEqual([])
  const simple = those((each) => !changing.has(each) && each.path !== cancelling)
  for (const asked of simple) expect(await calls.call(asked)).toBeLessThan(300)
})

test('a run is cancelled as described, when it has not ended', async () => {
  const { sources } = await deploy(house, slow)
  const message = await post(house, sources['inbox']?.id ?? '', '{}')
  const open = await until(async () => {
    const { items } = await house.json<{ items: readonly { id: string }[] }>(
      `/api/projects/slow/runs?message_id=${message}`,
    )
    return items[0]
  }, 'the run is shown')
  const cancel = one('POST', cancelling)
  expect(await calls.call(cancel, { at: { project: 'slow', id: open.id } })).toBe(202)
  expect(await calls.call(cancel)).toBe(409)
})

describe('what is refused everywhere, is refused as described:', () => {
  test.each(['', 'Bearer wrong'])('the token "%s"', async (authorization) => {
    expect(await calls.unlike(401, answering(401), { headers: { authorization } })).toEqual([])
  })

  test('a query parameter that is not known', async () => {
    const closed = answering(401)
    expect(closed.length).toBeGreaterThan(10)
    expect(await calls.unlike(400, closed, { query: '?colour=red' })).toEqual([])
  })

  test('an address that cannot be decoded', async () => {
    const named = those(({ path }) => path.includes('{'))
    const path: How['path'] = (real) => real.replace(/(?<=^\/(api\/projects|[a-z]+)\/)[^/]+/, '%E9')
    expect(await calls.unlike(400, named, { path })).toEqual([])
  })

  test('what is not there', async () => {
    const none = { project: 'none', name: 'none', source: nobody, path: 'none', file: 'none.js' }
    const needing = those(({ method, path }) => path.includes('{') && method !== 'OPTIONS' && method !== 'PUT')
    expect(await calls.unlike(404, needing, { at: none })).toEqual([])
    const withId = those(({ path }) => path.includes('{id}'))
    expect(await calls.unlike(404, withId, { at: { id: nobody } })).toEqual([])
    expect(await calls.unlike(400, withId, { at: { id: 'x' } })).toEqual([])
  })

  test('a body that is compressed, of another kind, broken or too large', async () => {
    const taking = takingBodies()
    expect(await calls.unlike(415, taking, { headers: { 'content-encoding': 'gzip' } })).toEqual([])
    expect(await calls.unlike(415, taking, { headers: { 'content-type': 'image/png' } })).toEqual([])
    expect(await calls.unlike(400, taking, { body: '{' })).toEqual([])
    expect(await calls.unlike(413, taking, { body: Buffer.alloc(10_000_001, ' ') })).toEqual([])
  })

  test('a method that an address has not: those that it has are the described ones', async () => {
    for (const asked of calls.all) {
      expect(await calls.call(asked, { method: 'PATCH' })).toBe(405)
      const { headers } = await house.api(calls.pathOf(asked), { method: 'PATCH' })
      const allowed = (headers.get('allow') ?? '').split(', ').filter((method) => method !== 'HEAD')
      const described = those(({ path }) => path === asked.path).map(({ method }) => method)
      expect([asked.path, ...allowed.toSorted()]).toEqual([asked.path, ...described.toSorted()])
    }
  })

  test('an address that nobody has', async () => {
    const answer = await house.api('/api/none')
    const complaints = await document.complaints({ ...remove(), otherwise: true }, answer)
    expect([answer.status, complaints]).toEqual([404, []])
  })
})

describe('what some refuse, they refuse as described:', () => {
  test('a project under no name, with a document that is not right, or based on another deploy', async () => {
    expect(await calls.call(put(), { at: { project: 'No Name' } })).toBe(400)
    expect(await calls.call(put(), { body: '{"name":"clinic","colour":"red"}' })).toBe(422)
    for (const asked of [put(), remove()]) {
      expect(await calls.call(asked, { headers: { 'if-match': '"99"' } })).toBe(409)
    }
  })

  test('a credential under no name, that is not right, of another version, or of somebody else', async () => {
    const writing = credentials().filter(({ operation }) => operation.requestBody !== undefined)
    expect(await calls.call(one('PUT', '/api/credentials/{name}'), { at: { name: 'No Name' } })).toBe(400)
    expect(await calls.unlike(422, writing, { body: '{"colour":"red"}' })).toEqual([])
    expect(await calls.unlike(409, credentials(), { headers: { 'if-match': '"99"' } })).toEqual([])
    const theirs = { at: { name: 'theirs' } }
    const transfer = one('POST', '/api/credentials/{name}/transfer')
    expect(await calls.call(transfer, { ...theirs, body: '{"owner":"amina"}' })).toBe(200)
    const owners = credentials().filter(({ operation }) => Object.hasOwn(operation.responses, 403))
    expect(await calls.unlike(403, owners, theirs)).toEqual([])
    expect(await calls.call(one('DELETE', '/api/credentials/{name}'), theirs)).toBe(200)
  })

  test('a trigger that is not right', async () => {
    const trial = one('POST', '/api/projects/{project}/triggers/test')
    expect(await calls.call(trial, { body: '{"colour":"red"}' })).toBe(422)
  })

  test('a place that no page gave', async () => {
    expect(await calls.unlike(400, asking('after'), { query: '?after=x' })).toEqual([])
    expect(await calls.unlike(200, asking('after'), { query: '?limit=1' })).toEqual([])
  })

  test('a door that is shut', async () => {
    const doors = those(({ path, method }) => /^\/(i|inbox)\//.test(path) && method !== 'OPTIONS')
    expect(await calls.unlike(403, doors, { at: { source: shut, project: 'shut', path: 'in' } })).toEqual([])
  })
})

test('a document as YAML, and a file that the browser has already, are taken as described', async () => {
  const yaml = { body: 'name: clinic', headers: { 'content-type': 'application/yaml' }, query: '?dry_run=true' }
  expect(await calls.call(put(), yaml)).toBe(200)
  for (const asked of answering(304)) {
    const etag = (await house.api(calls.pathOf(asked))).headers.get('etag') ?? ''
    expect(await calls.call(asked, { headers: { 'if-none-match': etag } })).toBe(304)
  }
})

test('every status that is described was met, but those of a broken world', () => {
  const described = calls.all.flatMap(({ operation }) =>
    Object.keys(operation.responses)
      .filter((status) => /^[1-4]/.test(status))
      .map((status) => `${operation.operationId} ${status}`),
  )
  expect(described.filter((status) => !calls.met.has(status))).toEqual([])
})

test('a project goes as described', async () => {
  expect(await calls.call(remove())).toBe(200)
})
