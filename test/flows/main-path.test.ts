import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { deploy, endedRuns, houseName, post, put, startHouse } from '../fixtures/house.ts'
import { type Penstock, until } from '../fixtures/penstock.ts'

const source = '018f2b1c-0000-7000-8000-0000000000f1'
const clinic = {
  name: 'clinic',
  sources: { inbox: { type: 'webhook', id: source } },
  triggers: {
    registration: { type: 'message', filter: { form: 'registration' } },
    exact: { type: 'message', filter: { id: 'EXACT' } },
    registered: { type: 'flow', job: 'register' },
    failed: { type: 'fail', job: 'register' },
    looping: { type: 'message', filter: { loop: true } },
    again: { type: 'flow', job: 'loop' },
    'and-again': { type: 'flow', job: 'loop-back' },
  },
  limits: { loop_limit: 5 },
  jobs: {
    register: {
      trigger: 'registration',
      expression: `const surname = state => state.data.name.split(' ').at(-1)
fn(state => {
  if (!state.data.dob) throw new Error('date of birth is missing')
  console.log('registering', state.data.name)
  return { ...state, surname: surname(state) }
})
each('$.data.medications[*]', fn(state => { console.info('prescribed', state.data); return state }))`,
    },
    welcome: { trigger: 'registered', expression: 'fn(state => ({ welcome: state.surname }))' },
    tell: {
      trigger: 'failed',
      expression: 'alterState(state => ({ told: state.error.message, name: state.data.name }))',
    },
    'exact-one': { trigger: 'exact', expression: 'fn(state => state)' },
    loop: { triggers: ['looping', 'and-again'], expression: 'fn(state => state)' },
    'loop-back': { trigger: 'again', expression: 'fn(state => state)' },
  },
}

