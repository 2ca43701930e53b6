import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openKafka } from '../../infra/kafka/open.ts'
import type { MessageLog } from '../../topology/flow/ports.ts'
import { foldDefinitions } from '../../topology/project/fold.ts'
import type { Project } from '../../topology/project/project.ts'
import { definitionsTopic, runsTopic } from '../../topology/topics.ts'
import { jobRecord } from '../../topology/wire/job.ts'
import { type Finished, type Matched, parseRunRecord, type RunEvent } from '../../topology/wire/runs.ts'
import { all } from '../contracts/message-log.ts'
import { deploy, houseName, post, startHouse } from '../fixtures/house.ts'
import { type Penstock, until } from '../fixtures/penstock.ts'
import { requested } from '../fixtures/records.ts'
import { silent } from '../fixtures/silent.ts'

const name = houseName()
const source = '018f2b1c-0000-7000-8000-0000000de910'
let houses: readonly Penstock[] = []
let log: MessageLog
const closing = new AbortController()

beforeAll(async () => {
  log = await openKafka({
    brokers: [inject('kafkaBrokers')],
    clientId: 'deploys',
    prefix: `${name}.`,
    replication: 1,
    partitions: { intake: 2, job: 2 },
    embedded: true,
    logger: silent,
  })
  // Two processes with all roles each: two members of every group.
  houses = await Promise.all([1, 2].map(() => startHouse({ env: { JOB_PARTITIONS: '2' } }, name)))
  void watch(closing.signal)
}, 240_000)
afterAll(async () => {
  closing.abort()
  await Promise.all(houses.map((house) => house[Symbol.asyncDispose]()))
  await log?.[Symbol.asyncDispose]()
})

const house = (n: number): Penstock => houses[n % houses.length] as Penstock

type Seen = Readonly<{ event: RunEvent; partition: number; key: string | undefined }>

/** All events of runs so far, in the order of each partition, and how many runs of each message have ended. */
const seen: Seen[] = []
const ended = new Map<string, number>()

const watch = async (signal: AbortSignal): Promise<void> => {
  for await (const item of log.tail(runsTopic, signal)) {
    if (item.kind === 'caught-up') continue
    const event = parseRunRecord(item.record)
    seen.push({ event, partition: item.record.partition, key: item.record.key?.toString() })
    if (event.event === 'finished') ended.set(event.message_id, (ended.get(event.message_id) ?? 0) + 1)
  }
}

const untilEnded = (message: string, count: number): Promise<boolean> =>
  until(() => (ended.get(message) ?? 0) >= count, `message ${message} has ${count} ended runs`)

const endsOf = (project: string): readonly Finished[] =>
  seen.flatMap(({ event }) => (event.event === 'finished' && event.project === project ? [event] : []))

/** What was in force of a project after each record of `definitions`. */
const inForceOf = async (project: string): Promise<(offset: string) => Project> => {
  const fold = foldDefinitions()
  const states: (Project | undefined)[] = []
  for (const record of await all(log, definitionsTopic)) {
    fold.apply(record)
    states[Number(record.offset)] = fold.projects().get(project)?.project
  }
  return (offset) => {
    const project = states[Number(offset)]
    if (!project) throw new Error(`nothing was in force at ${offset}`)
    return project
  }
}

describe('many writers of one project', () => {
  test('of ten at once one wins each version, and the others are told which one is in force', async () => {
    const document = (description: string) => ({ name: 'contested', description })
    let version = (await deploy(house(0), document('first'))).deploy
    for (let round = 0; round < 4; round++) {
      const base = `"${version}"`
      const writers = Array.from({ length: 10 }, async (_, n) => {
        const based = n % 2 === 0 ? { 'if-match': base } : {}
        const answer = await house(n).api('/api/projects/contested', {
          method: 'PUT',
          headers: { 'content-type': 'application/json', ...based },
          body: JSON.stringify(document(`${round} ${n}`)),
        })
        const { deploy } = (await answer.json()) as { deploy: number }
        return { based: n % 2 === 0, status: answer.status, deploy, etag: answer.headers.get('etag') }
      })
      const answers = await Promise.all(writers)
      const winners = answers.filter(({ status }) => status === 200)
      // Who names no version builds on what is in force when it is read, so more than one of those may win: each its own version.
      const last = version + winners.length
      expect(winners.map(({ deploy }) => deploy).toSorted((a, b) => a - b)).toEqual(
        winners.map((_, n) => version + 1 + n),
      )
      expect(winners.filter(({ based }) => based).map(({ deploy }) => deploy)).toEqual(
        winners.some(({ based }) => based) ? [version + 1] : [],
      )
      for (const { status, deploy, etag } of answers) {
        expect([200, 409]).toContain(status)
        expect(etag).toBe(`"${deploy}"`)
        expect(deploy).toBeGreaterThan(version)
        expect(deploy).toBeLessThanOrEqual(last)
      }
      version = last
      for (const one of houses)
        await until(
          async () => (await one.api('/api/projects/contested')).headers.get('etag') === `"${version}"`,
          `version ${version} is in force`,
        )
    }
  })
})

