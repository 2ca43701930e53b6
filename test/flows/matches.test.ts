import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Mismatch } from '../../topology/project/mismatch.ts'
import { deploy, endedRuns, houseName, post, startHouse } from '../fixtures/house.ts'
import { type Penstock, until } from '../fixtures/penstock.ts'

const inbox = '018f2b1c-0000-7000-8000-0000000000b1'
const lab = '018f2b1c-0000-7000-8000-0000000000b2'
const base = '/api/projects/ward'

type Item = Readonly<{
  trigger: string
  type: string | null
  in_force: boolean
  matched: boolean | null
  why: Mismatch | null
  jobs: readonly string[]
  after: string | null
  recorded: boolean | null
  runs: readonly Readonly<{ id: string; job: string; status: string }>[]
}>
type Matches = Readonly<{
  message_id: string
  deploy: number
  changed_since: boolean
  seen_at: string
  items: readonly Item[]
}>
type Tried = Readonly<{
  checked: number
  matched: number
  unreadable: number
  complete: boolean
  items: readonly Readonly<{ message_id: string; source: string; matched: boolean; why: Mismatch | null }>[]
}>

const project = {
  name: 'ward',
  sources: { inbox: { type: 'webhook', id: inbox }, lab: { type: 'webhook', id: lab } },
  triggers: {
    urgent: { type: 'message', filter: { triage: [{ level: 'red' }] }, not: { test: true } },
    results: { type: 'message', source: 'lab' },
    registered: { type: 'flow', job: 'register' },
  },
  jobs: {
    register: { trigger: 'urgent', expression: 'fn(state => state)' },
    welcome: { trigger: 'registered', expression: 'fn(state => state)' },
    paused: { trigger: 'results', enabled: false, expression: 'fn(state => state)' },
  },
}

const name = houseName()
let house: Penstock
let red: string
let yellow: string
let unreadable: string
beforeAll(async () => {
  house = await startHouse({}, name)
  await deploy(house, project)
  red = await post(house, inbox, '{"triage":[{"level":"green"},{"level":"red"}],"id":9007199254740993}')
  yellow = await post(house, inbox, '{"triage":[{"bed":1},{"level":"yellow"}],"id":9007199254740992}')
  await publish('{"broken"')
  await endedRuns(house, 'ward', { message: red, count: 2 })
  unreadable = await until(async () => {
    const { items } = await house.json<{ items: readonly { id: string; source: string | null }[] }>(`${base}/messages`)
    return items.find(({ source }) => source === null)?.id
  }, 'the published one is stored')
  await until(async () => (await matches(yellow)).seen_at, 'the filter has seen it')
})
afterAll(async () => {
  await house?.[Symbol.asyncDispose]()
})