describe('the main path', () => {
  const name = houseName()
  let house: Penstock
  beforeAll(async () => {
    house = await startHouse({}, name)
    // JSON.stringify would lose the digits that tell 2^53 + 1 from 2^53
    const text = JSON.stringify(clinic).replace('"EXACT"', '9007199254740993')
    const answer = await house.api('/api/projects/clinic', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: text,
    })
    expect(answer.ok ? '' : (await answer.text()) + house.printed()).toBe('')
  })
  afterAll(async () => {
    await house?.[Symbol.asyncDispose]()
  })

  const sql = async (query: string): Promise<string> => {
    const { url, user, password } = inject('clickhouse')
    const answer = await fetch(`${url}/?database=${name}`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
      body: query,
    })
    expect(answer.status).toBe(200)
    return (await answer.text()).trim()
  }
  const producer = async () => {
    const client = new Kafka({ brokers: [inject('kafkaBrokers')], logLevel: logLevel.NOTHING }).producer()
    await client.connect()
    return client
  }
  const publish = async (message: Parameters<Awaited<ReturnType<typeof producer>>['send']>[0]['messages'][number]) => {
    const client = await producer()
    await client.send({ topic: `${name}.intake.clinic`, messages: [message] })
    await client.disconnect()
  }
  const deadLetters = async () =>
    (
      await house.json<{ items: readonly { reason: string; detail: string; message_id: string }[] }>(
        '/api/projects/clinic/dead-letters',
      )
    ).items

  test('a message becomes a run, the run starts what follows it, and API and SQL show both', async () => {
    const body = JSON.stringify({
      form: 'registration',
      name: 'Sample Amber',
      dob: '1990-01-01',
      medications: ['zinc', 'iron'],
    })
    const message = await post(house, source, body)
    const [first, second] = await endedRuns(house, 'clinic', { message, count: 2 })

    expect(first).toMatchObject({
      job: 'register',
      status: 'success',
      exit_code: 0,
      trigger: 'registration',
      trigger_kind: 'message',
      parent_run_id: null,
      error: null,
      final_state: { surname: 'Amber', index: 1 },
    })
    expect(first?.log.filter((line) => line.source === 'job').map((line) => [line.level, line.message])).toEqual([
      ['log', 'registering Sample Amber'],
      ['info', 'prescribed zinc'],
      ['info', 'prescribed iron'],
    ])
    expect(second).toMatchObject({
      job: 'welcome',
      trigger_kind: 'flow',
      parent_run_id: first?.id,
      final_state: { welcome: 'Amber' },
    })

    expect(await house.json(`/api/projects/clinic/messages/${message}`)).toMatchObject({
      id: message,
      body,
      source: 'inbox',
      status: 'success',
    })
    expect(await sql(`SELECT job, status FROM runs WHERE message_id = '${message}' ORDER BY job FORMAT TSV`)).toBe(
      'register\tsuccess\nwelcome\tsuccess',
    )
    expect(await sql(`SELECT trigger, job FROM matches WHERE message_id = '${message}' FORMAT TSV`)).toBe(
      'registration\tregister',
    )
    expect(await sql(`SELECT count() FROM logs WHERE message LIKE 'prescribed%' FORMAT TSV`)).toBe('2')
  })

  test('a failed run says where in the source it failed, and starts the fail job with what it had been given', async () => {
    const message = await post(house, source, JSON.stringify({ form: 'registration', name: 'Sample Birch' }))
    const [first, second] = await endedRuns(house, 'clinic', { message, count: 2 })
    expect(first).toMatchObject({ status: 'failed', exit_code: 1, final_state: null })
    expect(first?.error).toMatchObject({ name: 'Error', message: 'date of birth is missing', line: 3 })
    expect(first?.input).toMatchObject({ data: { name: 'Sample Birch' }, references: [] })
    expect(second).toMatchObject({
      job: 'tell',
      trigger_kind: 'fail',
      parent_run_id: first?.id,
      final_state: { told: 'date of birth is missing', name: 'Sample Birch' },
    })
  })

  test('numbers beyond a double are told apart by filters', async () => {
    const near = await post(house, source, '{"id":9007199254740992}')
    const exact = await post(house, source, '{"id":9007199254740993}')
    await endedRuns(house, 'clinic', { message: exact, count: 1 })
    const matched = await until(
      async () => sql(`SELECT count() FROM matches WHERE message_id IN ('${near}', '${exact}') FORMAT TSV`),
      'the matches are there',
    )
    expect(matched).toBe('1')
    expect(await (await house.api('/api/projects/clinic')).text()).toContain('9007199254740993')
  })

  test('anyone may publish to the intake topic: no headers, no value, wrong headers', async () => {
    const marked = { form: 'registration', name: 'Sample Cedar', dob: '1980-02-02', medications: [] }
    await publish({ key: 'patient-7', value: JSON.stringify(marked) })
    await publish({ key: 'tombstone', value: null })
    await publish({
      key: 'wrong',
      value: '{"form":"wrong headers"}',
      headers: { 'penstock-message-id': 'not-an-id', 'penstock-request': '{', 'penstock-source': 'no-such-source' },
    })
    const rows = await until(async () => {
      const found = await sql(
        `SELECT key, body, id FROM messages WHERE key IN ('patient-7', 'tombstone', 'wrong') ORDER BY key FORMAT TSV`,
      )
      return found.split('\n').length === 3 ? found.split('\n').map((line) => line.split('\t')) : undefined
    }, 'all three are in history')
    expect(rows.map(([key, body]) => [key, body])).toEqual([
      ['patient-7', JSON.stringify(marked)],
      ['tombstone', 'null'],
      ['wrong', '{"form":"wrong headers"}'],
    ])
    const runs = await endedRuns(house, 'clinic', { message: rows[0]?.[2] ?? '', count: 2 })
    expect(runs.map(({ job, status }) => [job, status])).toEqual([
      ['register', 'success'],
      ['welcome', 'success'],
    ])
    expect(runs[0]?.final_state).toMatchObject({
      request: { key: 'patient-7', partition: expect.any(Number), offset: expect.any(Number) },
    })
  })

  test('a body that cannot be read goes to the dead letters, and the rest flows on', async () => {
    await publish({ key: 'bad-json', value: '{"form":' })
    await publish({ key: 'bad-utf8', value: Buffer.from([0x22, 0xc3, 0x28, 0x22]) })
    await publish({ key: 'too-deep', value: '['.repeat(100_000) })
    const message = await post(
      house,
      source,
      JSON.stringify({ form: 'registration', name: 'Sample Elm', dob: '2000-01-01' }),
    )
    await endedRuns(house, 'clinic', { message, count: 2 })
    const letters = await until(async () => {
      const found = await deadLetters()
      return found.length >= 3 ? found : undefined
    }, 'three dead letters')
    expect(letters.map(({ reason }) => reason)).toEqual(Array(3).fill('message-unreadable'))
    expect(await sql(`SELECT body_encoding FROM messages WHERE key = 'bad-utf8' FORMAT TSV`)).toBe('base64')
  })

  test('NUL and lone surrogate escapes are accepted and readable again everywhere', async () => {
    const body = '{"form":"registration","name":"a\\u0000b \\ud800","dob":"1","__proto__":{"x":1},"twice":1,"twice":2}'
    const message = await post(house, source, body)
    const [run] = await endedRuns(house, 'clinic', { message, count: 2 })
    expect(run).toMatchObject({ status: 'success' })
    expect(run?.final_state).toMatchObject({ data: { name: 'a\u0000b \ud800', twice: 2 } })
    expect(((await house.json(`/api/projects/clinic/messages/${message}`)) as { body: string }).body).toBe(body)
    expect(await sql(`SELECT body FROM messages WHERE id = '${message}' FORMAT RawBLOB`)).toBe(body)
  })

  test('a chain that would never end is cut at the limit, visibly', async () => {
    const message = await post(house, source, '{"loop":true}')
    const runs = await endedRuns(house, 'clinic', { message, count: 5 })
    expect(runs.map(({ job }) => job)).toEqual(['loop', 'loop-back', 'loop', 'loop-back', 'loop'])
    const letter = await until(
      async () => (await deadLetters()).find(({ reason }) => reason === 'loop-limit'),
      'a dead letter',
    )
    expect(letter.message_id).toBe(message)
  })

  test('a deploy is in force for the next message, and what waits for a removed job ends as cancelled', async () => {
    const one = { ...small('shop', 'fn(state => ({ version: 1 }))') }
    await deploy(house, one)
    const first = await post(house, shopSource, '{}')
    expect((await endedRuns(house, 'shop', { message: first, count: 1 }))[0]?.final_state).toEqual({ version: 1 })

    await deploy(house, small('shop', 'fn(state => ({ version: 2 }))'))
    const second = await post(house, shopSource, '{}')
    expect((await endedRuns(house, 'shop', { message: second, count: 1 }))[0]).toMatchObject({
      final_state: { version: 2 },
      job_version: 2,
    })

    const slow = small(
      'shop',
      'fn(async state => { await new Promise(done => setTimeout(done, 5000)); return { slept: true } })',
    )
    await deploy(house, { ...slow, jobs: { only: { ...slow.jobs.only, order: 'strict' } } })
    const held = await post(house, shopSource, '{}')
    const waiting = await post(house, shopSource, '{}')
    await until(async () => {
      const { items } = await house.json<{ items: readonly { status: string }[] }>(
        `/api/projects/shop/runs?message_id=${held}`,
      )
      return items[0]?.status === 'running'
    }, 'the slow run is seen running')
    await deploy(house, { ...small('shop', 'fn(state => state)'), jobs: {} })
    expect((await endedRuns(house, 'shop', { message: held, count: 1 }))[0]?.status).toBe('success')
    const [cancelled] = await endedRuns(house, 'shop', { message: waiting, count: 1 })
    expect(cancelled).toMatchObject({ status: 'cancelled', exit_code: 6 })
    expect(cancelled?.error?.message).toContain('removed')
  })

  test('job code that does not parse is refused with line and column', async () => {
    const answer = await put(house, { ...small('broken', 'fn(state => {\n  return state +\n})'), sources: {} })
    expect(answer.status).toBe(422)
    const { problems } = (await answer.json()) as { problems: readonly { path: string; message: string }[] }
    expect(problems).toEqual([expect.objectContaining({ path: 'jobs.only.expression' })])
    expect(problems[0]?.message).toMatch(/^Line 3, column 1/)
  })

  const cases: readonly [string, string, object][] = [
    ['returns a function', 'fn(state => () => 1)', { status: 'failed', exit_code: 1 }],
    ['returns undefined', 'fn(state => {})', { status: 'success', final_state: null }],
    [
      'returns a cyclic object',
      'fn(state => { state.self = state; return state })',
      { status: 'failed', exit_code: 1 },
    ],
    [
      'returns 50 MB',
      `fn(state => ({ big: 'x'.repeat(50_000_000) }))`,
      { status: 'killed', error: { name: 'StateTooLargeError' } },
    ],
    [
      'has a getter that throws',
      `fn(state => ({ get x() { throw new Error('from the getter') } }))`,
      { status: 'failed' },
    ],
    [
      'never settles',
      'fn(state => ({ then() {} }))',
      { status: 'killed', exit_code: 2, error: { name: 'TimeoutError' } },
    ],
    [
      'loops for ever',
      'fn(state => { for (;;); })',
      { status: 'killed', exit_code: 2, error: { name: 'TimeoutError' } },
    ],
    [
      'eats memory',
      'fn(state => { const all = []; for (;;) all.push(new Array(1e5).fill(state)) })',
      { status: 'killed', exit_code: 134 },
    ],
  ]
  test.each(cases)('a job that %s ends with its own status', async (what, expression, expected) => {
    const project = `p${cases.findIndex(([name]) => name === what)}`
    const document = small(project, expression)
    const { sources } = await deploy(house, {
      ...document,
      sources: { inbox: { type: 'webhook' } },
      // each case meets the one limit that it is about
      jobs: {
        only: {
          ...document.jobs.only,
          timeout: what === 'never settles' || what === 'loops for ever' ? '2s' : '60s',
          memory_mb: what === 'returns 50 MB' ? 512 : 64,
        },
      },
    })
    const message = await post(house, sources['inbox']?.id ?? '', '{}')
    expect((await endedRuns(house, project, { message, count: 1 }))[0]).toMatchObject(expected)
  })
})

const shopSource = '018f2b1c-0000-7000-8000-0000000000f2'
const small = (name: string, expression: string) => ({
  name,
  sources: { inbox: { type: 'webhook', id: shopSource } },
  triggers: { all: { type: 'message' } },
  jobs: { only: { trigger: 'all', expression, memory_mb: 64 } },
})
