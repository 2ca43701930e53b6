import { afterAll, beforeAll, expect, test } from 'vitest'
import { deploy, endedRuns, post, startHouse } from '../fixtures/house.ts'
import { type Penstock, until } from '../fixtures/penstock.ts'

const source = '018f2b1c-0000-7000-8000-0000000000a1'
const other = '018f2b1c-0000-7000-8000-0000000000a2'
const base = '/api/projects/archive'

type Item = Readonly<{ id: string; status: string; source: string; body: string; received_at: string }>
type List = Readonly<{ items: readonly Item[]; next: string | null }>

let house: Penstock
let sent: readonly string[]
beforeAll(async () => {
  house = await startHouse()
  await deploy(house, {
    name: 'archive',
    sources: { inbox: { type: 'webhook', id: source }, spare: { type: 'webhook', id: other } },
    triggers: { odd: { type: 'message', filter: { odd: true } } },
    jobs: {
      count: {
        trigger: 'odd',
        expression: 'fn(state => { if (state.data.n === 3) throw new Error("three"); return state })',
      },
    },
  })
  const ids: string[] = []
  for (const n of [0, 1, 2, 3, 4]) {
    ids.push(await post(house, n === 4 ? other : source, JSON.stringify({ n, odd: n % 2 === 1 })))
  }
  sent = ids
  await endedRuns(house, 'archive', { message: ids[1] ?? '', count: 1 })
  await endedRuns(house, 'archive', { message: ids[3] ?? '', count: 1 })
  await until(async () => {
    const { items } = await list('messages')
    return items.length === 5 && items.every(({ status }) => status !== null && status !== 'running')
  }, 'history has all five, and what became of them')
})
afterAll(async () => {
  await house?.[Symbol.asyncDispose]()
})

const list = (path: string): Promise<List> => house.json(`${base}/${path}`)
const idsOf = ({ items }: List): readonly string[] => items.map(({ id }) => id)

test('pages follow each other, newest first, without gap or repeat', async () => {
  const seen: Item[] = []
  let after = ''
  for (;;) {
    const page = await list(`messages?limit=2${after}`)
    seen.push(...page.items)
    if (page.next === null) break
    expect(page.items).toHaveLength(2)
    after = `&after=${encodeURIComponent(page.next)}`
  }
  expect(seen.map(({ id }) => id).toSorted()).toEqual(sent.toSorted())
  const places = seen.map(({ received_at, id }) => `${received_at} ${id}`)
  expect(places).toEqual(places.toSorted().toReversed())
})

test('filters narrow the list', async () => {
  expect(idsOf(await list('messages?source=spare'))).toEqual([sent[4]])
  expect(idsOf(await list('messages?status=failed'))).toEqual([sent[3]])
  expect(idsOf(await list('messages?job=count&status=success'))).toEqual([sent[1]])
  expect(idsOf(await list(`messages?id_from=${sent[1]}&id_to=${sent[3]?.toUpperCase()}`)).toSorted()).toEqual(
    sent.slice(1, 4).toSorted(),
  )
  expect((await list('runs?status=failed')).items).toHaveLength(1)
  expect((await list('runs?to=2020-01-01')).items).toEqual([])
})

test('a text is searched in messages and runs, and a mistake in it is named', async () => {
  expect(idsOf(await list(`messages?text=${encodeURIComponent('n:3 ODD tru*')}`))).toEqual([sent[3]])
  expect((await list(`runs?text=${encodeURIComponent('three data.n:3')}`)).items).toMatchObject([{ status: 'failed' }])
  expect((await list('runs?text=four')).items).toEqual([])
  for (const text of ['', '"three', '*']) {
    const refused = await house.api(`${base}/runs?text=${encodeURIComponent(text)}`)
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('is no search: ')])
  }
})

test('a message is there with its runs, also when its id is written in capitals', async () => {
  const message = await house.json<Item & { runs: readonly Item[] }>(`${base}/messages/${sent[3]?.toUpperCase()}`)
  expect(message).toMatchObject({ id: sent[3], body: '{"n":3,"odd":true}', status: 'failed' })
  expect(message.runs).toMatchObject([{ job: 'count', status: 'failed', error_message: 'three' }])
  expect(message.received_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
})

test('a run has what the contract names', async () => {
  const [run] = await endedRuns(house, 'archive', { message: sent[3] ?? '', count: 1 })
  expect(run).toMatchObject({
    input: { data: { n: 3 }, request: { method: 'POST', path: ['inbox', source] } },
    final_state: null,
    error: { message: 'three', line: 1 },
    log: expect.any(Array),
    calls: [],
  })
})

test('what is not there is 404, also when it belongs to another project', async () => {
  await deploy(house, { name: 'elsewhere' })
  const missing = [
    `${base}/messages/${source}`,
    `${base}/runs/${source}`,
    `/api/projects/elsewhere/messages/${sent[0]}`,
  ]
  for (const path of missing) expect((await house.api(path)).status).toBe(404)
})

test('the house is ready, and says where everything is', async () => {
  expect((await fetch(`${house.url}/readyz`)).status).toBe(200)
  expect((await fetch(`${house.url}/livez`)).status).toBe(200)
  expect(await (await fetch(`${house.url}/metrics`)).text()).toContain('penstock_intake_messages_total{')
  expect(Object.keys(await house.json<object>('/api/info'))).toEqual(
    expect.arrayContaining(['version', 'kafka_brokers', 'clickhouse_url', 'metrics_url', 'public_url', 'roles']),
  )
})
