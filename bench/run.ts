import { parseArgs } from 'node:util'
import { b1, b1Latency } from './b1.ts'
import { conditionsOf, measureAll } from './measure.ts'
import type { Bench } from './result.ts'

/** Every bench there is, in the order of the targets. */
const benches: readonly Bench[] = [
  { id: 'B1', run: b1 },
  { id: 'B1-latency', run: b1Latency },
]

const { values, positionals } = parseArgs({ allowPositionals: true, options: { short: { type: 'boolean' } } })
const wanted = positionals.map((id) => id.toUpperCase())
const chosen = wanted.length === 0 ? benches : benches.filter(({ id }) => wanted.includes(id.toUpperCase()))
if (chosen.length === 0) {
  console.error(`No such bench: ${positionals.join(', ')}. There are: ${benches.map(({ id }) => id).join(', ')}`)
  process.exit(2)
}
await measureAll(chosen, conditionsOf(values.short === true))
