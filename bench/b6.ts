import { runSink } from '../sinks/clickhouse/run.ts'
import { openMemoryHouse } from '../test/fixtures/memory-house.ts'
import { until } from '../test/fixtures/penstock.ts'
import { ended, runFacts } from '../test/fixtures/records.ts'
import { silent } from '../test/fixtures/silent.ts'
import type { Store } from '../topology/flow/ports.ts'
import { retryFaults } from '../topology/flow/retry.ts'
import { finishedRecord } from '../topology/wire/runs.ts'
import { newMessageId } from '../topology/words/ids.ts'
import { openBenchStore } from './bench-store.ts'
import { cpuOf, sharesOf, usedBetween } from './cpu.ts'
import { type Conditions, cellOf, inRounds, type Result } from './result.ts'
import { languageOf, runLogs } from './run-logs.ts'

/** B6: ends of runs in the log → rows in ClickHouse that can be searched. The log is in memory: what is measured is the sink and the store. */
export async function b6({ short, rounds }: Conditions): Promise<Result> {
  await using store = await openBenchStore()
  const runs = short ? 20_000 : 100_000
  await take(store, { runs })
  const measured = await inRounds(rounds, () => take(store, { runs }))
  return {
    id: 'B6',
    conditions: `${runs} ends of runs with a log of 1 KB in four languages and a state of 0.3 KB, in memory; all columns, the index of words, each insert synced; after one such round, ${rounds} rounds`,
    cells: {
      'rows per CPU-second': cellOf(
        measured.map(({ sink, store }) => runs / (sink + store)),
        '/CPU-s',
      ),
      'rows per second': cellOf(
        measured.map(({ seconds }) => runs / seconds),
        '/s',
      ),
      'CPU of the sink, a row': cellOf(
        measured.map(({ sink }) => (1e6 * sink) / runs),
        'µs',
      ),
      'CPU of the store, a row': cellOf(
        measured.map(({ store }) => (1e6 * store) / runs),
        'µs',
      ),
    },
    notes: { 'CPU by process': sharesOf({ sink: measured.at(-1)?.sink ?? 0, store: measured.at(-1)?.store ?? 0 }) },
  }
}

const take = async (store: Store, { runs }: Readonly<{ runs: number }>) => {
  await using house = await openMemoryHouse()
  await house.log.append(Array.from({ length: runs }, (_, n) => endOf(n)))
  const [before, own, began] = [cpuOf(process.pid), process.cpuUsage(), performance.now()]
  const reading = new AbortController()
  const sinking = runSink(
    { ...house, store, logger: silent, retry: retryFaults(() => 100) },
    { reading: reading.signal, working: new AbortController().signal },
  )
  await until(() => (house.counts.get('penstock_sink_rows_total run_rows') ?? 0) >= runs, 'all rows are in')
  const seconds = (performance.now() - began) / 1_000
  const { user, system } = process.cpuUsage(own)
  const used = usedBetween(before, cpuOf(process.pid))
  reading.abort()
  await sinking
  return { seconds, sink: (user + system) / 1e6, store: used['store'] ?? 0 }
}

const endOf = (n: number) => {
  const code = ((n * 2_654_435_761) % 2 ** 32).toString(16)
  const time = new Date().toISOString()
  const facts = runFacts(newMessageId(), {
    job: `job-${n % 30}`,
    trigger: `trigger-${n % 30}`,
    key: `k${n}`,
    queued_at: time,
  })
  const log = (runLogs[languageOf(n)] ?? []).map((line) => ({
    time,
    level: 'info' as const,
    source: 'job' as const,
    message: line.replaceAll('{h}', code).replaceAll('{n}', String(n)),
  }))
  const final_state = JSON.stringify({
    data: {
      household: code,
      district: 'Kono',
      medications: ['zinc', 'ors'],
      visits: Array.from({ length: 12 }, (_, at) => at * n),
    },
    references: [],
  })
  return finishedRecord(ended(facts, { log, started_at: time, finished_at: time }), { final_state, input: null })
}
