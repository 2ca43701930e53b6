import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../infra/clickhouse/migrate.ts'
import { openStore } from '../../infra/clickhouse/open.ts'
import { type EmbeddedStore, startStore } from '../../infra/embedded/store.ts'
import { listDeadLetters } from '../../sinks/clickhouse/read/dead-letters.ts'
import { listMessages, readMessage } from '../../sinks/clickhouse/read/messages.ts'
import { listRuns, readRun } from '../../sinks/clickhouse/read/runs.ts'
import { runSink } from '../../sinks/clickhouse/run.ts'
import { schemaDir } from '../../sinks/clickhouse/schema.ts'
import { Fault } from '../../topology/flow/fault.ts'
import type { Store } from '../../topology/flow/ports.ts'
import { retryFaults } from '../../topology/flow/retry.ts'
import { deadLettersTopic, intakeTopic, projectTopics, runsTopic } from '../../topology/topics.ts'
import { intakeRecord } from '../../topology/wire/intake.ts'
import { finishedRecord, type RunEvent, runRecord } from '../../topology/wire/runs.ts'
import { type MessageId, newMessageId } from '../../topology/words/ids.ts'
import type { NewMessage } from '../../topology/words/message.ts'
import type { EndStatus } from '../../topology/words/run.ts'
import { openDatabase } from '../fixtures/database.ts'
import { type MemoryHouse, openMemoryHouse } from '../fixtures/memory-house.ts'
import { until } from '../fixtures/penstock.ts'
import { finished, matched, message, runFacts, started } from '../fixtures/records.ts'
import { silent } from '../fixtures/silent.ts'

const deployTo = async (house: MemoryHouse, project: string): Promise<void> => {
  await house.log.ensureTopics(projectTopics(project, ['register']))
  await house.deploy(`
name: ${project}
sources: { inbox: { type: webhook } }
triggers: { registration: { type: message } }
jobs: { register: { trigger: registration, expression: 'fn(state => state)' } }
`)
}

const openHouse = async (): Promise<MemoryHouse> => {
  const house = await openMemoryHouse()
  await deployTo(house, 'clinic')
  return house
}

/** A sink that runs until it is disposed: then what is in hand is stored. */
const startSink = ({ log, catalogue, meter }: MemoryHouse, store: Store): AsyncDisposable => {
  const reading = new AbortController()
  const stop = { reading: reading.signal, working: new AbortController().signal }
  const ended = runSink({ log, catalogue, meter, store, logger: silent, retry: retryFaults(() => 20) }, stop)
  ended.catch(() => {})
  return {
    [Symbol.asyncDispose]: async () => {
      reading.abort()
      await ended
    },
  }
}

const count = async (store: Store, what: string): Promise<number> =>
  (await store.query<{ n: number }>(`SELECT count() AS n FROM ${what}`))[0]?.n ?? 0

