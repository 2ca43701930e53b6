import { freePort } from '../test/fixtures/penstock.ts'
import { measure } from './b1.ts'
import { sharesOf } from './cpu.ts'
import { load, startWithJob } from './house.ts'
import { partOf } from './parts.ts'
import { openProfiler, type Profile } from './profiler.ts'
import { type Cell, type Conditions, cellOf, type Result } from './result.ts'

/** profile: where the CPU time of one message goes, under the load of B1. The main process by part of the house, the others whole. */
export async function profile({ warmUpSeconds, seconds }: Conditions): Promise<Result> {
  const port = await freePort()
  const command = [process.execPath, ...process.execArgv, `--inspect=127.0.0.1:${port}`, 'infra/up.ts']
  await using penstock = await startWithJob({ command })
  await load(penstock, { connections: 200, seconds: warmUpSeconds })

  await using profiler = await openProfiler(port)
  await profiler.start()
  const { messages, used } = await measure(penstock, { connections: 200, seconds })
  const parts = sharesByPart(await profiler.stop())

  const micros = (cpuSeconds: number): Cell => cellOf([(1e6 * cpuSeconds) / messages], 'µs')
  const { penstock: main = 0, ...others } = used
  const rows = [
    ...[...withoutCrumbs(parts)]
      .map(([part, share]) => [part, share * main] as const)
      .toSorted(([, a], [, b]) => b - a),
    ...Object.entries(others).map(([name, cpu]) => [`${name}, the process`, cpu] as const),
  ]
  return {
    id: 'profile',
    conditions: `CPU time a message, 200 connections, ${seconds} s; the main process by self time of its main thread, its other threads by the same shares`,
    cells: Object.fromEntries(rows.map(([name, cpu]) => [name, micros(cpu)])),
    notes: { 'CPU by process': sharesOf(used) },
  }
}

/** Parts that are hardly seen, as one. */
const withoutCrumbs = (parts: ReadonlyMap<string, number>): ReadonlyMap<string, number> => {
  const crumbs = [...parts].filter(([, share]) => share < 0.003)
  const rest = crumbs.reduce((sum, [, share]) => sum + share, 0)
  return new Map([...[...parts].filter(([, share]) => share >= 0.003), ['all smaller parts', rest]])
}

/** What part had which share of the time that was not idle. */
const sharesByPart = ({ nodes, samples, timeDeltas }: Profile): ReadonlyMap<string, number> => {
  const partOfNode = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]))
  const times = new Map<string, number>()
  let all = 0
  for (const [at, node] of samples.entries()) {
    const part = partOfNode.get(node)
    if (part === undefined) continue
    const time = timeDeltas[at] ?? 0
    all += time
    times.set(part, (times.get(part) ?? 0) + time)
  }
  return new Map([...times].map(([part, time]) => [part, time / all]))
}
