import { isDeepStrictEqual } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openStore } from '../../infra/clickhouse/open.ts'
import type { Store } from '../../topology/flow/ports.ts'
import { type Fleet, measuredAt, type RoleProcess, startFleet } from '../fixtures/fleet.ts'
import { deploy, type House, houseName, startHouse } from '../fixtures/house.ts'
import { until } from '../fixtures/penstock.ts'
import { silent } from '../fixtures/silent.ts'

const source = '018f2b1c-0000-7000-8000-0000000000f7'
const document = {
  name: 'clinic',
  sources: { inbox: { type: 'webhook', id: source, key: '$.key' } },
  triggers: {
    all: { type: 'message', filter: { kind: 'count' } },
    red: { type: 'message', filter: { color: 'red' } },
    counted: { type: 'flow', job: 'count' },
    failed: { type: 'fail', job: 'count' },
    looping: { type: 'message', filter: { kind: 'loop' } },
    again: { type: 'flow', job: 'loop' },
    'and-again': { type: 'flow', job: 'back' },
  },
  limits: { loop_limit: 3 },
  jobs: {
    count: {
      trigger: 'all',
      expression: `fn(state => {
        console.log('counting', state.data.n)
        if (state.data.n % 7 === 0) throw new Error('not ' + state.data.n)
        return { n: state.data.n + 1 }
      })`,
    },
    paint: { trigger: 'red', expression: 'fn(state => ({ painted: state.data.n }))' },
    after: { trigger: 'counted', expression: 'fn(state => ({ after: state.n }))' },
    mourn: { trigger: 'failed', expression: 'fn(state => ({ told: state.error.message, n: state.data.n }))' },
    loop: { triggers: ['looping', 'and-again'], expression: 'fn(({ data }) => ({ data }))' },
    back: { trigger: 'again', expression: 'fn(({ data }) => ({ data }))' },
  },
}

type Sent = Readonly<{
  key: string | null
  body: string
  by: 'http' | 'kafka'
  headers: Readonly<Record<string, string>>
}>

/** Of five keys and of none, by both doors, with what cannot be read between them. */
const messages = Array.from({ length: 300 }, (_, n): Sent => {
  const key = n % 6 < 5 ? `k${n % 6}` : null
  const known = { key, headers: {}, by: n % 10 === 8 ? 'kafka' : 'http' } as const
  if (n % 60 === 59) return { key: null, headers: {}, by: 'kafka', body: `{"broken": ${n}` }
  if (n % 60 === 29)
    return { key, headers: { 'penstock-message-id': 'none' }, by: 'kafka', body: `{"unreadable": ${n}}` }
  if (n % 50 === 48) return { ...known, body: JSON.stringify({ kind: 'loop', n, key }) }
  return { ...known, body: JSON.stringify({ kind: 'count', n, key, color: n % 3 === 0 ? 'red' : 'blue' }) }
})

/** One project in a house, with its history. */
type Place = Readonly<{ house: House; name: string; store: Store; doors: readonly string[] }>

describe('roles in processes of their own, two of each,', () => {
  const opened = new AsyncDisposableStack()
  const [names, both] = [[houseName(), houseName()] as const, [] as Place[]]
  let fleet: Fleet
  let members: readonly RoleProcess[] = []

  beforeAll(async () => {
    const counts = { console: 1, ingress: 2, filter: 2, runner: 2, follow: 2, sink: 2 }
    const [house, started] = await Promise.all([startHouse({}, names[0]), startFleet({ counts, name: names[1] })])
    opened.use(house)
    fleet = opened.use(started)
    both.push(await placeOf(house, names[0], [house.url]))
    both.push(
      await placeOf(
        fleet,
        names[1],
        fleet.of('ingress').map(({ url }) => url),
      ),
    )
    await fleet.agreed()
    members = (['filter', 'runner', 'follow', 'sink'] as const).flatMap((role) => [...fleet.of(role)])
    await until(
      async () => (await Promise.all(members.map(partitionsOf))).every((count) => count > 0),
      `each member has partitions\n${fleet.printed()}`,
    )
    await Promise.all(both.map(sendAll))
    for (const { store, house } of both) {
      let found: unknown
      const isWhole = async (): Promise<boolean> => {
        found = await store.query(amounts)
        return isDeepStrictEqual(found, [whole])
      }
      await until(isWhole, () => `${JSON.stringify(found)} is ${JSON.stringify(whole)}\n${house.printed()}`, 200_000)
    }
  }, 480_000)
  afterAll(() => opened.disposeAsync())

  const placeOf = async (house: House, name: string, doors: readonly string[]): Promise<Place> => {
    await deploy(house, document)
    const { url, user, password } = inject('clickhouse')
    return {
      house,
      name,
      doors,
      store: opened.use(await openStore({ url, user, password, database: name, logger: silent })),
    }
  }
  const historyOf = (ask: (place: Place) => Promise<unknown>) => Promise.all(both.map(ask))

  test.each(Object.keys(questions))('bring the same %s to rest as one process does', async (what) => {
    const [alone, together] = await historyOf(({ store }) => store.query(questions[what] ?? ''))
    expect(alone).not.toEqual([])
    expect(together).toEqual(alone)
  })

  test('do the runs of one key one after another, in the order of their messages', async () => {
    const [alone, together] = await historyOf(async ({ store }) => {
      const rows = await store.query<{ key: string; order: readonly number[] }>(inOrder)
      expect(rows.length).toBe(5)
      for (const { order } of rows) expect(order).toEqual(order.toSorted((a, b) => a - b))
      return rows
    })
    expect(together).toEqual(alone)
  })

  test('count what clients sent as one process does, however they are spread', async () => {
    const counts = await Promise.all(fleet.of('ingress').map((one) => one.measured(taken)))
    expect(sum(counts.flatMap((count) => [...count.values()]))).toBe(messages.filter(({ by }) => by === 'http').length)
    expect(summed(counts)).toEqual(await measuredAt(both[0]?.house.url ?? '', taken))
  })

  // Not exactly: what is read again, because its reader lost its group for a moment, is counted again.
  test.each([
    ['penstock_intake_messages_total', 'ingress', 250],
    ['penstock_filter_verdicts_total', 'filter', whole.messages],
    ['penstock_matches_total', 'filter', 284 + 98 + 6],
    ['penstock_runs_total', 'runner', whole.ends],
    ['penstock_follow_verdicts_total', 'follow', whole.ends],
    ['penstock_sink_visible_seconds', 'sink', whole.messages],
  ] as const)('have all had a share of %s, and together all', async (metric, role, all) => {
    const counts = await Promise.all(fleet.of(role).map((one) => one.measured(metric)))
    const sums = counts.map((count) => sum(count.values()))
    for (const one of sums) expect(one).toBeGreaterThan(0)
    expect(sum(sums)).toBeGreaterThanOrEqual(all)
  })
})