describe('the sink', () => {
  let store: Store
  let house: MemoryHouse
  let sink: AsyncDisposable
  beforeAll(async () => {
    store = await openDatabase()
    house = await openHouse()
    sink = startSink(house, store)
  })
  afterAll(async () => {
    await sink[Symbol.asyncDispose]()
    await house[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
  })
  const takeIn = async (some: Partial<NewMessage> = {}) => {
    const taken = message(some)
    await house.log.append([intakeRecord(taken)])
    return taken.id
  }
  const say = (...events: readonly RunEvent[]) => house.log.append(events.map((event) => runRecord(event, 'k')))
  const search = { project: 'clinic', limit: 100 }
  const stored = (id: string) => until(() => readMessage(store, { project: 'clinic', id }), `message ${id} is stored`)
  const statusOf = async (id: string, status: string | null): Promise<void> => {
    await until(async () => (await readMessage(store, { project: 'clinic', id }))?.status === status, `it is ${status}`)
  }

  test('shows a message and its runs, from the first word to the last', async () => {
    const id = await takeIn({ body: Buffer.from('{"name":"Amina"}'), headers: { 'user-agent': 'curl' } })
    expect(await stored(id)).toMatchObject({ body: '{"name":"Amina"}', status: null, runs: [], source: 'inbox' })
    const facts = runFacts(id)
    await say(matched(id, [facts]))
    await statusOf(id, 'running')
    expect(await stored(id)).toMatchObject({ runs: [{ id: facts.run_id, status: 'queued', started_at: null }] })
    await say(started(facts))
    await until(
      async () => (await readRun(store, { project: 'clinic', id: facts.run_id }))?.status === 'running',
      'it runs',
    )
    const log = [
      { time: '2026-11-21T10:00:01.000Z', level: 'info', source: 'job', message: 'registering\n"Amina"' },
      { time: '2026-11-21T10:00:01.500Z', level: 'error', source: 'penstock', message: 'x\0y' },
    ] as const
    const error = { name: 'TypeError', message: 'no', line: 3, column: 7, operation: 'fn', details: { a: [1] } }
    await say(finished(facts, { status: 'failed', exit_code: 1, error, input: { data: 1 }, final_state: null, log }))
    await statusOf(id, 'failed')
    expect(await readRun(store, { project: 'clinic', id: facts.run_id })).toMatchObject({
      job: 'register',
      job_version: 1,
      message_id: id,
      error_type: 'TypeError',
      error,
      log,
      input: { data: 1 },
      final_state: null,
      queued_at: '2026-11-21T10:00:00.000Z',
      finished_at: '2026-11-21T10:00:02.250Z',
      duration_ms: 1_250.5,
    })
    expect(
      await store.query('SELECT seq, level, message FROM logs WHERE run_id = {id:String} ORDER BY seq', {
        id: facts.run_id,
      }),
    ).toEqual([
      { seq: 1, level: 'info', message: 'registering\n"Amina"' },
      { seq: 2, level: 'error', message: 'x\0y' },
    ])
    expect(
      await store.query('SELECT trigger, job, run_id FROM matches WHERE message_id = {id:String}', { id }),
    ).toEqual([{ trigger: 'registration', job: 'register', run_id: facts.run_id }])
  })

  test('knows a message that nothing matched', async () => {
    const id = await takeIn()
    await say(matched(id, []))
    await statusOf(id, 'unmatched')
    expect((await listMessages(store, { ...search, status: 'unmatched' })).items.map((item) => item.id)).toContain(id)
    expect(await store.query('SELECT * FROM matches WHERE message_id = {id:String}', { id })).toEqual([])
  })

  test.each<[string, EndStatus | 'running', (id: MessageId) => readonly RunEvent[]]>([
    ['a chain that went well', 'success', (id) => chain(id, ['success', 'success'])],
    ['a failure that nobody handled', 'failed', (id) => chain(id, ['failed'])],
    ['a failure that a fail job handled', 'success', (id) => chain(id, ['failed', 'success'])],
    ['a fail job that crashed', 'crashed', (id) => chain(id, ['failed', 'crashed'])],
    [
      'two jobs of which one was killed',
      'killed',
      (id) => [...chain(id, ['success'], 'a'), ...chain(id, ['killed'], 'b')],
    ],
    [
      'two jobs of which one is not done',
      'running',
      (id) => {
        const [done, open] = [runFacts(id, { job: 'a' }), runFacts(id, { job: 'b' })]
        return [matched(id, [done, open]), finished(done, { status: 'failed' })]
      },
    ],
  ])('tells the status of %s: %s', async (_what, status, events) => {
    const id = await takeIn()
    await say(...events(id))
    await statusOf(id, status)
  })

  test('shows what was written twice once: message, end, dead letter', async () => {
    const [id, facts] = [newMessageId(), runFacts(newMessageId(), { job: 'twice' })]
    const taken = intakeRecord(message({ id }))
    await house.log.append([taken, taken, { ...taken, headers: { ...taken.headers, 'penstock-replay': 'again' } }])
    await say(finished(facts, { status: 'success' }), finished(facts, { status: 'failed' }))
    await stored(id)
    await until(
      async () => (await listRuns(store, { ...search, job: 'twice', from: new Date(0) })).items.length,
      'the run is there',
    )
    expect(await count(store, `messages WHERE id = '${id}'`)).toBe(1)
    expect(await store.query(`SELECT status FROM runs WHERE id = {id:String}`, { id: facts.run_id })).toEqual([
      { status: 'success' },
    ])
  })

  test('keeps the first end, also against one that an earlier partition order would have put last', async () => {
    const facts = runFacts(newMessageId(), { job: 'late' })
    await say(finished(facts))
    await until(() => readRun(store, { project: 'clinic', id: facts.run_id }), 'it ended')
    await say(matched(facts.message_id, [facts]), started(facts))
    const marker = await takeIn()
    await stored(marker)
    await until(
      async () => (await count(store, `match_rows WHERE run_id = '${facts.run_id}'`)) > 0,
      'the match is stored',
    )
    expect(await readRun(store, { project: 'clinic', id: facts.run_id })).toMatchObject({ status: 'success' })
  })

  const digits = '{"id":123456789012345678901234567890,"far":1e400,"half":"\\ud800","name":"é"}'
  test.each([
    ['of ours', true, '{"rate":1.50}'],
    ['of somebody who tells no lengths', false, '{"rate":1.5}'],
  ])('loses no digit of a state, in a record %s', async (_whose, tells, rate) => {
    const facts = runFacts(newMessageId(), { job: 'digits' })
    const { input: _input, final_state: _state, ...event } = finished(facts, { status: 'failed', exit_code: 1 })
    const { headers, ...record } = finishedRecord(event, { input: '{"rate":1.50}', final_state: digits })
    await house.log.append([{ ...record, headers: tells ? headers : {} }])
    const run = await until(() => readRun(store, { project: 'clinic', id: facts.run_id }), 'it is stored')
    expect(await store.query('SELECT input, final_state FROM runs WHERE id = {id:String}', { id: run.id })).toEqual([
      { input: rate, final_state: digits },
    ])
    expect(JSON.stringify(run.final_state)).toBe(digits)
  })

  test('takes every body: large, of bytes, half a surrogate, NUL, none', async () => {
    const large = Buffer.from(JSON.stringify({ text: 'é'.repeat(5_000_000) }))
    const bodies = [large, Buffer.from([0xff, 0, 0xfe]), Buffer.from('"\\ud800"'), Buffer.from('a\0b'), Buffer.alloc(0)]
    for (const body of bodies) {
      const found = await stored(await takeIn({ body }))
      expect(Buffer.from(found.body ?? '', found.body_encoding).equals(body)).toBe(true)
      expect(found.size).toBe(body.length)
    }
  })

  test('makes a dead letter of what it cannot read, and takes what lies beside it', async () => {
    await house.log.append([{ topic: runsTopic, key: 'k', value: '{"event":"nonsense"}', headers: {} }])
    const facts = runFacts(newMessageId(), { job: 'beside' })
    await say(finished(facts))
    const letter = await until(
      async () =>
        (
          await store.query<{ detail: string; value: string }>(
            `SELECT detail, value FROM dead_letters WHERE stage = 'sink' AND value LIKE '%nonsense%'`,
          )
        )[0],
      'the dead letter is shown',
    )
    expect(letter.value).toBe('{"event":"nonsense"}')
    await until(() => readRun(store, { project: 'clinic', id: facts.run_id }), 'the run beside it is stored')
  })

  test('finds the one row in a thousand that the store refuses, and takes the others', async () => {
    const all = Array.from({ length: 1_000 }, () => runFacts(newMessageId(), { job: 'thousand' }))
    const events = all.map((facts, n) => finished(facts, n === 617 ? { exit_code: 1e300 } : {}))
    const [refusedRun] = all.slice(617)
    if (!refusedRun) throw new Error('there are a thousand')
    await say(started(refusedRun), ...events)
    await until(
      async () => (await count(store, "runs WHERE job = 'thousand' AND status = 'success'")) === 999,
      'the others are stored',
    )
    const letter = await until(
      async () => (await listDeadLetters(store, { ...search, reason: 'row-refused' })).items[0],
      'the dead letter is shown',
    )
    expect(letter).toMatchObject({ stage: 'sink', project: 'clinic', topic: runsTopic })
    expect(letter.value).toContain(refusedRun.run_id)
    expect(await readRun(store, { project: 'clinic', id: refusedRun.run_id })).toMatchObject({ status: 'running' })
  })

  test('shows what was known of a run whose end the store refuses, in whatever order it came', async () => {
    const id = newMessageId()
    const [early, late, begun] = ['early', 'late', 'begun'].map((job) => runFacts(id, { job: `refused-${job}` }))
    if (!early || !late || !begun) throw new Error('there are three')
    const refused = { exit_code: 1e300 }
    await say(finished(early, refused), finished(begun, refused), matched(id, [early, late, begun]))
    await say(started(begun), finished(late, refused))
    await until(async () => (await count(store, "runs WHERE startsWith(job, 'refused-')")) === 3, 'all are stored')
    for (const { run_id } of [early, late])
      expect(await readRun(store, { project: 'clinic', id: run_id })).toMatchObject({ status: 'queued' })
    await until(
      async () => (await readRun(store, { project: 'clinic', id: begun.run_id }))?.status === 'running',
      'what had begun is shown so',
    )
  })

  test('takes rows of more months than an insert may have', async () => {
    const all = Array.from({ length: 130 }, (_, n) =>
      runFacts(newMessageId(), { job: 'months', queued_at: new Date(Date.UTC(2000, n)).toISOString() }),
    )
    await say(...all.map((facts) => finished(facts)))
    await until(async () => (await count(store, "runs WHERE job = 'months'")) === 130, 'all are stored')
    const far = runFacts(newMessageId(), { job: 'far', queued_at: '2100-01-01T00:00:00.000Z' })
    await say(finished(far))
    expect(await until(() => readRun(store, { project: 'clinic', id: far.run_id }), 'it is stored')).toMatchObject({
      queued_at: '2100-01-01T00:00:00.000Z',
    })
  })

  test('shows a dead letter that is nothing at all', async () => {
    await house.log.append([{ topic: deadLettersTopic, key: '', value: null, headers: { x: Buffer.from([0xff]) } }])
    await until(async () => (await count(store, "dead_letters WHERE topic = ''")) === 1, 'it is shown')
  })

  test('reads the intake of a project that came later', async () => {
    await deployTo(house, 'later')
    const taken = message({ project: 'later' })
    await house.log.append([intakeRecord(taken)])
    await until(() => readMessage(store, { project: 'later', id: taken.id }), 'it is stored')
    expect(await readMessage(store, { project: 'clinic', id: taken.id })).toBeUndefined()
  })

  test('pages never skip and never repeat, also among equal times', async () => {
    const project = 'pages'
    await deployTo(house, project)
    const all = Array.from({ length: 23 }, () => message({ project }))
    const batch = all.map(intakeRecord)
    await house.log.append(batch)
    await until(
      async () => (await count(store, `messages WHERE project = '${project}'`)) === all.length,
      'all are stored',
    )
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await listMessages(store, { project, limit: 5, ...(after !== undefined && { after }) })
      expect(page.items.length).toBeLessThanOrEqual(5)
      seen.push(...page.items.map(({ id }) => id))
      after = page.next ?? undefined
    } while (after !== undefined)
    expect(seen).toHaveLength(all.length)
    expect(new Set(seen)).toEqual(new Set(all.map(({ id }) => id)))
  })

  test('a message has, for a job, the status of the latest finished run', async () => {
    const job = 'judged'
    const at = (minute: number) => `2026-11-21T10:0${minute}:00.000Z`
    const again = (id: MessageId, queued: number) => runFacts(id, { job, queued_at: at(queued), replay: `r${queued}` })
    const [open, both, late] = [await takeIn(), await takeIn(), await takeIn()]
    const [first, second] = [again(late, 1), again(late, 2)]
    await say(
      matched(open, [again(open, 1)]),
      finished(again(both, 1), { status: 'failed', finished_at: at(2) }),
      matched(both, [again(both, 3)]),
      finished(first, { status: 'killed', finished_at: at(5) }),
      finished(second, { status: 'success', finished_at: at(4) }),
    )
    await until(async () => (await count(store, `runs WHERE job = '${job}'`)) === 5, 'all runs are stored')
    const judged = async (status: string) =>
      (await listMessages(store, { ...search, job, status })).items.map(({ id }) => id)
    expect(await judged('running')).toEqual([open])
    expect(await judged('failed')).toEqual([both])
    expect(await judged('killed')).toEqual([late])
    expect(await judged('success')).toEqual([])
  })

  test('lists by what it was asked for', async () => {
    const [a, b] = [await takeIn({ source: 'one', key: 'ka' }), await takeIn({ source: 'two', key: 'kb' })]
    const facts = runFacts(a, { job: 'listed', trigger: 'listing' })
    await say(matched(a, [facts], ['listing', 'idle']), finished(facts, { status: 'killed' }))
    await stored(b)
    await statusOf(a, 'killed')
    const ids = async (more: object) => (await listMessages(store, { ...search, ...more })).items.map(({ id }) => id)
    expect(await ids({ source: 'one' })).toEqual([a])
    expect(await ids({ key: 'kb' })).toEqual([b])
    expect(await ids({ trigger: 'listing' })).toEqual([a])
    expect(await ids({ trigger: 'idle' })).toEqual([a])
    expect(await ids({ trigger: 'list' })).toEqual([])
    expect(await ids({ source: 'one', kind: 'message' })).toEqual([a])
    expect(await ids({ source: 'one', kind: 'tick' })).toEqual([])
    expect(await ids({ idFrom: b, idTo: b.toUpperCase() })).toEqual([b])
    expect(await ids({ job: 'listed' })).toEqual([a])
    expect(await ids({ job: 'listed', status: 'killed' })).toEqual([a])
    expect(await ids({ job: 'listed', status: 'success' })).toEqual([])
    expect(await ids({ source: 'one', status: 'killed' })).toEqual([a])
    expect(await ids({ source: 'one', to: new Date(Date.UTC(2020)) })).toEqual([])
    const runs = async (more: object) =>
      (await listRuns(store, { ...search, from: new Date(0), ...more })).items.map(({ id }) => id)
    expect(await runs({ job: 'listed', status: 'killed' })).toEqual([facts.run_id])
    expect(await runs({ trigger: 'listing' })).toEqual([facts.run_id])
    expect(await runs({ trigger: 'idle' })).toEqual([])
    expect(await runs({ source: 'one' })).toEqual([facts.run_id])
    expect(await runs({ messageId: a })).toEqual([facts.run_id])
    expect(await runs({ messageId: b })).toEqual([])
  })
})

