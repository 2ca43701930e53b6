import { openSandbox, type Sandbox } from '../processors/runner/sandbox/open.ts'
import { jobOf, run } from '../test/contracts/sandbox-jobs.ts'
import { noWorld } from '../test/fixtures/no-world.ts'
import type { Job } from '../topology/project/project.ts'
import { openClockedChild } from './clocked-child.ts'
import { cpuOf, processesOf, sumOf, usedBetween } from './cpu.ts'
import { event } from './event.ts'
import { type Cell, type Conditions, cellOf, inRounds, percentile, type Result } from './result.ts'

/** B4: a warm job is called with 1 KB, from the parent into the child and back. */
export async function b4({ short, seconds, rounds }: Conditions): Promise<Result> {
  const many = await manyAtOnce({ warmUp: short ? 2 : 10, seconds: seconds / 2, rounds })
  const calls = short ? 5_000 : 20_000
  const { one, few } = await callsInChild({ calls, rounds, oneCpu: false })
  const { one: onOneCpu } = await callsInChild({ calls, rounds, oneCpu: true })

  const cell = (of: 'given' | 'taken' | 'thereAndBack', p: number): Cell =>
    cellOf(
      one.map((times) => percentile(times[of], p)),
      'ms',
    )
  const cpu = (of: readonly Readonly<{ cpu: number }>[]): Cell =>
    cellOf(
      of.map((calls) => 1_000 * calls.cpu),
      'µs',
    )
  return {
    id: 'B4',
    conditions: `1 KB event in and back, one job. Rate and CPU: 64 calls in flight, ${rounds} rounds of ${seconds / 2} s, CPU of both processes, their garbage collection too. Overhead: one call at a time, ${calls} a round, in the real child from a frame read to its answer given to the kernel; what the job itself does (parse, run, stringify) is in it. With the write: until the kernel has taken it, and woken the parent`,
    cells: {
      'runs per CPU-second': cellOf(
        many.map(({ runs, parent, child }) => runs / (parent + child)),
        '/CPU-s',
      ),
      'CPU of the parent': cellOf(
        many.map(({ runs, parent }) => (1e6 * parent) / runs),
        'µs',
      ),
      'CPU of the child': cellOf(
        many.map(({ runs, child }) => (1e6 * child) / runs),
        'µs',
      ),
      'overhead in the child p50': cell('given', 50),
      'overhead in the child p99': cell('given', 99),
      'with the write p50': cell('taken', 50),
      'overhead with the child on one CPU p50': cellOf(
        onOneCpu.map(({ given }) => percentile(given, 50)),
        'ms',
      ),
      'there and back p50': cell('thereAndBack', 50),
      'there and back p99': cell('thereAndBack', 99),
      'CPU of the child, one at a time': cpu(one),
      'CPU of the child on one CPU, one at a time': cpu(onOneCpu),
      'CPU of the child, 16 in flight': cpu(few),
    },
  }
}

/** B4-cold: the first run of a job, with a warm spare for its isolate and without; and what warm isolates weigh. */
export async function b4Cold({ short, rounds }: Conditions): Promise<Result> {
  const count = short ? 10 : 50
  const measured = await inRounds(rounds, async () => {
    await using sandbox = await openSandbox({ version: 'bench' })
    await settled()
    const before = childRss()
    const spare = await firstRuns(sandbox, { count, memoryOf: () => 128 })
    await settled()
    const full = childRss()
    const none = await firstRuns(sandbox, { count, memoryOf: (at) => 129 + at })
    return { spare, none, weight: (full - before) / Math.min(count, 40), full }
  })
  const cell = (of: 'spare' | 'none', p: number): Cell =>
    cellOf(
      measured.map((round) => percentile(round[of].took, p)),
      'ms',
    )
  const megabytes = (of: 'weight' | 'full'): Cell =>
    cellOf(
      measured.map((round) => round[of] / 1e6),
      'MB',
    )
  const cpu = (of: 'spare' | 'none'): Cell =>
    cellOf(
      measured.map((round) => (1_000 * round[of].cpu) / count),
      'ms',
    )
  return {
    id: 'B4-cold',
    conditions: `${rounds} sandboxes, ${count} jobs each, ${apartMs} ms apart: of 128 MB, for which a spare is warm; each of a size of its own, for which none can be. A p99 of so few is their greatest. CPU of both processes for a job, with the spare that is made afterwards`,
    cells: {
      'first run p99': cell('none', 99),
      'first run p50': cell('none', 50),
      'first run with a warm spare p99': cell('spare', 99),
      'first run with a warm spare p50': cell('spare', 50),
      'CPU of a first run': cpu('none'),
      'CPU of a first run with a warm spare': cpu('spare'),
      'RSS of one warm isolate': megabytes('weight'),
      [`RSS of a child with ${Math.min(count, 40)} jobs`]: megabytes('full'),
    },
  }
}

/** A job that gives back what it got, and one thing more. */
const code = 'fn(state => ({ ...state, n: state.data.n + 1 }))'
const initial = { data: event, references: [] }
const state = JSON.stringify(initial)
const final = JSON.stringify({ ...initial, n: 2 })

const call = async (sandbox: Sandbox, job: Job): Promise<void> => {
  const outcome = await sandbox.run({ run, job, state, answer: noWorld }, new AbortController().signal)
  if (outcome.state !== final) throw new Error(`${outcome.error?.name}: ${outcome.error?.message}`)
}

type ManyAtOnce = Readonly<{ warmUp: number; seconds: number; rounds: number }>

/** CPU in seconds. */
const manyAtOnce = async ({ warmUp, seconds, rounds }: ManyAtOnce) => {
  await using sandbox = await openSandbox({ version: 'bench' })
  await runFor(sandbox, warmUp)
  return await inRounds(rounds, async () => {
    const before = cpuOf(process.pid)
    const runs = await runFor(sandbox, seconds)
    const used = usedBetween(before, cpuOf(process.pid))
    const child = used['sandbox'] ?? 0
    return { runs, child, parent: sumOf(used) - child }
  })
}

type CallsInChild = Readonly<{ calls: number; rounds: number; oneCpu: boolean }>

const callsInChild = async ({ calls, rounds, oneCpu }: CallsInChild) => {
  await using child = await openClockedChild({ code, state, final, oneCpu })
  await child.call({ calls: 2 * calls, inFlight: 1 })
  await child.call({ calls: 2 * calls, inFlight: 16 })
  const one = await inRounds(rounds, () => child.call({ calls, inFlight: 1 }))
  const few = await inRounds(rounds, () => child.call({ calls, inFlight: 16 }))
  return { one, few }
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

/** More than it takes until there is a spare again. */
const apartMs = 250

type FirstRuns = Readonly<{ count: number; memoryOf: (at: number) => number }>

/** Times in milliseconds, and seconds of CPU. */
const firstRuns = async (sandbox: Sandbox, wanted: FirstRuns) => {
  const cpu = cpuOf(process.pid)
  const took: number[] = []
  for (let at = 0; at < wanted.count; at++) {
    const job = jobOf(`${code} // ${++jobs}`, { memoryMb: wanted.memoryOf(at) })
    const begun = performance.now()
    await call(sandbox, job)
    took.push(performance.now() - begun)
    await new Promise((resolve) => setTimeout(resolve, apartMs))
  }
  return { took, cpu: sumOf(usedBetween(cpu, cpuOf(process.pid))) }
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_000))

const childRss = (): number =>
  processesOf(process.pid).reduce((sum, { name, rss }) => sum + (name === 'sandbox' ? rss : 0), 0)
