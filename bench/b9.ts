import { setTimeout as sleep } from 'node:timers/promises'
import { type Penstock, until } from '../test/fixtures/penstock.ts'
import { cpuOf, sharesOf, usedBetween } from './cpu.ts'
import { sql, startWithProject } from './house.ts'
import { kinds, noisyProject, nuisanceOf, source, wellBehaved } from './noisy-jobs.ts'
import { type Cell, type Conditions, cellOf, inRounds, percentile, type Result } from './result.ts'

/** B9: what fifty jobs under steady load notice of one that loops, leaks or floods its log: phases with and without it, in turns. */
export async function b9({ warmUpSeconds, seconds, rounds }: Conditions): Promise<Result> {
  await using penstock = await startWithProject(noisyProject(rounds))
  await phase(penstock, { seconds: warmUpSeconds, noisy: [] })

  let round = 0
  const measured = await inRounds(rounds, async () => {
    const before = await phase(penstock, { seconds, noisy: [] })
    const beside = []
    for (const kind of kinds)
      beside.push({ kind, ...(await phase(penstock, { seconds, noisy: [nuisanceOf(kind, round)] })) })
    round++
    const after = await phase(penstock, { seconds, noisy: [] })
    return {
      quiet: [...before.latencies, ...after.latencies],
      beside,
      failed: beside.reduce((sum, one) => sum + one.failed, 0),
    }
  })

  const quietP = (one: (typeof measured)[number], p: number): number => percentile(one.quiet, p)
  const cells: Record<string, Cell> = {
    'quiet p50': cellOf(
      measured.map((one) => quietP(one, 50)),
      'ms',
    ),
    'quiet p99': cellOf(
      measured.map((one) => quietP(one, 99)),
      'ms',
    ),
    'others that failed': cellOf(
      measured.map(({ failed }) => failed),
      '',
    ),
  }
  const notes: Record<string, string> = {}
  for (const [at, kind] of kinds.entries()) {
    const p99 = measured.map(({ beside }) => percentile(beside[at]?.latencies ?? [], 99))
    cells[`${kind}: others’ p99`] = cellOf(p99, 'ms')
    cells[`${kind}: others’ p99 to quiet`] = cellOf(
      measured.map((one, n) => (p99[n] ?? Number.NaN) / quietP(one, 99)),
      '×',
    )
    notes[`CPU beside a ${kind}`] = measured.at(-1)?.beside[at]?.cpu ?? ''
  }
  const conditions = `${wellBehaved} jobs with a message a second each, one job with \`timeout: 2s\` and a message a second that is new to the sandbox in each round; after ${warmUpSeconds} s of warm-up, ${rounds} rounds of ${kinds.length + 2} phases of ${seconds} s, the first and the last of them quiet`
  return { id: 'B9', conditions, cells, notes }
}

type Wanted = Readonly<{ seconds: number; noisy: readonly string[] }>

/** Sends at even times, whatever the answers; gives the milliseconds from each request to the end of its run, without the noisy ones. */
const phase = async (penstock: Penstock, { seconds, noisy }: Wanted) => {
  const pid = penstock.process.pid ?? 0
  const before = cpuOf(pid)
  const sentAt = new Map<string, number>()
  const noise: string[] = []
  const sending: Promise<void>[] = []
  const startedAt = performance.now()
  const send = async (to: string): Promise<void> => {
    const at = performance.timeOrigin + performance.now()
    const id = await post(penstock, to)
    if (noisy.includes(to)) noise.push(id)
    else sentAt.set(id, at)
  }
  for (let n = 0; n < seconds * wellBehaved; n++) {
    await sleep(Math.max(0, startedAt + (n * 1_000) / wellBehaved - performance.now()))
    if (n % wellBehaved === 0) sending.push(...noisy.map(send))
    sending.push(send(`good-${n % wellBehaved}`))
  }
  await Promise.all(sending)
  const cpu = sharesOf(usedBetween(before, cpuOf(pid)))
  const runs = await ended(penstock, { ids: sentAt, count: sentAt.size })
  await ended(penstock, { ids: new Set(noise), count: noise.length })
  return {
    cpu,
    latencies: runs.map(({ message_id, ended }) => Number(ended) - (sentAt.get(message_id) ?? Number.NaN)),
    failed: runs.filter(({ status }) => status !== 'success').length,
  }
}

const post = async (penstock: Penstock, to: string): Promise<string> => {
  const answer = await fetch(`${penstock.url}/inbox/${source}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ to, n: 1, filler: 'x'.repeat(960) }),
  })
  return ((await answer.json()) as { message_id: string }).message_id
}

type Wait = Readonly<{ ids: Readonly<{ has(id: string): boolean; keys(): Iterable<string> }>; count: number }>

/** Waits until all of these messages have their runs at an end. */
const ended = (penstock: Penstock, { ids, count }: Wait) => {
  if (count === 0) return []
  const oldest = [...ids.keys()].toSorted()[0] ?? ''
  return until(async () => {
    const runs = await sql<{ message_id: string; ended: string; status: string }>(
      penstock,
      `SELECT message_id, status, toUnixTimestamp64Milli(finished_at) AS ended FROM penstock.runs
       WHERE message_id >= '${oldest}' AND status NOT IN ('queued', 'running', 'waiting')`,
    )
    const ours = runs.filter(({ message_id }) => ids.has(message_id))
    return ours.length >= count ? ours : undefined
  }, 'every run has ended')
}
