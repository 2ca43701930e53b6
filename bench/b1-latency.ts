import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Penstock, until } from '../test/fixtures/penstock.ts'
import { inbox, load, message, sql, startWithJob, untilAllRan } from './house.ts'
import { type Cell, type Conditions, cellOf, inRounds, percentile, type Result } from './result.ts'

/** B1-latency: one connection, one message after another; and what the disk alone takes for what each of them waits for. */
export async function b1Latency({ warmUpSeconds, rounds, short }: Conditions): Promise<Result> {
  await using penstock = await startWithJob()
  await load(penstock, { connections: 50, seconds: warmUpSeconds })

  const measured = await inRounds(rounds, () => measure(penstock, short ? 200 : 1_000))
  const cell = (of: keyof (typeof measured)[number], p: number): Cell =>
    cellOf(
      measured.map((round) => percentile(round[of], p)),
      'ms',
    )
  return {
    id: 'B1-latency',
    conditions: `one connection, ${rounds} rounds of ${measured[0]?.acknowledged.length} messages, after ${warmUpSeconds} s of warm-up`,
    cells: {
      'acknowledged p50': cell('acknowledged', 50),
      'acknowledged p99': cell('acknowledged', 99),
      'run finished p50': cell('finished', 50),
      'run finished p99': cell('finished', 99),
      'visible in SQL p95': cell('visible', 95),
      'the disk alone: 1 KB synced p50': cell('synced', 50),
      'the disk alone: 1 KB synced p99': cell('synced', 99),
    },
  }
}

const measure = async (penstock: Penstock, count: number) => {
  const acknowledged: number[] = []
  const sentAt = new Map<string, number>()
  for (let sent = 0; sent < count; sent++) {
    const at = performance.timeOrigin + performance.now()
    const id = await send(penstock)
    acknowledged.push(performance.timeOrigin + performance.now() - at)
    sentAt.set(id, at)
  }
  await untilAllRan(penstock)
  const runs = await sql<{ message_id: string; ended: string }>(
    penstock,
    `SELECT message_id, toUnixTimestamp64Milli(finished_at) AS ended FROM penstock.runs WHERE project = 'bench'`,
  )
  const finished = runs.flatMap(({ message_id, ended }) => {
    const at = sentAt.get(message_id)
    return at === undefined ? [] : [Number(ended) - at]
  })

  const visible: number[] = []
  for (let sent = 0; sent < 20; sent++) {
    const at = performance.now()
    const id = await send(penstock)
    const query = `SELECT 1 FROM penstock.runs WHERE message_id = '${id}' AND status = 'success'`
    await until(async () => (await sql(penstock, query)).length > 0, 'the run is visible in SQL')
    visible.push(performance.now() - at)
  }
  return { acknowledged, finished, visible, synced: syncs(penstock, count) }
}

/** Milliseconds of each sync of a file on the house's disk that grows by a message at a time, while the house has nothing to do. */
const syncs = (penstock: Penstock, count: number): readonly number[] => {
  const file = openSync(join(penstock.dataDir, 'synced'), 'w')
  try {
    return Array.from({ length: count }, () => {
      writeSync(file, message)
      const at = performance.now()
      fsyncSync(file)
      return performance.now() - at
    })
  } finally {
    closeSync(file)
  }
}

const send = async (penstock: Penstock): Promise<string> => {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${penstock.url}${inbox}`, { method: 'POST', headers, body: message })
  return ((await answer.json()) as { message_id: string }).message_id
}