describe('a sink whose store dies', () => {
  let dataDir: string
  let embedded: EmbeddedStore
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'penstock-store-'))
    embedded = await startStore({ dataDir, logger: silent })
  })
  afterAll(async () => {
    await embedded[Symbol.asyncDispose]()
    await rm(dataDir, { recursive: true })
  })

  test('loses nothing and doubles nothing', async () => {
    const address = {
      url: embedded.url,
      user: embedded.user,
      password: embedded.password,
      database: 'penstock',
      logger: silent,
    }
    await migrate({ ...address, dir: schemaDir })
    await using store = await openStore(address)
    await using house = await openHouse()
    let death: 'before it is answered' | 'before its answer arrives' | undefined
    const dying: Store = {
      ...store,
      async insert(table, rows, token) {
        const when = death
        death = undefined
        const inserted = store.insert(table, rows, token)
        if (when === 'before its answer arrives') await inserted
        if (when) process.kill(embedded.pid, 'SIGKILL')
        await inserted
        if (when) throw new Fault('store-unavailable', 'the answer was lost')
      },
    }
    await using _sink = startSink(house, dying)
    const all = Array.from({ length: 30_000 }, (_, n) => message({ key: `k${n}` }))
    await append(house, all.slice(0, 10_000))
    await until(() => count(store, 'messages'), 'the first are stored')
    for (const [round, when] of (['before it is answered', 'before its answer arrives'] as const).entries()) {
      death = when
      await append(house, all.slice((round + 1) * 10_000, (round + 2) * 10_000))
      await until(() => death === undefined, 'the store is killed')
      await embedded.exited
      const { url } = embedded
      embedded = await startStore({ dataDir, logger: silent })
      expect(embedded.url).toBe(url)
      const stored = (round + 2) * 10_000
      await until(async () => (await count(store, 'messages').catch(() => 0)) === stored, `all ${stored} are stored`)
    }
    expect(await count(store, 'message_rows')).toBe(all.length)
    expect(await house.recordsNow(deadLettersTopic)).toEqual([])
    expect((await house.recordsNow(intakeTopic('clinic'))).length).toBe(all.length)
  })
})

