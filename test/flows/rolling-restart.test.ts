import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openStore } from '../../infra/clickhouse/open.ts'
import { openKafka } from '../../infra/kafka/open.ts'
import type { MessageLog, Store } from '../../topology/flow/ports.ts'
import { intakeTopic, runsTopic } from '../../topology/topics.ts'
import { runRecordIdOf } from '../../topology/wire/runs.ts'
import { all } from '../contracts/message-log.ts'
import { type Fleet, type Role, startFleet } from '../fixtures/fleet.ts'
import { deploy, houseName } from '../fixtures/house.ts'
import { until } from '../fixtures/penstock.ts'
import { silent } from '../fixtures/silent.ts'

const source = '018f2b1c-0000-7000-8000-0000000000f8'
const document = {
  name: 'clinic',
  sources: { inbox: { type: 'webhook', id: source, key: '$.key' } },
  triggers: { all: { type: 'message' }, first: { type: 'flow', job: 'first' } },
  jobs: {
    first: { trigger: 'all', expression: 'fn(state => ({ n: state.data.n }))' },
    second: {
      trigger: 'first',
      expression: 'fn(async state => { await new Promise(done => setTimeout(done, 20)); return state })',
    },
  },
}
const restarted: readonly Role[] = ['ingress', 'filter', 'runner', 'follow', 'sink', 'console']

describe('each role, restarted one process after another while messages come,', () => {
  const opened = new AsyncDisposableStack()
  const name = houseName()
  const codes: (number | null)[] = []
  let client: Client
  let store: Store
  let log: MessageLog

  beforeAll(async () => {
    const counts = { console: 2, ingress: 2, filter: 2, runner: 2, follow: 2, sink: 2 }
    const fleet = opened.use(await startFleet({ counts, name, env: { JOB_PARTITIONS: '4' } }))
    await deploy(fleet, document)
    await fleet.agreed()
    const { url, user, password } = inject('clickhouse')
    store = opened.use(await openStore({ url, user, password, database: name, logger: silent }))
    const kafka = { brokers: [inject('kafkaBrokers')], clientId: 'looks', prefix: `${name}.`, logger: silent }
    log = opened.use(await openKafka({ ...kafka, replication: 1, partitions: { intake: 1, job: 1 }, embedded: true }))

    client = startClient(fleet)
    for (const role of restarted)
      for (const old of fleet.of(role)) {
        codes.push(await fleet.stop(old))
        await fleet.start(role)
      }
    await client.stop()
    const isOver = async () => (await store.query<{ runs: number }>(ended))[0]?.runs === 2 * client.sent.length
    await until(isOver, () => `${client.sent.length} messages have two runs each\n${fleet.printed()}`, 200_000)
  }, 600_000)
  afterAll(() => opened.disposeAsync())

  test('ends in good order', () => {
    expect(codes).toEqual(restarted.flatMap(() => [0, 0]))
  })

  test('takes every message, and has no client see an error', () => {
    expect(client.errors).toEqual([])
    expect(client.sent.length).toBeGreaterThan(500)
  })

  test('loses nothing and doubles nothing, in the log and in history', async () => {
    const sent = client.sent.toSorted()
    expect(await all(log, intakeTopic('clinic'))).toHaveLength(sent.length)
    const rows = await store.query<{ id: string }>('SELECT id FROM messages ORDER BY id')
    expect(rows.map(({ id }) => id)).toEqual(sent)
    const ends = (await all(log, runsTopic)).map(runRecordIdOf).filter((id) => id?.startsWith('end/'))
    expect(new Set(ends).size).toBe(2 * sent.length)
    expect(ends).toHaveLength(2 * sent.length)
    expect(await store.query('SELECT * FROM dead_letters')).toEqual([])
  })

  test('runs each run once, and well', async () => {
    const outcomes = 'SELECT status, starts, attempts, toInt32(count()) AS runs FROM runs GROUP BY ALL ORDER BY ALL'
    expect(await store.query(outcomes)).toEqual([
      { status: 'success', starts: 1, attempts: 1, runs: 2 * client.sent.length },
    ])
  })

  test('keeps the order of each key', async () => {
    const keys = await store.query<{ job: string; n: readonly number[]; overlaps: number }>(perKey)
    expect(keys).toHaveLength(2 * senders)
    for (const { n, overlaps } of keys) {
      expect(n).toEqual(n.toSorted((a, b) => a - b))
      expect(overlaps).toBe(0)
    }
  })
})

