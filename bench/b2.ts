import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { startBroker } from '../infra/embedded/broker.ts'
import { openDataDir } from '../infra/embedded/data-dir.ts'
import { silent } from '../test/fixtures/silent.ts'
import { cpuOf, usedBetween } from './cpu.ts'
import { post } from './house.ts'
import { type Cell, type Conditions, cellOf, inRounds, type Result } from './result.ts'

/**
 * B2: webhook → intake, acknowledged (acks=all, synced), beside a bare Fastify POST that parses the same body: each in a process of its own,
 * in turns, under the same load.
 */
export async function b2({ short, seconds, rounds }: Conditions): Promise<Result> {
  await using broker = await startOnlyBroker()
  await using ours = await startDoor('ours', broker.address)
  await using bare = await startDoor('bare')
  const warmUpSeconds = short ? 4 : 20
  for (const { url } of [bare, ours]) await post(url, { connections: 200, seconds: warmUpSeconds })

  const cells: Record<string, Cell> = {}
  for (const connections of [200, 10]) {
    const load = { connections, seconds: seconds / 2 }
    const measured = await inRounds(rounds, async () => ({
      bare: await measure(bare, load),
      ours: await measure(ours, load),
    }))
    const name = `${connections} connections`
    const cell = (figure: (round: (typeof measured)[number]) => number, unit: string): Cell =>
      cellOf(measured.map(figure), unit)
    cells[`${name}: ingress to bare Fastify, per CPU-second`] = cell(({ ours, bare }) => ours.own / bare.own, '×')
    cells[`${name}: ingress, process alone`] = cell(({ ours }) => ours.own, '/CPU-s')
    cells[`${name}: ingress, with the broker`] = cell(({ ours }) => ours.withBroker, '/CPU-s')
    cells[`${name}: bare Fastify`] = cell(({ bare }) => bare.own, '/CPU-s')
    cells[`${name}: ingress, requests`] = cell(({ ours }) => ours.perSecond, '/s')
  }
  return {
    id: 'B2',
    conditions: `1 KB of JSON that is nearly all one text, so it parses quickly; after ${warmUpSeconds} s of warm-up, ${rounds} rounds of ${seconds / 2} s in turns; the ratio counts the CPU of the process that answers`,
    cells,
  }
}

const measure = async ({ url, pid }: Door, load: Readonly<{ connections: number; seconds: number }>) => {
  const [before, beforeAll] = [cpuOf(pid), cpuOf(process.pid)]
  const requests = await post(url, load)
  const { door: own = 0 } = usedBetween(before, cpuOf(pid))
  const { broker = 0 } = usedBetween(beforeAll, cpuOf(process.pid))
  return { own: requests / own, withBroker: requests / (own + broker), perSecond: requests / load.seconds }
}

type Door = AsyncDisposable & Readonly<{ url: string; pid: number }>

/** `door-process.ts`, when it takes requests. */
const startDoor = async (kind: 'ours' | 'bare', ...args: readonly string[]): Promise<Door> => {
  const file = resolve(import.meta.dirname, 'door-process.ts')
  const child = spawn(process.execPath, [...process.execArgv, file, kind, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = new Promise((resolve) => child.on('exit', resolve))
  for await (const url of createInterface({ input: child.stdout }))
    return {
      url,
      pid: child.pid ?? 0,
      [Symbol.asyncDispose]: async () => {
        child.stdin.end()
        await exited
      },
    }
  throw new Error(`the door ${kind} did not open`)
}

/** The embedded Kafka alone, in a directory of its own. */
const startOnlyBroker = async (): Promise<AsyncDisposable & Readonly<{ address: string }>> => {
  await using opening = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'penstock-bench-'))
  opening.defer(() => rm(dataDir, { recursive: true, force: true }))
  opening.use(openDataDir(dataDir))
  const { address } = opening.use(await startBroker({ dataDir, logger: silent, onProgress: console.log }))
  const opened = opening.move()
  return { address, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}
