import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listMessages, readMessage } from '../../sinks/clickhouse/read/messages.ts'
import { listRuns } from '../../sinks/clickhouse/read/runs.ts'
import { messageRows, type Row, runEventRows } from '../../sinks/clickhouse/rows.ts'
import type { Store } from '../../topology/flow/ports.ts'
import { intakeRecord, parseIntake } from '../../topology/wire/intake.ts'
import type { RunEvent, RunFacts } from '../../topology/wire/runs.ts'
import { newMessageId } from '../../topology/words/ids.ts'
import { type EndStatus, endStatuses } from '../../topology/words/run.ts'
import { openDatabase, putRows } from '../fixtures/database.ts'
import { finished, incoming, matched, message, runFacts, started } from '../fixtures/records.ts'

let store: Store
beforeAll(async () => {
  store = await openDatabase()
})
afterAll(() => store[Symbol.asyncDispose]())

const put = (rows: readonly Row[]): Promise<void> => putRows(store, rows)

/** `of`: the run before it in the list that it follows, or repeats. */
type Run = Readonly<{ state: 'queued' | 'running' | EndStatus; of: number | null; how: 'parent_run_id' | 'retry_of' }>
type Story = Readonly<{ ago: number; seen: boolean; runs: readonly Run[]; word: boolean }>

/** What `semantics.md` 5 says, in plain JavaScript. */
const statusOf = ({ seen, runs }: Story): string | null => {
  if (runs.some(({ state }) => state === 'queued' || state === 'running')) return 'running'
  if (runs.length === 0) return seen ? 'unmatched' : null
  const leaves = runs.filter((_, at) => !runs.some(({ of }) => of === at)).map(({ state }) => state)
  return (
    ['crashed', 'killed', 'unknown', 'failed', 'cancelled', 'success'].find((each) =>
      leaves.includes(each as EndStatus),
    ) ?? null
  )
}

/** The rows of a message and its runs, in the order in which they come. */
const told = ({ ago, seen, runs, word }: Story, { project, newest }: Readonly<{ project: string; newest: number }>) => {
  const at = newest - ago
  const text = word ? 'zinc and salt' : 'salt and zinc'
  const taken = message({ project, id: newMessageId(at), body: Buffer.from(text) })
  const facts: RunFacts[] = []
  for (const [n, { of, how }] of runs.entries()) {
    const before = of === null ? {} : { [how]: facts[of]?.run_id }
    facts.push(runFacts(taken.id, { project, job: `j${n}`, queued_at: new Date(at).toISOString(), ...before }))
  }
  const log = [{ time: new Date(at).toISOString(), level: 'info', source: 'job', message: text } as const]
  const events = facts.flatMap((of, n): readonly RunEvent[] => {
    const state = runs[n]?.state ?? 'queued'
    if (state === 'queued') return []
    return state === 'running' ? [started(of)] : [started(of), finished(of, { status: state, log })]
  })
  const rowsOf = (events: readonly RunEvent[], from: number): readonly Row[] =>
    events.flatMap((event, n) => runEventRows(event, { offset: BigInt(from + n), timestamp: at }))
  const first = rowsOf(seen ? [{ ...matched(taken.id, facts), project }] : [], 0)
  const early = [...messageRows(parseIntake(incoming(intakeRecord(taken), { timestamp: at }))), ...first]
  return { id: taken.id, at, runs: facts.map(({ run_id }) => run_id), early, late: rowsOf(events, 1) }
}

const hour = 3_600_000
// At, and a millisecond beside, where the steps meet in which a list looks back; several at one time.
const ago = fc.constantFrom(0, 0, 1, hour - 1, hour, hour, hour + 1, 100 * hour, 100 * hour, 100 * hour + 1, 500 * hour)
const run = (at: number): fc.Arbitrary<Run> =>
  fc.record({
    state: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...endStatuses) }, fc.constantFrom('queued', 'running')),
    of: at === 0 ? fc.constant(null) : fc.option(fc.nat(at - 1)),
    how: fc.constantFrom('parent_run_id', 'retry_of'),
  })
const runs = fc.oneof(fc.constant([]), fc.tuple(run(0)), fc.tuple(run(0), run(1)), fc.tuple(run(0), run(1), run(2)))
const story: fc.Arbitrary<Story> = fc
  .record({ ago, seen: fc.boolean(), runs, word: fc.boolean() })
  .map((one) => ({ ...one, seen: one.seen || one.runs.length > 0 }))

test('lists by status, and by a phrase, hold what a plain look at each thing says, in order, however they are paged', async () => {
  const property = fc.asyncProperty(
    fc.array(story, { minLength: 5, maxLength: 40 }),
    fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(100)),
    fc.constantFrom<'now' | 'to'>('to', 'now', 'to'),
    async (stories, limit, bound) => {
      const project = `p${randomUUID().slice(0, 8)}`
      const newest = Date.now() - (bound === 'to' ? 40 * 24 * hour : 0)
      const all = stories.map((one) => ({ ...one, ...told(one, { project, newest }), status: statusOf(one) }))
      await put(all.flatMap(({ early }) => early))
      await put(all.flatMap(({ late }) => late))
      const range = bound === 'to' ? { to: new Date(newest) } : {}
      const newestFirst = <Item extends { at: number; id: string }>(items: readonly Item[]): readonly string[] =>
        items.toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)).map(({ id }) => id)
      const whole = async (list: typeof listMessages | typeof listRuns, filter: object): Promise<readonly string[]> => {
        const ids: string[] = []
        let after: string | undefined
        do {
          const page = await list(store, { project, limit, ...range, ...filter, ...(after && { after }) })
          expect(page.items.length).toBeLessThanOrEqual(limit)
          ids.push(...page.items.map(({ id }) => id))
          after = page.next ?? undefined
        } while (after)
        return ids
      }
      for (const status of [...endStatuses, 'running', 'unmatched'])
        expect(await whole(listMessages, { status })).toEqual(newestFirst(all.filter((one) => one.status === status)))
      expect(await whole(listMessages, {})).toEqual(newestFirst(all))
      expect(await whole(listMessages, { text: '"zinc and salt"' })).toEqual(
        newestFirst(all.filter(({ word }) => word)),
      )
      const ended = all.flatMap(({ at, word, runs: ids }, n) =>
        ids.map((id, place) => ({ id, at, word, state: stories[n]?.runs[place]?.state })),
      )
      const found = ended.filter(({ word, state }) => word && state !== 'queued' && state !== 'running')
      expect(await whole(listRuns, { text: '"zinc and salt"' })).toEqual(newestFirst(found))
      for (const { id, status } of all) expect((await readMessage(store, { project, id }))?.status).toBe(status)
    },
  )
  await fc.assert(property, { numRuns: 5 })
})
