import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { readExposition } from '../fixtures/exposition.ts'
import { deploy, endedRuns, houseName, post, type Run, startHouse } from '../fixtures/house.ts'
import { type Penstock, until } from '../fixtures/penstock.ts'

const inbox = '018f2b1c-0000-7000-8000-00000000a001'
const project = {
  name: 'ward',
  sources: { inbox: { type: 'webhook', id: inbox } },
  triggers: { all: { type: 'message' }, admitted: { type: 'flow', job: 'admit' } },
  jobs: {
    admit: { trigger: 'all', expression: 'fn(state => state)' },
    tell: { trigger: 'admitted', expression: 'fn(state => { throw new Error("nobody there") })' },
  },
}
const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

type Traced = Run & Readonly<{ trace_id: string }>

describe('a house that is watched', () => {
  const name = houseName()
  let house: Penstock
  let message: string
  beforeAll(async () => {
    house = await startHouse({}, name)
    await deploy(house, project)
    const answer = await fetch(`${house.url}/inbox/${inbox}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent },
      body: '{"n":1}',
    })
    message = ((await answer.json()) as { message_id: string }).message_id
  })
  afterAll(async () => {
    await house?.[Symbol.asyncDispose]()
  })

  const records = async (topic: string) => {
    const consumer = new Kafka({ brokers: [inject('kafkaBrokers')], logLevel: logLevel.NOTHING }).consumer({
      groupId: houseName(),
    })
    await consumer.connect()
    await consumer.subscribe({ topic: `${name}.${topic}`, fromBeginning: true })
    const found = Promise.withResolvers<Readonly<Record<string, unknown>>>()
    await consumer.run({ eachMessage: async (one) => found.resolve(one.message.headers ?? {}) })
    const headers = await found.promise
    await consumer.disconnect()
    return headers
  }
  const exposition = async (accept: string) => {
    const answer = await fetch(`${house.url}/metrics`, { headers: { accept } })
    const format = answer.headers.get('content-type')?.startsWith('application/openmetrics-text')
    return readExposition(await answer.text(), format ? 'openmetrics' : 'text')
  }

  test('the trace that a sender began goes through every topic to the last run of the chain', async () => {
    const runs = (await endedRuns(house, 'ward', { message, count: 2 })) as readonly Traced[]
    expect(runs.map(({ job, status, trace_id }) => [job, status, trace_id])).toEqual([
      ['admit', 'success', traceId],
      ['tell', 'failed', traceId],
    ])
    const spanOf = (run: Run | undefined): string => (run?.id ?? '').slice(19).replace('-', '')
    const headers = [await records('intake.ward'), await records('job.ward.admit'), await records('job.ward.tell')]
    expect(headers.map((one) => String(one['traceparent']))).toEqual([
      traceparent,
      traceparent,
      `00-${traceId}-${spanOf(runs[0])}-01`,
    ])
    const { items } = await house.json<{ items: readonly Traced[] }>(
      `/api/projects/ward/runs?trace_id=${traceId.toUpperCase()}`,
    )
    expect(items.map(({ id }) => id).sort()).toEqual(runs.map(({ id }) => id).sort())
    const { url, user, password } = inject('clickhouse')
    const answer = await fetch(`${url}/?database=${name}`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
      body: "SELECT 'message', trace_id FROM messages UNION ALL SELECT DISTINCT 'run', trace_id FROM runs",
    })
    expect((await answer.text()).trim().split('\n').sort()).toEqual([`message\t${traceId}`, `run\t${traceId}`])
  })

  test('a message without a trace has its own id as one, wherever it came in', async () => {
    const posted = await post(house, inbox, '{"n":2}')
    const producer = new Kafka({ brokers: [inject('kafkaBrokers')], logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    await producer.send({ topic: `${name}.intake.ward`, messages: [{ key: 'k', value: '{"n":3}' }] })
    await producer.disconnect()
    const published = await until(async () => {
      const { items } = await house.json<{ items: readonly { id: string; source: string | null }[] }>(
        '/api/projects/ward/messages',
      )
      return items.find(({ source }) => source === null)?.id
    }, 'the published one is stored')
    for (const id of [posted, published]) {
      const runs = (await endedRuns(house, 'ward', { message: id, count: 2 })) as readonly Traced[]
      expect(runs.map(({ trace_id }) => trace_id)).toEqual([id, id].map((one) => one.replaceAll('-', '')))
    }
  })

  test('what happened is counted and measured, with the traces as examples', async () => {
    await endedRuns(house, 'ward', { message, count: 2 })
    const families = await until(async () => {
      const read = await exposition('application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5')
      const visible = read.get('penstock_sink_visible_seconds')?.samples ?? []
      return visible.some(({ labels, value }) => labels['kind'] === 'run' && value > 0) ? read : undefined
    }, 'the sink has measured')
    const samples = [...families.values()].flatMap((family) => family.samples)
    const value = (full: string, labels: Readonly<Record<string, string>> = {}): number | undefined =>
      samples.find(
        (sample) =>
          sample.name === full && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
      )?.value

    for (const [full, labels] of [
      ['penstock_http_requests_total', { route: '/inbox/*', status: '202' }],
      ['penstock_intake_messages_total', { project: 'ward', source: 'inbox' }],
      ['penstock_intake_bytes_total', { project: 'ward', source: 'inbox' }],
      ['penstock_intake_duration_seconds_count', { project: 'ward' }],
      ['penstock_filter_verdicts_total', { verdict: 'emit' }],
      ['penstock_matches_total', { project: 'ward' }],
      ['penstock_follow_verdicts_total', { verdict: 'emit' }],
      ['penstock_runs_total', { project: 'ward', job: 'admit', status: 'success' }],
      ['penstock_runs_total', { project: 'ward', job: 'tell', status: 'failed' }],
      ['penstock_run_wait_seconds_count', { project: 'ward' }],
      ['penstock_run_duration_seconds_count', { project: 'ward' }],
      ['penstock_run_end_to_end_seconds_count', { project: 'ward' }],
      ['penstock_sandbox_children', {}],
      ['penstock_sandbox_memory_bytes', {}],
      ['penstock_sandbox_isolates', { state: 'loaded' }],
      ['penstock_consumer_partitions', { group: 'runner' }],
      ['penstock_consumer_rebalances_total', { group: 'runner' }],
      ['penstock_topic_retention_seconds', { topic: 'job.ward.admit' }],
      ['penstock_sink_rows_total', { table: 'run_rows' }],
      ['penstock_sink_batch_rows_count', {}],
      ['penstock_sink_batch_bytes_count', {}],
      ['penstock_sink_batch_duration_seconds_count', {}],
      ['penstock_sink_visible_seconds_count', { kind: 'message' }],
      ['penstock_catalogue_offset', {}],
      ['penstock_build_info', { node: process.version }],
      ['penstock_role_up', { role: 'sink' }],
      ['penstock_check_ok', { check: 'retention' }],
    ] as const)
      expect([full, value(full, labels)]).toEqual([full, expect.toSatisfy((measured: number) => measured > 0)])
    for (const [full, labels] of [
      ['penstock_runs_in_hand', {}],
      ['penstock_runner_lanes', { state: 'busy' }],
      ['penstock_runner_lanes', { state: 'waiting' }],
      ['penstock_consumer_lag_records', { group: 'filter', topic: 'intake.ward', partition: '0' }],
      ['penstock_consumer_oldest_unworked_seconds', { group: 'runner', topic: 'job.ward.tell' }],
    ] as const)
      expect([full, value(full, labels)]).toEqual([full, 0])
    expect(value('penstock_consumer_heartbeat_age_seconds', { group: 'sink' })).toBeLessThan(8)
    expect(value('penstock_sink_lag_seconds')).toBeLessThan(60)

    const traced = new Set(
      [...families].flatMap(([family, read]) => (read.samples.some(({ exemplar }) => exemplar) ? [family] : [])),
    )
    expect([...traced].sort()).toEqual([
      'penstock_intake_duration_seconds',
      'penstock_run_duration_seconds',
      'penstock_run_end_to_end_seconds',
      'penstock_run_wait_seconds',
      'penstock_sink_visible_seconds',
    ])
    const ids = samples.flatMap(({ exemplar }) => (exemplar ? [exemplar.labels['trace_id'] ?? ''] : []))
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)

    const plain = await exposition('text/plain')
    expect(plain.get('penstock_runs_total')?.type).toBe('counter')
    expect(families.get('penstock_runs')?.type).toBe('counter')
  })
})
