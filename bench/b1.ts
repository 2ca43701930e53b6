import autocannon from 'autocannon'
import { type Penstock, startPenstock, until } from '../test/fixtures/penstock.ts'
import { sumOf, usageOf, usedBetween } from './cpu.ts'
import { type Cell, type Conditions, cellOf, percentile, type Result } from './result.ts'

/** B1: webhook 1 KB → filter → job `n+1` → run in ClickHouse, at several numbers of connections. */
export async function b1({ warmUpSeconds, seconds, rounds }: Conditions): Promise<Result> {
  await using penstock = await startPenstock({ env: { LOG_LEVEL: 'warn' } })
  await deploy(penstock)
  await load(penstock, { connections: 200, seconds: warmUpSeconds })

  const cells: Record<string, Cell> = {}
  const notes: Record<string, string> = {}
  for (const connections of [200, 10]) {
    const measured = []
    for (let round = 0; round < rounds; round++) measured.push(await measure(penstock, { connections, seconds }))
    const name = `${connections} connections`
    cells[`${name}: messages`] = cellOf(
      measured.map(({ perSecond }) => perSecond),
      '/s',
    )
    cells[`${name}: messages per CPU-second`] = cellOf(
      measured.map(({ perCpu }) => perCpu),
      '/CPU-s',
    )
    notes[`${name}: CPU by process`] = sharesOf(measured.at(-1)?.used ?? {})
  }
  return {
    id: 'B1',
    conditions: `1 KB, after ${warmUpSeconds} s of warm-up, ${rounds} rounds of ${seconds} s`,
    cells,
    notes,
  }
}

/** B1-latency: one connection, one message after another. */
export async function b1Latency({ warmUpSeconds, rounds }: Conditions): Promise<Result> {
  await using penstock = await startPenstock({ env: { LOG_LEVEL: 'warn' } })
  await deploy(penstock)
  await load(penstock, { connections: 50, seconds: warmUpSeconds })

  const acks: number[] = []
  const sentAt = new Map<string, number>()
  for (let at = 0; at < 1_000 * rounds; at++) {
    const sent = performance.timeOrigin + performance.now()
    const { message_id } = (await (await post(penstock)).json()) as { message_id: string }
    acks.push(performance.timeOrigin + performance.now() - sent)
    sentAt.set(message_id, sent)
  }
  await untilAllRan(penstock)
  const runs = await sql<{ message_id: string; ended: string }>(
    penstock,
    `SELECT message_id, toUnixTimestamp64Milli(finished_at) AS ended FROM penstock.runs WHERE project = 'bench'`,
  )
  const finished = runs.flatMap(({ message_id, ended }) => {
    const sent = sentAt.get(message_id)
    return sent === undefined ? [] : [Number(ended) - sent]
  })

  const visible: number[] = []
  for (let at = 0; at < 20 * rounds; at++) {
    const sent = performance.now()
    const { message_id } = (await (await post(penstock)).json()) as { message_id: string }
    await until(
      async () =>
        (await sql(penstock, `SELECT 1 FROM penstock.runs WHERE message_id = '${message_id}' AND status = 'success'`))
          .length > 0,
      'the run is visible in SQL',
    )
    visible.push(performance.now() - sent)
  }
  const ms = (values: readonly number[], p: number): Cell => cellOf([percentile(values, p)], 'ms')
  return {
    id: 'B1-latency',
    conditions: `one connection, ${acks.length} messages, after ${warmUpSeconds} s of warm-up`,
    cells: {
      'acknowledged p50': ms(acks, 50),
      'acknowledged p99': ms(acks, 99),
      'run finished p50': ms(finished, 50),
      'run finished p99': ms(finished, 99),
      'visible in SQL p95': ms(visible, 95),
    },
  }
}

const source = '018f2b1c-0000-7000-8000-00000000be0c'
const project = {
  name: 'bench',
  sources: { inbox: { type: 'webhook', id: source } },
  triggers: { all: { type: 'message', filter: { kind: 'bench' } } },
  jobs: { increment: { trigger: 'all', concurrency: 64, expression: 'fn(state => ({ n: state.data.n + 1 }))' } },
}
const body = JSON.stringify({ kind: 'bench', n: 1, filler: 'x'.repeat(980) })

const deploy = async (penstock: Penstock): Promise<void> => {
  const answer = await penstock.api('/api/projects/bench', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(project),
  })
  if (!answer.ok) throw new Error(`the project was refused: ${await answer.text()}`)
}

const post = (penstock: Penstock): Promise<Response> =>
  fetch(`${penstock.url}/inbox/${source}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })

const load = async (
  penstock: Penstock,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<number> => {
  const result = await autocannon({
    url: `${penstock.url}/inbox/${source}`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    connections,
    duration: seconds,
  })
  if (result.non2xx > 0) throw new Error(`${result.non2xx} answers were not 2xx`)
  await untilAllRan(penstock)
  return result['2xx']
}

const measure = async (penstock: Penstock, options: { connections: number; seconds: number }) => {
  const pid = penstock.process.pid ?? 0
  const before = usageOf(pid)
  const startedAt = performance.now()
  const messages = await load(penstock, options)
  const took = (performance.now() - startedAt) / 1_000
  const used = usedBetween(before, usageOf(pid))
  return { perSecond: messages / took, perCpu: messages / sumOf(used), used }
}

/** All that was accepted has run, and history shows it. */
const untilAllRan = (penstock: Penstock): Promise<boolean> =>
  until(async () => {
    const [row] = await sql<{ messages: string; ended: string }>(
      penstock,
      `SELECT (SELECT count() FROM penstock.messages) AS messages, (SELECT countIf(status = 'success') FROM penstock.runs) AS ended`,
    )
    return row !== undefined && row.messages === row.ended
  }, 'every message has its run')

const sql = async <Row>(penstock: Penstock, query: string): Promise<readonly Row[]> => {
  const answer = await penstock.sql(`${query} FORMAT JSON`)
  if (!answer.ok) throw new Error(await answer.text())
  return ((await answer.json()) as { data: Row[] }).data
}

const sharesOf = (used: Readonly<Record<string, number>>): string =>
  Object.entries(used)
    .map(([name, seconds]) => `${name} ${Math.round((100 * seconds) / sumOf(used))} %`)
    .join(', ')