describe('twenty deploys under load', () => {
  const keys = ['a', 'b', 'c', 'd', 'e', 'f']
  const deploys = 20
  const inHand = 5
  const sent: Readonly<{ id: string; key: string; n: number }>[] = []
  let assignmentsBefore: readonly number[]
  let assignmentsAfter: readonly number[]

  /** Each deploy changes both triggers and both jobs, and adds a job. */
  const document = (version: number) => ({
    name: 'busy',
    sources: { inbox: { type: 'webhook', id: source, key: '$.key' } },
    triggers: {
      [`one-${version}`]: { type: 'message', filter: { kind: 'load' } },
      [`two-${version}`]: { type: 'message', filter: { kind: 'load' } },
      ...Object.fromEntries(
        Array.from({ length: version }, (_, n) => [`only-${n}`, { type: 'message', filter: { only: n } }]),
      ),
    },
    jobs: {
      one: { trigger: `one-${version}`, expression: `fn(state => ({ ...state.data, version: ${version} }))` },
      two: { trigger: `two-${version}`, expression: `fn(state => ({ ...state.data, version: ${version} }))` },
      ...Object.fromEntries(
        Array.from({ length: version }, (_, n) => [
          `job-${n}`,
          { trigger: `only-${n}`, expression: `fn(state => ({ only: ${n} }))` },
        ]),
      ),
    },
  })

  const assignments = (group: string): Promise<readonly number[]> =>
    Promise.all(
      houses.map(async ({ url }) => {
        const text = await (await fetch(`${url}/metrics`)).text()
        const found = new RegExp(`^penstock_consumer_rebalances_total\\{group="${group}"\\} (\\d+)`, 'm').exec(text)
        return Number(found?.[1] ?? Number.NaN)
      }),
    )

  beforeAll(async () => {
    await deploy(house(0), document(0))
    // Work for each key goes on, one message after another through both doors: in this order they lie in the intake. Some are always on their way.
    let loading = true
    const load = keys.map(async (key) => {
      const own: string[] = []
      for (let n = 0; loading; n++) {
        await untilEnded(own[n - inHand] ?? '', n < inHand ? 0 : 2)
        own.push(await post(house(n), source, JSON.stringify({ kind: 'load', key, n })))
        sent.push({ id: own[n] ?? '', key, n })
      }
      for (const id of own) await untilEnded(id, 2)
    })
    await until(() => sent.length >= 3 * inHand * keys.length, 'the load goes on')
    assignmentsBefore = await assignments('runner')
    for (let version = 1; version <= deploys; version++) {
      await deploy(house(0), document(version))
      const id = await post(house(version), source, JSON.stringify({ only: version - 1, key: 'new' }))
      await untilEnded(id, 1)
    }
    loading = false
    await Promise.all(load)
    assignmentsAfter = await assignments('runner')
  }, 300_000)

  test('every run is executed once and ends well', async () => {
    const ends = endsOf('busy')
    expect(ends.filter(({ status, starts }) => status !== 'success' || starts !== 1)).toEqual([])
    expect(new Set(ends.map(({ run_id }) => run_id)).size).toBe(ends.length)
    expect(ends.length).toBe(2 * sent.length + deploys)
  })

  test('messages of one key have run in order', async () => {
    const numberOf = new Map(sent.map(({ id, n }) => [id, n]))
    const ends = endsOf('busy')
    for (const job of ['one', 'two'])
      for (const key of keys) {
        const order = ends
          .filter((end) => end.job === job && end.key === key)
          .map((end) => numberOf.get(end.message_id))
        expect(order).toEqual(sent.filter((one) => one.key === key).map(({ n }) => n))
      }
  })

  test('a deploy costs each member of the group no more than two assignments', () => {
    for (const [member, before] of assignmentsBefore.entries())
      expect((assignmentsAfter[member] ?? Number.NaN) - before).toBeLessThanOrEqual(2 * deploys)
  })

  test('each takes effect at one point of each partition, whole: triggers, jobs and code are of one version', async () => {
    const inForce = await inForceOf('busy')
    const matched = seen.flatMap(({ event, partition, key }) =>
      event.event === 'matched' && event.project === 'busy' && key !== 'new' ? [{ event, partition }] : [],
    )
    expect(matched.length).toBe(sent.length)
    const versions = new Set<string>()
    const place = new Map<number, bigint>()
    for (const { event, partition } of matched) {
      const definitions = BigInt(event.definitions)
      expect(definitions).toBeGreaterThanOrEqual(place.get(partition) ?? 0n)
      place.set(partition, definitions)
      expect(wanted(event)).toEqual(wantedBy(inForce(event.definitions)))
      versions.add(event.triggers.join())
    }
    expect(versions.size).toBeGreaterThan(deploys / 2)

    const ends = endsOf('busy').filter(({ key }) => key !== 'new')
    expect(ends.map(({ job_version }) => job_version)).toEqual(
      ends.map(({ job, definitions }) => inForce(definitions).jobs.get(job)?.version),
    )
    expect(ends.map(codeVersion)).toEqual(ends.map(({ job_version }) => job_version - 1))
  })

  test('a role that starts after fifty deploys reads all of them before it works', async () => {
    for (let n = deploys; n < 50; n++) await deploy(house(0), { ...document(deploys), description: `deploy ${n}` })
    const late = await startHouse({ env: { JOB_PARTITIONS: '2' } }, name)
    const before = houses
    houses = [late]
    await Promise.all(before.map((one) => one[Symbol.asyncDispose]()))
    const id = await post(late, source, JSON.stringify({ kind: 'load', key: 'a', n: -1 }))
    await untilEnded(id, 2)
    const events = seen.flatMap(({ event }) => (event.event !== 'started' && event.message_id === id ? [event] : []))
    const last = (await all(log, definitionsTopic)).at(-1)
    expect(events.map(({ definitions }) => definitions)).toEqual(events.map(() => String(last?.offset)))
    expect(events).toHaveLength(3)
  })

  test('a request that names definitions that the runner has not read yet waits for them', async () => {
    const last = (await all(log, definitionsTopic)).at(-1)?.offset ?? 0n
    const early = requested({ project: 'busy', job: 'job-0', definitions: last + 1n, key: 'early' })
    await log.append([jobRecord(early)])
    const ran = () => endsOf('busy').some(({ run_id }) => run_id === early.run)
    const other = await post(house(0), source, JSON.stringify({ only: 0, key: 'other' }))
    await untilEnded(other, 1)
    expect(ran()).toBe(false)
    await deploy(house(0), { ...document(deploys), description: 'what it waits for' })
    await until(ran, 'it has run')
  })
})

/** Which triggers matched, and which jobs in which versions are to run for it. */
const wanted = ({ triggers, runs }: Matched) => ({
  triggers: triggers.toSorted(),
  jobs: runs.map(({ job, job_version, trigger }) => `${job} ${job_version} ${trigger}`).toSorted(),
})
const wantedBy = ({ triggers, jobs }: Project): ReturnType<typeof wanted> => {
  const names = [...triggers.keys()].filter((trigger) => /^(one|two)-/.test(trigger)).toSorted()
  return {
    triggers: names,
    jobs: [...jobs.values()]
      .flatMap(({ name, version, triggers: [trigger] }) =>
        names.includes(trigger ?? '') ? [`${name} ${version} ${trigger}`] : [],
      )
      .toSorted(),
  }
}

/** What the code that ran has written of itself. */
const codeVersion = ({ final_state }: Finished): number => (final_state as { version: number }).version
