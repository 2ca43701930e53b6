import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { resolve } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import { b1, b1Latency } from './b1.ts'
import type { Result } from './result.ts'

/** `npm run bench` measures all, `npm run bench -- B1` one; `-- --short` is for a first look, not for figures in docs. */
const benches = { B1: b1, 'B1-latency': b1Latency } as const

const args = process.argv.slice(2)
const short = args.includes('--short')
const wanted = args.filter((arg) => !arg.startsWith('--')).map((id) => id.toUpperCase())
const conditions = short ? { warmUpSeconds: 10, seconds: 5, rounds: 1 } : { warmUpSeconds: 60, seconds: 20, rounds: 3 }

const results: Result[] = []
for (const [id, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(id.toUpperCase())) continue
  const result = await bench(conditions)
  results.push(result)
  console.log(`\n${result.id} (${result.conditions})`)
  for (const [name, value] of Object.entries(result.cells)) console.log(`  ${name.padEnd(46)} ${value}`)
}
if (results.length === 0) {
  console.error(`No such bench: ${wanted.join(', ')}. There are: ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}

const directory = resolve(import.meta.dirname, 'results')
mkdirSync(directory, { recursive: true })
const file = resolve(directory, `${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.json`)
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: directory, encoding: 'utf8' }).trim()
const machine = `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 1e9)} GB, Node ${process.version}`
writeFileSync(file, JSON.stringify({ version: packageJson.version, commit, machine, short, results }, null, 2))
console.log(`\n${machine}\n${file}`)
