import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deadLetterRow, messageRows, type Row, runEventRows } from '../../sinks/clickhouse/rows.ts'
import type { Fault } from '../../topology/flow/fault.ts'
import type { Store } from '../../topology/flow/ports.ts'
import { deadLetterRecord } from '../../topology/wire/dead-letters.ts'
import { intakeRecord, parseIntake } from '../../topology/wire/intake.ts'
import type { MessageId } from '../../topology/words/ids.ts'
import { openDatabase, putRows } from '../fixtures/database.ts'
import { type Doors, openDoors } from '../fixtures/doors.ts'
import { finished, incoming, message, runFacts, started } from '../fixtures/records.ts'

type Page = Readonly<{ items: readonly Readonly<{ id: string }>[]; next: string | null }>

describe('history over HTTP', () => {
  let store: Store
  let doors: Doors
  beforeAll(async () => {
    store = await openDatabase()
    doors = await openDoors({ store })
  })
  afterAll(async () => {
    await doors?.[Symbol.asyncDispose]()
    await store?.[Symbol.asyncDispose]()
  })
  const put = (rows: readonly Row[]): Promise<void> => putRows(store, rows)

  /** A message that came so many milliseconds ago, with a queued run of each job. */
  const arrival = (project: string, ago: number, now: number) => {
    const taken = message({ project })
    const facts = runFacts(taken.id, { project, queued_at: new Date(now - ago).toISOString() })
    const rows = messageRows(parseIntake(incoming(intakeRecord(taken), { timestamp: now - ago })))
    const queued = {
      event: 'matched',
      project,
      message_id: taken.id,
      replay: '',
      triggers: [],
      runs: [facts],
      definitions: '0',
    } as const
    return { id: taken.id, facts, rows: [...rows, ...runEventRows(queued, { offset: 0n, timestamp: now })] }
  }

  /** Reads a list to its end; `meanwhile` happens between any two pages. */
  const walk = async (path: string, meanwhile: (page: number) => Promise<void>): Promise<readonly string[]> => {
    const seen: string[] = []
    let after = ''
    for (let page = 0; ; page++) {
      const answer = await doors.api(`${path}${after}`)
      const { items, next } = (await answer.json()) as Page
      seen.push(...items.map(({ id }) => id))
      if (next === null) return seen
      after = `&after=${next}`
      await meanwhile(page)
    }
  }

  // Times of few kinds, so that many rows share one; some lie a day back, beyond the first steps in which a list looks back.
  const ago = fc.constantFrom(-5_000, 0, 0, 1, 1, 2, 3_600_000, 3_600_001, 86_400_000, 2_000_000_000)
  test.each(['messages', 'runs'])(
    'pages of %s show each row once, whatever comes and changes meanwhile',
    async (list) => {
      const property = fc.asyncProperty(
        fc.array(ago, { minLength: 1, maxLength: 40 }),
        fc.array(fc.array(ago, { maxLength: 3 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        async (before, during, limit) => {
          const project = `p${randomUUID().slice(0, 8)}`
          await doors.deploy({ name: project })
          const now = Date.now()
          const there = before.map((each) => arrival(project, each, now))
          await put(there.flatMap(({ rows }) => rows))
          const later: string[] = []
          const seen = await walk(`/api/projects/${project}/${list}?limit=${limit}`, async (page) => {
            const come = (during[page % during.length] ?? []).map((each) => arrival(project, each, now))
            const { facts } = there[page % there.length] ?? {}
            if (page < 20) await put(come.flatMap(({ rows }) => rows))
            later.push(...come.map((each) => (list === 'runs' ? each.facts.run_id : each.id)))
            const events = facts === undefined ? [] : [started(facts), finished(facts)]
            await put(
              events.flatMap((event, n) => runEventRows(event, { offset: BigInt(page * 2 + n), timestamp: now })),
            )
          })
          const ids = there.map((each): string => (list === 'runs' ? each.facts.run_id : each.id))
          expect(seen.length).toBe(new Set(seen).size)
          expect(seen.filter((id) => !later.includes(id)).toSorted()).toEqual(ids.toSorted())
        },
      )
      await fc.assert(property, { numRuns: 5 })
    },
  )

  test('a dead letter leads to its message and its run, and has its value whole', async () => {
    await doors.deploy({ name: 'clinic' })
    const id = message().id as MessageId
    const { run_id } = runFacts(id)
    const letterOf = (offset: bigint, value: Buffer) =>
      deadLetterRow(
        incoming(
          deadLetterRecord({
            reason: 'stage-broke',
            detail: 'TypeError: no',
            stage: 'runner',
            project: 'clinic',
            message: id,
            run: run_id,
            record: {
              topic: 'penstock.job.clinic.register',
              partition: 3,
              offset,
              timestamp: Date.now(),
              key: Buffer.from('k'),
              value,
              headers: new Map([['x-a', Buffer.from('1')]]),
            },
          }),
          { timestamp: Date.now(), offset },
        ),
      )
    const long = 'x'.repeat(300_000)
    const rows = [letterOf(1n, Buffer.from(long)), letterOf(2n, Buffer.from([255, 0]))]
    await put(rows)
    const [first, second] = rows.map((row) => row.id)
    const listed = (await (await doors.api('/api/projects/clinic/dead-letters')).json()) as Page
    expect(listed.items).toHaveLength(2)
    expect(listed.items.find((item) => item.id === first)).toMatchObject({ value: null, size: 300_000 })
    expect(await (await doors.api(`/api/projects/clinic/dead-letters/${first?.toUpperCase()}`)).json()).toMatchObject({
      reason: 'stage-broke' satisfies Fault['code'],
      stage: 'runner',
      message_id: id,
      run_id,
      topic: 'penstock.job.clinic.register',
      partition: 3,
      offset: 1,
      key: 'k',
      headers: { 'x-a': '1' },
      value: long,
      value_encoding: 'utf8',
    })
    expect(await (await doors.api(`/api/projects/clinic/dead-letters/${second}`)).json()).toMatchObject({
      value: '/wA=',
      value_encoding: 'base64',
    })
    expect((await doors.api(`/api/projects/clinic/dead-letters/${id}`)).status).toBe(404)
  })
})