describe('a sink that ends', () => {
  const endingSink = async (
    store: Pick<Store, 'insert'>,
    stop: (reading: AbortController, working: AbortController) => void,
  ) => {
    await using house = await openHouse()
    const [reading, working] = [new AbortController(), new AbortController()]
    const asked = Promise.withResolvers<void>()
    const only = {
      ...store,
      insert: (...args: Parameters<Store['insert']>) => {
        asked.resolve()
        return store.insert(...args)
      },
    } as Store
    const work = { ...house, store: only, logger: silent, retry: retryFaults(() => 20) }
    const ended = runSink(work, { reading: reading.signal, working: working.signal })
    ended.catch(() => {})
    await append(house, [message()])
    await asked.promise
    stop(reading, working)
    return ended
  }

  test('drops what it has in hand when the store stays away and it may not wait longer', async () => {
    const away = { insert: () => Promise.reject(new Fault('store-unavailable', 'away')) }
    await endingSink(away, (reading, working) => {
      reading.abort()
      working.abort()
    })
  })

  test('drops what it has in hand when the store does not answer and it may not wait longer', async () => {
    await endingSink({ insert: () => new Promise(() => {}) }, (reading, working) => {
      reading.abort()
      working.abort()
    })
  })

  test('breaks, and does not hang, when there is a bug', async () => {
    const broken = { insert: () => Promise.reject(new TypeError('a bug')) }
    await expect(endingSink(broken, () => {})).rejects.toThrow('a bug')
  })
})

const append = ({ log }: MemoryHouse, messages: readonly NewMessage[]): Promise<void> =>
  log.append(messages.map(intakeRecord))

/** Runs one under the other; a flow or fail job is told of by its parent only. */
const chain = (id: MessageId, statuses: readonly EndStatus[], name = 'job'): readonly RunEvent[] => {
  const events: RunEvent[] = []
  let parent: ReturnType<typeof runFacts> | undefined
  for (const [depth, status] of statuses.entries()) {
    const facts = runFacts(id, { job: `${name}-${depth}`, depth, parent_run_id: parent?.run_id ?? null })
    if (!parent) events.push(matched(id, [facts]))
    events.push(finished(facts, { status }))
    parent = facts
  }
  return events
}
