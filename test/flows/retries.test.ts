import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fleet, startFleet } from '../fixtures/fleet.ts'
import { deploy, endedRuns, post, type Run } from '../fixtures/house.ts'
import { until } from '../fixtures/penstock.ts'

const source = '018f2b1c-0000-7000-8000-0000000000e7'
const trigger = (job: string) => ({ type: 'message', filter: { job } })
const failing = "fn(state => { if (state.data.fails) throw new Error('no answer'); return state })"
const slow = 'fn(async state => { await new Promise(done => setTimeout(done, state.data.ms ?? 0)); return state })'
const patient = `fn(async state => {
  if (Date.now() < state.data.from) throw new Error('too early')
  await new Promise(done => setTimeout(done, state.data.ms))
  return state
})`
const soon = { attempts: 2, backoff: '1s' }
const late = { attempts: 2, backoff: '10m' }

const document = {
  name: 'clinic',
  sources: { inbox: { type: 'webhook', id: source, key: '$.key' } },
  triggers: {
    ...Object.fromEntries(
      ['soon', 'late', 'spread', 'later', 'slow', 'once', 'over', 'patient'].map((job) => [job, trigger(job)]),
    ),
    'slow-failed': { type: 'fail', job: 'slow' },
    'once-failed': { type: 'fail', job: 'once' },
  },
  jobs: {
    soon: { trigger: 'soon', expression: failing, retry: soon },
    late: { trigger: 'late', expression: failing, retry: late },
    spread: { trigger: 'spread', expression: failing, order: 'none', retry: soon },
    later: { trigger: 'later', expression: failing, order: 'none', retry: late },
    slow: { trigger: 'slow', expression: slow, concurrency: 1 },
    once: { trigger: 'once', expression: slow, effects: 'at-most-once' },
    over: { trigger: 'over', expression: slow, timeout: '1s', retry: soon },
    patient: { trigger: 'patient', expression: patient, retry: { attempts: 100, backoff: '1s' } },
    'tell-slow': { trigger: 'slow-failed', expression: 'fn(state => state)' },
    'tell-once': { trigger: 'once-failed', expression: 'fn(state => ({ why: state.error.type }))' },
  },
}

type Shown = Run & Readonly<{ attempts: number; starts: number; due_at: string | null; error_type: string | null }>

