import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSandbox } from '../../processors/runner/sandbox/open.ts'
import type { Job } from '../../topology/project/project.ts'
import type { Outcome } from '../../topology/words/run.ts'
import { noWorld } from '../fixtures/no-world.ts'
import { childrenOf } from './sandbox-children.ts'
import { endOf, type HostileJob, hostileJobs, orCalm } from './sandbox-hostile-jobs.ts'
import { jobOf, run } from './sandbox-jobs.ts'

// A process of its own, in which nothing else is that could grow.

/** What this process prints: how each job ended, and the runs beside it, each time; and what it held before and after. */
export type Told = Readonly<{ ends: Readonly<Record<string, readonly Ends[]>>; before: Held; after: Held }>

/** `neighbours`: the ends of those that should have succeeded, and have not. */
export type Ends = Readonly<{ end: string; neighbours: readonly string[] }>

/** What stays behind if somebody forgets it. */
type Held = Readonly<{
  children: number
  /** Timers, pipes and processes, by name. */
  resources: readonly string[]
  listeners: number
  heapMb: number
  childrenMb: number
}>

const { signal } = new AbortController()
await using sandbox = await openSandbox({ version: '1' })
const start = (job: Job, state: unknown): Promise<Outcome> =>
  sandbox.run({ run, job, state: JSON.stringify(state), answer: noWorld }, signal)

const slow = jobOf('fn((s) => new Promise((resolve) => setTimeout(resolve, 200, s.id)))')
const quick = jobOf('fn((s) => s.id)')
const ends: Record<string, Ends[]> = {}

/** The neighbours are there before and come after; some are runs of the same job. */
const tryBeside = async (hostile: HostileJob): Promise<void> => {
  const calm = orCalm(hostile)
  const job = jobOf(calm ?? hostile.code, hostile.changes)
  const calmRuns = calm === undefined ? [] : [{ job, state: { calm: 'calm' } }]
  const early = [...calmRuns, { job: slow, state: { id: 'calm' } }].map((one) => start(one.job, one.state))
  const culprit = start(job, {})
  const late = [...calmRuns, { job: quick, state: { id: 'calm' } }].map((one) => start(one.job, one.state))
  const end = endOf(await culprit)
  const beside = await Promise.all([...early, ...late])
  const neighbours = beside.filter(({ state }) => state !== '"calm"').map(endOf)
  ends[hostile.name] = [...(ends[hostile.name] ?? []), { end, neighbours }]
}

const tryAll = async (jobs: readonly HostileJob[]): Promise<void> => {
  const waiting = [...jobs]
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await tryBeside(next)
  }
  await Promise.all(Array.from({ length: 4 }, worker))
}

const heldNow = (): Held => {
  globalThis.gc?.()
  return {
    children: childrenOf(process.pid).length,
    resources: process.getActiveResourcesInfo().filter(isKept).toSorted(),
    listeners: getEventListeners(signal, 'abort').length + process.eventNames().length,
    heapMb: process.memoryUsage().heapUsed / 1e6,
    childrenMb: sandbox.state().memoryBytes / 1e6,
  }
}

/** What comes and goes by itself: a write on its way, the pipe that this is printed to. */
const isKept = (resource: string): boolean => !/Req|TTY|Immediate/.test(resource)

/** Processes that had a run alone stay a while for the next one. */
const heldAtRest = async (like?: Held): Promise<Held> => {
  for (let tries = 0; tries < 300; tries++) {
    const held = heldNow()
    const isAtRest = like ? held.resources.join() === like.resources.join() : !held.resources.includes('Timeout')
    if (isAtRest && held.children === 2) return held
    await sleep(100)
  }
  return heldNow()
}

await tryAll(hostileJobs.filter(({ end }) => !end.startsWith('killed')))
const before = await heldAtRest()
await tryAll(hostileJobs)
const after = await heldAtRest(before)
console.log(JSON.stringify({ ends, before, after } satisfies Told))
