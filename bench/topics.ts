import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Penstock, startPenstock } from '../test/fixtures/penstock.ts'
import { cpuOf, processesOf, usedBetween } from './cpu.ts'
import { sql, untilAllRan } from './house.ts'
import { bodies, deploy, inbox, untilConsumed } from './many-jobs.ts'
import { type Cell, type Conditions, cellOf, percentile, type Result } from './result.ts'

/** topics: what a topic for each job costs, by the number of jobs; one house for each number, one after another. */
export const topics =
  (sizes: readonly number[]) =>
  async ({ short }: Conditions): Promise<Result> => {
    const cells: Record<string, Cell> = {}
    await using opened = new AsyncDisposableStack()
    const wanted = short ? sizes.filter((jobs) => jobs <= 1_000) : sizes
    for (const jobs of wanted) {
      const dataDir = await mkdtemp(join(tmpdir(), 'penstock-bench-'))
      opened.defer(() => rm(dataDir, { recursive: true, force: true })) // all at the end: ext4 searches long for a file's place where many have just gone
      for (const [name, cell] of Object.entries(await measure(jobs, { dataDir, short })))
        cells[`${jobs.toLocaleString('en-US')} jobs: ${name}`] = cell
    }
    return {
      id: 'topics',
      conditions: `each number of jobs in a house of its own, one deploy of all; memory after the first messages; idle for ${idleSeconds(short)} s; ${messages(short)} messages one after another`,
      cells,
    }
  }

export const jobsByDefault: readonly number[] = [10, 100, 1_000, 5_000]

const idleSeconds = (short: boolean): number => (short ? 5 : 20)
const messages = (short: boolean): number => (short ? 20 : 200)

const measure = async (
  jobs: number,
  { dataDir, short }: Readonly<{ dataDir: string; short: boolean }>,
): Promise<Readonly<Record<string, Cell>>> => {
  await using opened = new AsyncDisposableStack()
  const start = (): Promise<Penstock> => startPenstock({ dataDir, env: { LOG_LEVEL: 'warn' } })
  const penstock = opened.use(await start())
  const first = await deploy(penstock, jobs)
  const latencies = await oneByOne(penstock, messages(short))
  const [broker, main] = ['broker', 'penstock'].map((name) => processOf(penstock, name))
  const idle = await idleFor(penstock, idleSeconds(short))
  const before = bytesThrough(broker?.pid ?? 0)
  const one = await deploy(penstock, jobs + 1)
  const bytes = bytesThrough(broker?.pid ?? 0) - before
  await penstock.stop()

  const startedAt = performance.now()
  const again = opened.use(await start())
  const ready = performance.now() - startedAt
  await untilConsumed(again, jobs + 1)
  const consumed = performance.now() - startedAt
  const cell = (value: number, unit: string): Cell => cellOf([value], unit)
  return {
    'deploy of all, answered': cell(first.answered / 1_000, 's'),
    'deploy of all, consumed': cell(first.consumed / 1_000, 's'),
    'deploy of one more, answered': cell(one.answered, 'ms'),
    'deploy of one more, consumed': cell(one.consumed, 'ms'),
    'of that, the group rejoins': cell(one.consumed - one.answered, 'ms'),
    'deploy of one more, bytes through the broker': cell(bytes / 1e3, 'KB'),
    'start, ready': cell(ready / 1_000, 's'),
    'start, all consumed': cell(consumed / 1_000, 's'),
    'broker RSS': cell((broker?.rss ?? 0) / 1e6, 'MB'),
    'penstock RSS': cell((main?.rss ?? 0) / 1e6, 'MB'),
    'open files of the broker': cell(broker?.files ?? 0, ''),
    'broker idle': cell(1_000 * (idle.cpu['broker'] ?? 0), 'ms CPU/s'),
    'penstock idle': cell(1_000 * (idle.cpu['penstock'] ?? 0), 'ms CPU/s'),
    'idle, bytes through the broker': cell(idle.bytes / 1e3, 'KB/s'),
    'run finished p50': cell(percentile(latencies, 50), 'ms'),
  }
}

/** The process of this kind, with the files and maps that it has open. */
const processOf = ({ process }: Penstock, name: string) => {
  const found = processesOf(process.pid ?? 0).find((one) => one.name === name)
  return found && { ...found, files: readdirSync(`/proc/${found.pid}/fd`).length }
}

/** CPU seconds a second by process, and bytes a second, while nothing comes in. */
const idleFor = async (penstock: Penstock, seconds: number) => {
  const pid = penstock.process.pid ?? 0
  const broker = processOf(penstock, 'broker')?.pid ?? 0
  await sleep(2_000) // what the messages before have left to do
  const before = { cpu: cpuOf(pid), bytes: bytesThrough(broker) }
  await sleep(1_000 * seconds)
  const used = usedBetween(before.cpu, cpuOf(pid))
  return {
    cpu: Object.fromEntries(Object.entries(used).map(([name, cpu]) => [name, cpu / seconds])),
    bytes: (bytesThrough(broker) - before.bytes) / seconds,
  }
}

/** Bytes that a process has read and written so far, from sockets and files (proc(5)): a broker keeps a list of its partitions on disk, too. */
const bytesThrough = (pid: number): number =>
  [...readFileSync(`/proc/${pid}/io`, 'latin1').matchAll(/^[rw]char: (\d+)$/gm)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  )

/** Milliseconds from the request to the end of the run, of messages one after another. */
const oneByOne = async (penstock: Penstock, count: number): Promise<readonly number[]> => {
  const sentAt = new Map<string, number>()
  for (let n = 0; n < count; n++) {
    const at = performance.timeOrigin + performance.now()
    const answer = await fetch(`${penstock.url}${inbox}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: bodies[n % bodies.length] ?? '',
    })
    sentAt.set(((await answer.json()) as { message_id: string }).message_id, at)
  }
  await untilAllRan(penstock)
  const runs = await sql<{ message_id: string; ended: string }>(
    penstock,
    'SELECT message_id, toUnixTimestamp64Milli(finished_at) AS ended FROM penstock.runs',
  )
  return runs.map(({ message_id, ended }) => Number(ended) - (sentAt.get(message_id) ?? Number.NaN))
}
