import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { b1 } from './b1.ts'
import { b1Latency } from './b1-latency.ts'
import { b2 } from './b2.ts'
import { b3 } from './b3.ts'
import { b3Change } from './b3-change.ts'
import { b3Oracle } from './b3-oracle.ts'
import { b3Worst } from './b3-worst.ts'
import { b4, b4Cold } from './b4.ts'
import { b5 } from './b5.ts'
import { b6 } from './b6.ts'
import { b7 } from './b7.ts'
import { b8 } from './b8.ts'
import { b9 } from './b9.ts'
import { b10 } from './b10.ts'
import { conditionsOf, measureAll, writeTables } from './measure.ts'
import { profile } from './profile.ts'
import { changesOf, type Report } from './report.ts'
import type { Bench } from './result.ts'
import { memory, start } from './start.ts'
import { jobsByDefault, topics } from './topics.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean' },
    write: { type: 'boolean' },
    compare: { type: 'string' },
    sizes: { type: 'string', default: jobsByDefault.join() },
    results: { type: 'string', default: resolve(import.meta.dirname, 'results') },
  },
})

/** Every bench there is, in the order of the targets. */
const benches: readonly Bench[] = [
  { id: 'B1', run: b1 },
  { id: 'B1-latency', run: b1Latency },
  { id: 'B2', run: b2 },
  { id: 'B3', run: b3 },
  { id: 'B3-change', run: b3Change },
  { id: 'B3-worst', run: b3Worst },
  { id: 'B3-oracle', run: b3Oracle },
  { id: 'B4', run: b4 },
  { id: 'B4-cold', run: b4Cold },
  { id: 'B5', run: b5 },
  { id: 'B6', run: b6 },
  { id: 'B7', run: b7 },
  { id: 'B8', run: b8 },
  { id: 'B9', run: b9 },
  { id: 'B10', run: b10 },
  { id: 'topics', run: topics(values.sizes.split(',').map(Number)) },
  { id: 'start', run: start },
  { id: 'memory', run: memory },
  { id: 'profile', run: profile },
]

const wanted = new Set(positionals.map((id) => id.toUpperCase()))
const chosen = wanted.size === 0 ? benches : benches.filter(({ id }) => wanted.delete(id.toUpperCase()))
if (wanted.size > 0) {
  console.error(`No such bench: ${[...wanted].join(', ')}. There are: ${benches.map(({ id }) => id).join(', ')}`)
  process.exit(2)
}
const before = values.compare === undefined ? undefined : (JSON.parse(readFileSync(values.compare, 'utf8')) as Report)
const report = await measureAll(chosen, { conditions: conditionsOf(values.short === true), directory: values.results })
if (before) console.log(`\nSince ${before.date} (${before.versions.commit}):\n${changesOf(before, report).join('\n')}`)
if (values.write) writeTables(report)