/** As anybody may, without naming a source. */
const publish = async (value: string): Promise<void> => {
  const producer = new Kafka({ brokers: [inject('kafkaBrokers')], logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  await producer.send({ topic: `${name}.intake.ward`, messages: [{ value }] })
  await producer.disconnect()
}

const matches = (id: string): Promise<Matches> => house.json(`${base}/messages/${id}/matches`)
const itemsOf = async (id: string): Promise<Readonly<Record<string, Item>>> =>
  Object.fromEntries((await matches(id)).items.map((item) => [item.trigger, item]))

describe('the matches of a message', () => {
  test('say of each trigger whether it matches, what hangs on it and what it started', async () => {
    const { urgent, results, registered, ...others } = await itemsOf(red)
    expect(others).toEqual({})
    expect(urgent).toMatchObject({
      type: 'message',
      in_force: true,
      matched: true,
      why: null,
      jobs: ['register'],
      recorded: true,
      runs: [{ job: 'register', status: 'success' }],
    })
    expect(results).toMatchObject({
      matched: false,
      why: { problem: 'other-source', wanted: '["lab"]', found: '"inbox"' },
      jobs: [],
      recorded: false,
      runs: [],
    })
    expect(registered).toMatchObject({
      type: 'flow',
      matched: null,
      why: null,
      after: 'register',
      jobs: ['welcome'],
      runs: [{ job: 'welcome', status: 'success' }],
    })
  })

  test('name the first place that differs', async () => {
    const { urgent } = await itemsOf(yellow.toUpperCase())
    expect(urgent).toMatchObject({ matched: false, recorded: false, runs: [] })
    expect(urgent?.why).toEqual({
      problem: 'other-value',
      path: '$.triage[*].level',
      nearest: '$.triage[1].level',
      wanted: '"red"',
      found: '"yellow"',
      message: 'The element that comes nearest will not do: $.triage[1].level is "yellow"; wanted is "red".',
    })
  })

  test('say of a body that cannot be read that it cannot', async () => {
    const { urgent, registered } = await itemsOf(unreadable)
    expect(urgent).toMatchObject({
      matched: false,
      recorded: null,
      why: { problem: 'unreadable', message: expect.stringContaining('JSON') },
    })
    expect(registered).toMatchObject({ matched: null, why: null })
  })

  test('tell what was recorded from what the triggers would say now', async () => {
    expect(await matches(red)).toMatchObject({ message_id: red, deploy: 1, changed_since: false })
    const { urgent: _urgent, ...triggers } = project.triggers
    await deploy(house, {
      ...project,
      triggers: { ...triggers, green: { type: 'message', filter: { triage: [{ level: 'green' }] } } },
      jobs: { ...project.jobs, register: { ...project.jobs.register, trigger: 'green' } },
    })
    expect(await matches(red)).toMatchObject({ deploy: 2, changed_since: true })
    const { urgent, green } = await itemsOf(red)
    expect(green).toMatchObject({ in_force: true, matched: true, recorded: false, runs: [] })
    expect(urgent).toMatchObject({
      in_force: false,
      type: null,
      matched: null,
      recorded: true,
      runs: [{ job: 'register' }],
    })
    await deploy(house, project)
  })

  test('are 404 for a message that is not of the project', async () => {
    await deploy(house, { name: 'elsewhere' })
    expect((await house.api(`/api/projects/elsewhere/messages/${red}/matches`)).status).toBe(404)
  })

  test('hold only what was recorded once the project is gone', async () => {
    await deploy(house, {
      ...project,
      name: 'gone',
      sources: { inbox: { type: 'webhook' } },
      triggers: { urgent: { type: 'message' } },
      jobs: {},
    })
    const { sources } = await house.json<{ sources: { inbox: { id: string } } }>('/api/projects/gone')
    const id = await post(house, sources.inbox.id, '{}')
    const of = `/api/projects/gone/messages/${id}/matches`
    await until(async () => (await house.json<Matches>(of)).seen_at, 'the filter has seen it')
    await house.api('/api/projects/gone', { method: 'DELETE' })
    expect(await house.json(of)).toMatchObject({
      deploy: null,
      items: [{ trigger: 'urgent', in_force: false, recorded: true, matched: null, runs: [] }],
    })
  })
})

describe('a filter that is tried out', () => {
  const tried = async (body: string): Promise<Tried> => {
    const answer = await house.api(`${base}/triggers/test`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect([answer.status, answer.ok ? '' : await answer.text()]).toEqual([200, ''])
    return (await answer.json()) as Tried
  }
  const matching = ({ items }: Tried): readonly string[] =>
    items.filter(({ matched }) => matched).map((item) => item.message_id)

  test('says which messages it would match and why it would not match the others', async () => {
    const found = await tried('{"filter":{"triage":[{"level":"yellow"}]}}')
    expect(found).toMatchObject({ checked: 3, matched: 1, unreadable: 1, complete: true, next: null })
    expect(matching(found)).toEqual([yellow])
    expect(found.items.find(({ message_id }) => message_id === red)).toMatchObject({
      source: 'inbox',
      matched: false,
      why: { problem: 'other-value', path: '$.triage[*].level', wanted: '"yellow"' },
    })
    expect(found.items.find(({ message_id }) => message_id === unreadable)?.why?.problem).toBe('unreadable')
  })

  test('compares every digit of a number', async () => {
    expect(matching(await tried('{"filter":{"id":9007199254740993}}'))).toEqual([red])
    expect(matching(await tried('{"filter":{"id":9007199254740992.0}}'))).toEqual([yellow])
  })

  test('knows `not` and source', async () => {
    expect(matching(await tried('{"filter":{},"not":{"triage":[{"level":"red"}]}}'))).toEqual([yellow])
    expect(matching(await tried('{"source":"lab"}'))).toEqual([])
    expect(matching(await tried('{"source":["lab","inbox"]}')).toSorted()).toEqual([red, yellow].toSorted())
  })

  test('looks at the newest ones, and within a range', async () => {
    const newest = await tried('{"last":1}')
    const all = await tried('{}')
    expect(newest.items).toEqual(all.items.slice(0, 1))
    expect((await tried('{"to":"2020-01-01"}')).checked).toBe(0)
  })
})