const ended = `SELECT toInt32(count()) AS runs FROM runs WHERE status NOT IN ('queued', 'running', 'waiting')`

/** Runs of each job and key by when they began: the numbers of their messages, and how many began before the one before had ended. */
const perKey = `
  SELECT job, key, arrayMap(run -> run.3, sorted) AS n,
    toInt32(arrayCount((run, before) -> run.1 < before.2, arrayPopFront(sorted), arrayPopBack(sorted))) AS overlaps
  FROM (
    SELECT job, r.key AS key, arraySort(groupArray((started_at, finished_at, toInt32(JSONExtractInt(m.body, 'n'))))) AS sorted
    FROM runs AS r JOIN messages AS m ON m.id = r.message_id GROUP BY job, key
  ) ORDER BY job, key`

const senders = 10
const pauseMs = 50

type Client = Readonly<{ sent: readonly string[]; errors: readonly string[]; stop(): Promise<void> }>

/**
 * Some who each send one message after another with a key of their own, over a load balancer: connections are kept, whoever says on
 * `/readyz` that it is not ready gets no more, and who refuses the connection is passed over.
 */
const startClient = (fleet: Fleet): Client => {
  const [sent, errors] = [[] as string[], [] as string[]]
  const agent = new Agent({ keepAlive: true })
  const ready = new Set<string>()
  let over = false
  let turn = 0

  const watch = async (): Promise<void> => {
    while (!over) {
      for (const { url, healthUrl } of fleet.of('ingress')) {
        const answer = await fetch(`${healthUrl}/readyz`).catch(() => undefined)
        if (answer?.status === 200) ready.add(url)
        else ready.delete(url)
      }
      for (const url of ready) if (!fleet.of('ingress').some((one) => one.url === url)) ready.delete(url)
      await sleep(100)
    }
  }
  const post = async (body: string): Promise<void> => {
    for (;;) {
      const doors = [...ready]
      const url = doors[turn++ % doors.length]
      if (url === undefined) await sleep(10)
      else {
        const answer = await postTo(`${url}/inbox/${source}`, { agent, body }).catch((error: Error) => error)
        if (answer instanceof Error && 'code' in answer && answer.code === 'ECONNREFUSED') ready.delete(url)
        else if (answer instanceof Error) return void errors.push(answer.message)
        else if (answer.status !== 202) return void errors.push(`${answer.status} ${answer.text}`)
        else return void sent.push((JSON.parse(answer.text) as { message_id: string }).message_id)
      }
    }
  }
  const send = async (_: unknown, sender: number): Promise<void> => {
    for (let n = 0; !over; n++) {
      await post(JSON.stringify({ n, key: `k${sender}` }))
      await sleep(pauseMs)
    }
  }
  const working = [watch(), ...Array.from({ length: senders }, send)]
  return {
    sent,
    errors,
    async stop() {
      over = true
      await Promise.all(working)
      agent.destroy()
    },
  }
}

const postTo = (url: string, { agent, body }: Readonly<{ agent: Agent; body: string }>) =>
  new Promise<Readonly<{ status: number; text: string }>>((resolve, reject) => {
    const sending = request(
      url,
      { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (more: string) => {
          text += more
        })
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text })).on('error', reject)
      },
    )
    sending.on('error', reject).end(body)
  })
