import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { kafkaVersion } from '../infra/embedded/broker-jars.ts'
import packageJson from '../package.json' with { type: 'json' }
import { circumstancesOf, type Report, tableOf } from './report.ts'
import type { Bench, Conditions, Result } from './result.ts'

export const conditionsOf = (short: boolean): Conditions =>
  short ? { short, warmUpSeconds: 5, seconds: 4, rounds: 1 } : { short, warmUpSeconds: 60, seconds: 20, rounds: 3 }

export type Measuring = Readonly<{
  conditions: Conditions
  /** Where the report goes, as `<date>.json`. */
  directory: string
}>

/** Runs the benches one after another, prints what each finds, and writes it all down. */
export async function measureAll(benches: readonly Bench[], { conditions, directory }: Measuring): Promise<Report> {
  const loadBefore = loadavg()[0] ?? 0
  const results: Result[] = []
  for (const { run } of benches) {
    const result = await run(conditions)
    results.push(result)
    console.log(`\n${tableOf(result)}`)
  }
  const date = new Date().toISOString().slice(0, 19)
  const report: Report = { date, versions: versions(), machine: machine(), loadBefore, conditions, results }
  mkdirSync(directory, { recursive: true })
  const file = join(directory, `${date.replaceAll(':', '')}.json`)
  writeFileSync(file, JSON.stringify(report, null, 2))
  console.log(`\n${circumstancesOf(report)}\n${file}`)
  return report
}

/** Puts the tables into `bench/README.md`, each between `<!-- <id> -->` and `<!-- /<id> -->`; says which have no place there. */
export function writeTables({ results }: Report): void {
  let text = readFileSync(readme, 'utf8')
  for (const result of results) {
    const place = new RegExp(`(<!-- ${result.id} -->\n)[\\s\\S]*?(<!-- /${result.id} -->)`)
    if (!place.test(text)) console.error(`bench/README.md has no place for ${result.id}`)
    text = text.replace(place, (_, open: string, close: string) => `${open}\n${tableOf(result)}\n\n${close}`)
  }
  writeFileSync(readme, text)
}

const readme = resolve(import.meta.dirname, 'README.md')

const versions = (): Report['versions'] => ({
  penstock: packageJson.version,
  commit: said('git', ['-C', import.meta.dirname, 'rev-parse', '--short', 'HEAD']),
  node: process.version,
  java: /version "([^"]+)"/.exec(said('java', ['-version']))?.[1] ?? 'unknown',
  kafka: kafkaVersion,
  clickhouse: said(process.execPath, ['-p', askStore]),
})

/** In a process of its own: the library takes half a gigabyte. */
const askStore = `require('chdb').query('SELECT version()', 'TabSeparated').trim()`

const machine = (): string => `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 1e9)} GB`

/** What a program prints; Java says its version where errors go. */
const said = (command: string, args: readonly string[]): string => {
  try {
    return execFileSync('sh', ['-c', '"$0" "$@" 2>&1', command, ...args], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}
