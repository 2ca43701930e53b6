import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startBroker } from '../infra/embedded/broker.ts'
import { openKafka } from '../infra/kafka/open.ts'
import type { Penstock } from '../test/fixtures/penstock.ts'
import { silent } from '../test/fixtures/silent.ts'
import { intakeRecord } from '../topology/wire/intake.ts'
import { newMessageId } from '../topology/words/ids.ts'
import { measure } from './b1.ts'
import { cpuOf, processesOf, sharesOf, sumOf, usedBetween } from './cpu.ts'
import { message, project, startWithJob, untilAllRan } from './house.ts'
import { type Cell, type Conditions, cellOf, type Result } from './result.ts'

/** B10: messages of 1 KB wait in intake, then the rest of the path starts; and what memory comes to meanwhile. Then B1 on the same house. */
export async function b10({ short, warmUpSeconds, seconds }: Conditions): Promise<Result> {
  const messages = short ? 20_000 : 500_000
  await using dir = ownDir()
  {
    await using _deployed = await startWithJob({ dataDir: dir.path })
  }
  await layDown(messages, dir.path)
  await using penstock = await startWithJob({ dataDir: dir.path })
  const drained = await drain(penstock, messages)
  await untilAllRan(penstock)
  const live = await measure(penstock, { connections: 200, seconds })

  const perSecond = drained.messages / drained.seconds
  const perCpu = drained.messages / sumOf(drained.used)
  const livePerCpu = live.messages / sumOf(live.used)
  return {
    id: 'B10',
    conditions: `${messages} messages of 1 KB in intake before the start, timed from the first look after it; B1 with 200 connections for ${seconds} s on the same house afterwards (B1 itself warms up for ${warmUpSeconds} s); memory is RSS, looked at every second`,
    cells: {
      'backlog to B1, per second': cellOf([perSecond / live.perSecond], '×'),
      'backlog to B1, per CPU-second': cellOf([perCpu / livePerCpu], '×'),
      'backlog: messages': cellOf([perSecond], '/s'),
      'backlog: messages per CPU-second': cellOf([perCpu], '/CPU-s'),
      'B1: messages': cellOf([live.perSecond], '/s'),
      'B1: messages per CPU-second': cellOf([livePerCpu], '/CPU-s'),
      ...Object.assign({}, ...names.map((name) => memoryCells(name, drained.looks))),
    },
    notes: {
      'CPU while the backlog is worked off': sharesOf(drained.used),
      ...Object.fromEntries(names.map((name) => [`memory of ${name}, over time`, courseOf(name, drained.looks)])),
    },
  }
}

const names = ['penstock', 'sandbox', 'broker', 'store'] as const
type Name = (typeof names)[number]

const ownDir = (): AsyncDisposable & { readonly path: string } => {
  const path = mkdtempSync(join(tmpdir(), 'penstock-backlog-'))
  return { path, [Symbol.asyncDispose]: async () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) }
}

/** Writes the messages while nobody reads. */
const layDown = async (messages: number, dataDir: string): Promise<void> => {
  await using broker = await startBroker({ dataDir, logger: silent })
  await using log = await openKafka({
    brokers: [broker.address],
    clientId: 'backlog',
    replication: 1,
    partitions: { intake: 2, job: 1 },
    embedded: true,
    logger: silent,
  })
  const body = Buffer.from(message)
  for (let left = messages; left > 0; left -= inOnePiece)
    await log.append(Array.from({ length: Math.min(left, inOnePiece) }, () => messageOf(body)))
}

const inOnePiece = 5_000

const messageOf = (body: Buffer) => {
  const id = newMessageId()
  return intakeRecord({
    id,
    key: id,
    project: project.name,
    source: 'inbox',
    body,
    contentType: 'application/json',
    headers: {},
    request: { method: 'POST', path: ['inbox', project.sources.inbox.id], query_params: {}, headers: {} },
    traceparent: null,
  })
}

/** How many runs had ended, and what each process took, so long after the first look. */
type Look = Readonly<{ at: number; ended: number; memory: ReadonlyMap<string, number> }>

/** Looks on until history has it all. */
const drain = async (penstock: Penstock, messages: number) => {
  const pid = penstock.process.pid ?? 0
  const began = performance.now()
  const before = cpuOf(pid)
  const looks: Look[] = []
  for (;;) {
    const { ended, lag } = await progressOf(penstock)
    const memory = new Map(processesOf(pid).map(({ name, rss }) => [name, rss]))
    looks.push({ at: (performance.now() - began) / 1_000, ended, memory })
    if (ended >= messages && lag === 0) break
    await sleep(1_000)
  }
  const [first, last] = [looks[0], looks.at(-1)]
  return {
    messages: (last?.ended ?? 0) - (first?.ended ?? 0),
    seconds: last?.at ?? 0,
    used: usedBetween(before, cpuOf(pid)),
    looks,
  }
}

const progressOf = async ({ url }: Penstock): Promise<Readonly<{ ended: number; lag: number }>> => {
  const text = await (await fetch(`${url}/metrics`)).text()
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`^${name}\\{[^}]*\\} (\\d+)`, 'gm'))].reduce(
      (all, [, value]) => all + Number(value),
      0,
    )
  return { ended: sum('penstock_runs_total'), lag: sum('penstock_consumer_lag_records') }
}

/** From when a tenth is done, and the heaps have found their size. */
const memoryCells = (name: Name, looks: readonly Look[]): Readonly<Record<string, Cell>> => {
  const last = looks.at(-1)?.ended ?? 0
  const settled = looks.filter(({ ended }) => ended >= last / 10)
  const megabytes = settled.map(({ memory }) => (memory.get(name) ?? 0) / 1e6)
  return {
    [`${name}: most memory`]: cellOf([Math.max(...megabytes)], 'MB'),
    [`${name}: growth after a tenth`]: cellOf([(megabytes.at(-1) ?? 0) - (megabytes[0] ?? 0)], 'MB'),
  }
}

const courseOf = (name: Name, looks: readonly Look[]): string => {
  const every = Math.max(1, Math.floor(looks.length / 12))
  return looks
    .filter((_, index) => index % every === 0)
    .map(({ at, memory }) => `${Math.round(at)} s ${Math.round((memory.get(name) ?? 0) / 1e6)} MB`)
    .join(', ')
}
