import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { openSandbox, type Sandbox } from '../processors/runner/sandbox/open.ts'
import { jobOf, run } from '../test/contracts/sandbox-jobs.ts'
import type { Job } from '../topology/project/project.ts'
import { cpuOf, processesOf, sumOf, usedBetween } from './cpu.ts'
import { event } from './event.ts'
import { type Cell, type Conditions, cellOf, inRounds, percentile, type Result } from './result.ts'

/** B4: a warm job is called with 1 KB, from the parent into the child and back. CPU is that of both processes. */
export async function b4({ short, seconds, rounds }: Conditions): Promise<Result> {
  await using sandbox = await openSandbox({ version: 'bench' })
  await runFor(sandbox, short ? 2 : 10)

  const measured = await inRounds(rounds, async () => {
    const before = cpuOf(process.pid)
    const runs = await runFor(sandbox, seconds / 2)
    return { runs, used: usedBetween(before, cpuOf(process.pid)) }
  })
  const overhead = await inRounds(rounds, () => overheadInChild(short ? 2_000 : 20_000))
  return {
    id: 'B4',
    conditions: `1 KB event in and back, one job, 64 calls in flight, ${rounds} rounds of ${seconds / 2} s; overhead: one call at a time, from the frame to the outcome`,
    cells: {
      'runs per CPU-second': cellOf(
        measured.map(({ runs, used }) => runs / sumOf(used)),
        '/CPU-s',
      ),
      'CPU of the parent': cellOf(
        measured.map(({ runs, used }) => (1e6 * (sumOf(used) - (used['sandbox'] ?? 0))) / runs),
        'µs',
      ),
      'CPU of the child': cellOf(
        measured.map(({ runs, used }) => (1e6 * (used['sandbox'] ?? 0)) / runs),
        'µs',
      ),
      'overhead in the child p50': cellOf(
        overhead.map(({ p50 }) => p50),
        'ms',
      ),
      'overhead in the child p99': cellOf(
        overhead.map(({ p99 }) => p99),
        'ms',
      ),
    },
  }
}

/** B4-cold: the first run of a job, with a warm spare for its isolate and without; and what a warm isolate weighs. */
export async function b4Cold({ short, rounds }: Conditions): Promise<Result> {
  const count = short ? 5 : 50
  const measured = await inRounds(rounds, async () => {
    await using sandbox = await openSandbox({ version: 'bench' })
    await settled()
    const before = childRss()
    const spare = await firstRuns(sandbox, { count, memoryOf: () => 128 })
    await settled()
    const weight = (childRss() - before) / Math.min(count, 40) / 1e6
    return { spare, weight, none: await firstRuns(sandbox, { count, memoryOf: (at) => 129 + at }) }
  })
  const cell = (of: 'spare' | 'none', p: number): Cell =>
    cellOf(
      measured.map((round) => percentile(round[of], p)),
      'ms',
    )
  return {
    id: 'B4-cold',
    conditions: `${rounds} sandboxes, ${count} jobs each, 400 ms apart: of 128 MB, for which a spare is warm; each of a size of its own, for which none can be. A p99 of so few is their greatest`,
    cells: {
      'first run p99': cell('none', 99),
      'first run p50': cell('none', 50),
      'first run with a warm spare p99': cell('spare', 99),
      'first run with a warm spare p50': cell('spare', 50),
      'RSS of one warm isolate': cellOf(
        measured.map(({ weight }) => weight),
        'MB',
      ),
    },
  }
}

/** A job that gives back what it got, and one thing more. */
const code = 'fn(state => ({ ...state, n: state.data.n + 1 }))'
const initial = { data: event, references: [] }
const state = JSON.stringify(initial)
const final = JSON.stringify({ ...initial, n: 2 })

const call = async (sandbox: Sandbox, job: Job): Promise<void> => {
  const outcome = await sandbox.run({ run, job, state }, new AbortController().signal)
  if (outcome.state !== final) throw new Error(`${outcome.error?.name}: ${outcome.error?.message}`)
}

const runFor = async (sandbox: Sandbox, seconds: number): Promise<number> => {
  const job = jobOf(code)
  const end = performance.now() + 1_000 * seconds
  let runs = 0
  const loop = async (): Promise<void> => {
    for (; performance.now() < end; runs++) await call(sandbox, job)
  }
  await Promise.all(Array.from({ length: 64 }, loop))
  return runs
}

let jobs = 0

/** More than it takes to make a spare. */
const apartMs = 400

type FirstRuns = Readonly<{ count: number; memoryOf: (at: number) => number }>

const firstRuns = async (sandbox: Sandbox, wanted: FirstRuns): Promise<number[]> => {
  const took: number[] = []
  for (let at = 0; at < wanted.count; at++) {
    const job = jobOf(`${code} // ${++jobs}`, { memoryMb: wanted.memoryOf(at) })
    const begun = performance.now()
    await call(sandbox, job)
    took.push(performance.now() - begun)
    await new Promise((resolve) => setTimeout(resolve, apartMs))
  }
  return took
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_000))

const childRss = (): number =>
  processesOf(process.pid).reduce((sum, { name, rss }) => sum + (name === 'sandbox' ? rss : 0), 0)

/** What one call costs in a process like the child, without the pipe: `child-overhead.ts`. */
const overheadInChild = async (calls: number): Promise<Readonly<{ p50: number; p99: number }>> => {
  const file = resolve(import.meta.dirname, 'child-overhead.ts')
  const child = spawn(process.execPath, ['--no-node-snapshot', file, String(calls)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`child-overhead ended with ${code}`)
  return JSON.parse(printed) as { p50: number; p99: number }
}
