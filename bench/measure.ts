import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { resolve } from 'node:path'
import packageJson from '../package.json' with { type: 'json' }
import type { Bench, Conditions, Result } from './result.ts'

export const conditionsOf = (short: boolean): Conditions =>
  short ? { short, warmUpSeconds: 10, seconds: 5, rounds: 1 } : { short, warmUpSeconds: 60, seconds: 20, rounds: 3 }

/** Runs the benches one after another, prints what each finds, and writes it all down. */
export async function measureAll(benches: readonly Bench[], conditions: Conditions): Promise<void> {
  const results: Result[] = []
  for (const { run } of benches) {
    const result = await run(conditions)
    results.push(result)
    console.log(`\n${result.id} (${result.conditions})`)
    for (const [name, { value, unit }] of Object.entries(result.cells))
      console.log(`  ${name.padEnd(46)} ${value} ${unit}`)
  }
  const directory = resolve(import.meta.dirname, 'results')
  mkdirSync(directory, { recursive: true })
  const file = resolve(directory, `${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.json`)
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: directory, encoding: 'utf8' }).trim()
  const machine = `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 1e9)} GB, Node ${process.version}`
  writeFileSync(file, JSON.stringify({ version: packageJson.version, commit, machine, conditions, results }, null, 2))
  console.log(`\n${machine}\n${file}`)
}