const taken = 'penstock_intake_messages_total'

/** What 300 messages come to: 5 cannot be read, 284 are counted, each with one run after that, 98 painted, and 6 go round three times. */
const whole = { messages: 300, letters: 5 + 6, ends: 2 * 284 + 98 + 6 * 3 }

/** History without ids, times and offsets: each a question whose rows must be the same. */
const questions: Readonly<Record<string, string>> = {
  messages: `
    SELECT body, body_encoding, kind, source, if(key = id, '', key) AS own_key, content_type, size, splitByChar('/', origin)[1] AS topic,
      duplicate_of
    FROM messages ORDER BY ALL`,
  matches: `
    SELECT body, trigger, job FROM matches JOIN messages ON messages.id = message_id ORDER BY ALL`,
  runs: `
    SELECT body, r.job, r.job_version, r.adaptor, r.trigger, r.trigger_kind, p.job AS parent, r.depth, r.status, r.error_type, r.error_message,
      r.error_line, r.exit_code, r.attempts, JSONExtractRaw(assumeNotNull(r.input), 'data') AS data, r.final_state,
      if(r.key = r.message_id, '', r.key) AS own_key
    FROM runs AS r JOIN messages ON messages.id = r.message_id LEFT JOIN runs AS p ON p.id = r.parent_run_id ORDER BY ALL`,
  logs: `
    SELECT body, job, seq, level, logs.source, logs.message
    FROM logs JOIN runs ON runs.id = run_id JOIN messages ON messages.id = message_id WHERE seq > 1 ORDER BY ALL`,
  'dead letters': `
    SELECT stage, reason, project, if(stage = 'filter', value, '') AS record FROM dead_letters ORDER BY ALL`,
}

const amounts = `
  SELECT toInt32((SELECT count() FROM messages)) AS messages, toInt32((SELECT count() FROM dead_letters)) AS letters,
    toInt32((SELECT count() FROM runs WHERE status IN ('success', 'failed'))) AS ends`

const inOrder = `
  SELECT m.key AS key, arrayMap(one -> one.2, arraySort(groupArray((started_at, JSONExtractInt(body, 'n'))))) AS order
  FROM runs AS r JOIN messages AS m ON m.id = r.message_id WHERE job = 'count' AND m.key != m.id GROUP BY key ORDER BY key`

const partitionsOf = async (process: RoleProcess): Promise<number> =>
  sum((await process.measured('penstock_consumer_partitions')).values())

const sum = (values: Iterable<number>): number => [...values].reduce((all, value) => all + value, 0)

const summed = (counts: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> => {
  const all = new Map<string, number>()
  for (const count of counts) for (const [labels, value] of count) all.set(labels, (all.get(labels) ?? 0) + value)
  return all
}

/** Those of one key one after another; those of none between them. */
const sendAll = async ({ doors, name }: Place): Promise<void> => {
  const client = new Kafka({ brokers: [inject('kafkaBrokers')], logLevel: logLevel.NOTHING }).producer()
  await client.connect()
  const send = async ({ by, key, body, headers }: Sent, at: number): Promise<void> => {
    if (by === 'kafka') {
      await client.send({ topic: `${name}.intake.clinic`, messages: [{ key, value: body, headers: { ...headers } }] })
      return
    }
    const answer = await fetch(`${doors[at % doors.length]}/inbox/${source}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    if (answer.status !== 202) throw new Error(`refused with ${answer.status}: ${await answer.text()}`)
  }
  const lanes = Map.groupBy(messages.entries(), ([, { key }]) => key)
  await Promise.all(
    [...lanes.values()].map(async (lane) => {
      for (const [at, message] of lane) await send(message, at)
    }),
  )
  await client.disconnect()
}