describe('runs that are tried again, cancelled, or executed once at most', () => {
  const opened = new AsyncDisposableStack()
  let fleet: Fleet

  beforeAll(async () => {
    const counts = { console: 1, ingress: 1, filter: 1, runner: 1, follow: 1, sink: 1 }
    fleet = opened.use(await startFleet({ counts, env: { DRAIN_SECONDS: '1' } }))
    await deploy(fleet, document)
    await fleet.agreed()
  }, 480_000)
  afterAll(() => opened.disposeAsync())

  const send = (body: object): Promise<string> => post(fleet, source, JSON.stringify(body))
  const runOf = async (message: string): Promise<Shown | undefined> =>
    (await fleet.json<{ items: readonly Shown[] }>(`/api/projects/clinic/runs?message_id=${message}`)).items[0]
  const untilShown = (message: string, status: string): Promise<Shown> =>
    until(
      async () => {
        const run = await runOf(message)
        return run?.status === status ? run : undefined
      },
      () => `the run of ${message} is ${status}\n${fleet.printed()}`,
    )
  const ended = async (message: string, count = 1): Promise<readonly Shown[]> =>
    (await endedRuns(fleet, 'clinic', { message, count })) as readonly Shown[]
  const cancel = async (id: string): Promise<Response> =>
    fleet.api(`/api/projects/clinic/runs/${id}/cancel`, { method: 'POST' })
  const newRunner = async (signal: NodeJS.Signals): Promise<void> => {
    const [runner] = fleet.of('runner')
    if (runner) await fleet.stop(runner, signal)
    await fleet.start('runner')
  }

  test.each(['soon', 'spread'])(
    'a run of %s that fails is tried again, and its end tells of both attempts',
    async (job) => {
      const [run] = await ended(await send({ job, key: 'a', fails: true }))
      expect(run).toMatchObject({ status: 'failed', attempts: 2, starts: 2, exit_code: 1, due_at: null })
    },
  )

  test('while it waits history says so, its key waits, and others go on', async () => {
    const first = await send({ job: 'late', key: 'a', fails: true })
    const waiting = await untilShown(first, 'waiting')
    expect(waiting).toMatchObject({ attempts: 1, error_type: 'Error' })
    expect(Date.parse(waiting.due_at ?? '')).toBeGreaterThan(0)
    const behind = await send({ job: 'late', key: 'a' })
    await ended(await send({ job: 'late', key: 'b' }))
    expect((await untilShown(behind, 'queued')).attempts).toBe(0)

    // A message of the run that waits, handed over in good order or not, is in nobody's way and still known.
    await newRunner('SIGTERM')
    await ended(await send({ job: 'late', key: 'c' }))
    await newRunner('SIGKILL')
    await deploy(fleet, { ...document, jobs: { ...document.jobs, late: { ...document.jobs.late, retry: soon } } })
    await ended(await send({ job: 'late', key: 'd' }))
    expect(await untilShown(first, 'waiting')).toMatchObject({ attempts: 1, due_at: waiting.due_at })

    expect((await cancel(waiting.id)).status).toBe(202)
    const [end] = await ended(first)
    expect(end).toMatchObject({
      status: 'cancelled',
      exit_code: 6,
      starts: 1,
      error: { message: 'cancelled by admin' },
    })
    expect((await ended(behind))[0]).toMatchObject({ status: 'success', attempts: 1 })
    expect((await cancel(waiting.id)).status).toBe(409)
  }, 240_000)

  test('where no order counts nobody waits for it, and it can be cancelled too', async () => {
    const first = await send({ job: 'later', key: 'a', fails: true })
    const waiting = await untilShown(first, 'waiting')
    await ended(await send({ job: 'later', key: 'a' }))
    expect((await cancel(waiting.id)).status).toBe(202)
    expect((await ended(first))[0]).toMatchObject({ status: 'cancelled', exit_code: 6 })
  })

  test('a run that runs, and one that waits behind it, end as cancelled, and nothing follows them', async () => {
    const messages = [await send({ job: 'slow', key: 'a', ms: 90_000 }), await send({ job: 'slow', key: 'a', ms: 1 })]
    const [running, queued] = [
      await untilShown(messages[0] ?? '', 'running'),
      await untilShown(messages[1] ?? '', 'queued'),
    ]
    expect((await cancel(queued.id)).status).toBe(202)
    expect((await ended(messages[1] ?? ''))[0]).toMatchObject({ status: 'cancelled', exit_code: 6, starts: 0 })
    expect((await runOf(messages[0] ?? ''))?.status).toBe('running')
    expect(await (await cancel(running.id)).json()).toEqual({ run_id: running.id, status: 'running' })
    expect((await ended(messages[0] ?? ''))[0]).toMatchObject({ status: 'cancelled', exit_code: 6, starts: 1 })
    await ended(await send({ job: 'slow', key: 'a' }))
    expect((await ended(messages[0] ?? '')).map(({ job }) => job)).toEqual(['slow'])
    const unknown = await cancel(source)
    expect([unknown.status, ((await unknown.json()) as { title: string }).title]).toEqual([404, 'Not Found'])
  })

  test('a run over its time is killed, and tried again', async () => {
    const [run] = await ended(await send({ job: 'over', key: 'a', ms: 60_000 }))
    expect(run).toMatchObject({ status: 'killed', exit_code: 2, attempts: 2, error: { name: 'TimeoutError' } })
  })

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'with effects at most once a run whose runner is ended by %s is unknown',
    async (signal) => {
      const message = await send({ job: 'once', key: 'a', ms: 90_000 })
      await untilShown(message, 'running')
      await newRunner(signal)
      const [run, told] = await ended(message, 2)
      expect(run).toMatchObject({
        status: 'unknown',
        exit_code: 11,
        starts: 1,
        attempts: 1,
        error: { name: 'LostError' },
      })
      expect(told).toMatchObject({ job: 'tell-once', status: 'success', final_state: { why: 'LostError' } })
    },
    240_000,
  )

  test('a runner that dies in a later attempt begins that one again', async () => {
    const message = await send({ job: 'patient', key: 'a', from: Date.now() + 3_000, ms: 10_000 })
    const { attempts } = await untilShown(message, 'running')
    expect(attempts).toBeGreaterThan(1)
    await newRunner('SIGKILL')
    expect((await ended(message))[0]).toMatchObject({ status: 'success', attempts, starts: attempts + 1 })
  }, 240_000)
})
