import type { Penstock } from '../test/fixtures/penstock.ts'
import { cpuOf, sharesOf, sumOf, usedBetween } from './cpu.ts'
import { type Load, load, startWithJob } from './house.ts'
import { type Cell, type Conditions, cellOf, inRounds, type Result } from './result.ts'

/** B1: webhook 1 KB → filter → job `n + 1` → run in ClickHouse, at several numbers of connections. */
export async function b1({ warmUpSeconds, seconds, rounds }: Conditions): Promise<Result> {
  await using penstock = await startWithJob()
  await load(penstock, { connections: 200, seconds: warmUpSeconds })

  const cells: Record<string, Cell> = {}
  const notes: Record<string, string> = {}
  for (const connections of [200, 10]) {
    const measured = await inRounds(rounds, () => measure(penstock, { connections, seconds }))
    const rates = measured.map(({ perSecond }) => perSecond)
    const perCpu = measured.map(({ messages, used }) => messages / sumOf(used))
    cells[`${connections} connections: messages`] = cellOf(rates, '/s')
    cells[`${connections} connections: messages per CPU-second`] = cellOf(perCpu, '/CPU-s')
    notes[`CPU at ${connections} connections`] = sharesOf(measured.at(-1)?.used ?? {})
  }
  const conditions = `1 KB of JSON that is nearly all one text, so it parses quickly; after ${warmUpSeconds} s of warm-up, ${rounds} rounds of ${seconds} s; CPU of Penstock, sandbox, broker and store`
  return { id: 'B1', conditions, cells, notes }
}

/** Loads the house, and gives what it took until every message had its run. */
export const measure = async (penstock: Penstock, wanted: Load) => {
  const pid = penstock.process.pid ?? 0
  const before = cpuOf(pid)
  const startedAt = performance.now()
  const messages = await load(penstock, wanted)
  const seconds = (performance.now() - startedAt) / 1_000
  return { messages, perSecond: messages / seconds, used: usedBetween(before, cpuOf(pid)) }
}
