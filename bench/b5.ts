import type { Penstock } from '../test/fixtures/penstock.ts'
import { cpuOf, sharesOf, sumOf, usedBetween } from './cpu.ts'
import { type Load, post, untilAllRan } from './house.ts'
import { bodies, busyJobs, inbox, startWithJobs } from './many-jobs.ts'
import { type Cell, type Conditions, cellOf, inRounds, type Result } from './result.ts'

/** B5: ten busy jobs of a thousand, beside ten busy jobs of ten: two houses under the same load, in turns. */
export async function b5({ warmUpSeconds, seconds, rounds }: Conditions): Promise<Result> {
  await using few = await startWithJobs(busyJobs)
  await using many = await startWithJobs(manyJobs)
  for (const house of [few, many]) await load(house, { connections: 200, seconds: warmUpSeconds })

  const measured = await inRounds(rounds, async () => ({
    few: await measure(few, { connections: 200, seconds }),
    many: await measure(many, { connections: 200, seconds }),
  }))
  const cell = (figure: (round: (typeof measured)[number]) => number, unit: string): Cell =>
    cellOf(measured.map(figure), unit)
  return {
    id: 'B5',
    conditions: `1 KB of JSON for ten jobs in turn, 200 connections; two houses, after ${warmUpSeconds} s of warm-up each, ${rounds} rounds of ${seconds} s in turns; CPU of Penstock, sandbox, broker and store`,
    cells: {
      '1,000 jobs to 10, per CPU-second': cell(({ few, many }) => many.perCpu / few.perCpu, '×'),
      '1,000 jobs to 10, per second': cell(({ few, many }) => many.perSecond / few.perSecond, '×'),
      '10 jobs: messages per CPU-second': cell(({ few }) => few.perCpu, '/CPU-s'),
      '1,000 jobs: messages per CPU-second': cell(({ many }) => many.perCpu, '/CPU-s'),
      '10 jobs: messages': cell(({ few }) => few.perSecond, '/s'),
      '1,000 jobs: messages': cell(({ many }) => many.perSecond, '/s'),
      'deploy of 1,000 jobs, answered': cellOf([many.deployed.answered / 1_000], 's'),
      'deploy of 1,000 jobs, all consumed': cellOf([many.deployed.consumed / 1_000], 's'),
    },
    notes: {
      'CPU with 10 jobs': sharesOf(measured.at(-1)?.few.used ?? {}),
      'CPU with 1,000 jobs': sharesOf(measured.at(-1)?.many.used ?? {}),
    },
  }
}

const manyJobs = 1_000

/** Loads the house, and gives what it took until every message had its run. */
const measure = async (penstock: Penstock, wanted: Load) => {
  const pid = penstock.process.pid ?? 0
  const before = cpuOf(pid)
  const startedAt = performance.now()
  const messages = await load(penstock, wanted)
  const seconds = (performance.now() - startedAt) / 1_000
  const used = usedBetween(before, cpuOf(pid))
  return { perSecond: messages / seconds, perCpu: messages / sumOf(used), used }
}

const load = async (penstock: Penstock, wanted: Load): Promise<number> => {
  const messages = await post(`${penstock.url}${inbox}`, { ...wanted, bodies })
  await untilAllRan(penstock)
  return messages
}
