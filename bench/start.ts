import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Penstock, startPenstock } from '../test/fixtures/penstock.ts'
import { processesOf } from './cpu.ts'
import { type Conditions, cellOf, inRounds, type Result } from './result.ts'

/** start: `npm start` until the console answers, with the data of the day before and with an empty directory. */
export async function start({ rounds }: Conditions): Promise<Result> {
  const measured = await inRounds(rounds, async () => {
    await using stack = new AsyncDisposableStack()
    const dataDir = await mkdtemp(join(tmpdir(), 'penstock-bench-'))
    stack.defer(() => rm(dataDir, { recursive: true, force: true }))
    return { cold: await timed(dataDir), warm: await timed(dataDir) }
  })
  return {
    id: 'start',
    conditions: `\`npm start\` with the demo, ${rounds} times; cold: an empty DATA_DIR, packages in place`,
    cells: {
      warm: cellOf(
        measured.map(({ warm }) => warm),
        's',
      ),
      cold: cellOf(
        measured.map(({ cold }) => cold),
        's',
      ),
    },
  }
}

/** memory: `npm start` with the demo, when it has been idle for a while. */
export async function memory({ short, rounds }: Conditions): Promise<Result> {
  const measured = await inRounds(rounds, async () => {
    await using penstock = await startWithDemo()
    await new Promise((resolve) => setTimeout(resolve, short ? 5_000 : 60_000))
    return processesOf(penstock.process.pid ?? 0)
  })
  const gigabytes = (of: 'rss' | 'pss') =>
    measured.map((processes) => processes.reduce((sum, process) => sum + process[of], 0) / 1e9)
  const parts = (measured.at(-1) ?? []).map(({ name, rss }) => `${name} ${Math.round(rss / 1e6)}`)
  return {
    id: 'memory',
    conditions: `\`npm start\` with the demo, ${short ? 5 : 60} s after it was ready; the sum of RSS over all processes, npm's own too`,
    cells: { 'all processes, idle': cellOf(gigabytes('rss'), 'GB'), 'the same, PSS': cellOf(gigabytes('pss'), 'GB') },
    notes: { 'RSS in MB': parts.join(', ') },
  }
}

const startWithDemo = (dataDir?: string): Promise<Penstock> =>
  startPenstock({ command: ['npm', 'start', '--silent'], env: { DEMO: 'true' }, ...(dataDir && { dataDir }) })

/** Seconds. */
const timed = async (dataDir: string): Promise<number> => {
  const begun = performance.now()
  await using _penstock = await startWithDemo(dataDir)
  return (performance.now() - begun) / 1_000
}
