import type { Cell, Result } from './result.ts'
import { type Mark, markOf, type Target, targets } from './targets.ts'

/** What a run of the benches leaves: what was found, and where and how. */
export type Report = Readonly<{
  date: string
  versions: Readonly<Record<'penstock' | 'commit' | 'node' | 'java' | 'kafka' | 'clickhouse', string>>
  machine: string
  /** Load average of the minute before: what else was going on. */
  loadBefore: number
  conditions: Readonly<{ short: boolean; warmUpSeconds: number; seconds: number; rounds: number }>
  results: readonly Result[]
}>

/** One bench as a Markdown table, the losing cells too. */
export const tableOf = ({ id, conditions, cells, notes = {} }: Result): string => {
  const rows = Object.entries(cells).map(([name, cell]) => {
    const target = targets[id]?.[name]
    const [low, high] = cell.spread
    const spread = low === high ? '' : `${shown(low)} – ${shown(high)}`
    const reached = words[markOf(target, cell.value)]
    return `| ${[name, `${shown(cell.value)} ${cell.unit}`, spread, limitsOf(target), reached].join(' | ')} |`
  })
  return [
    `| ${id} | median | spread | must (ambition) | |`,
    '|---|---|---|---|---|',
    ...rows,
    '',
    `${conditions}.`,
    ...Object.entries(notes).map(([name, note]) => `${name}: ${note}.`),
  ].join('\n')
}

/** Where and how, in one sentence. */
export const circumstancesOf = ({ versions, machine, loadBefore, conditions, date }: Report): string =>
  `${date}, ${machine}; Penstock ${versions.penstock} (${versions.commit}), Node ${versions.node}, Java ${versions.java}, ` +
  `Kafka ${versions.kafka}, ClickHouse ${versions.clickhouse}; load average before: ${loadBefore.toFixed(2)}` +
  `${conditions.short ? '; a short run, only for a first look' : ''}.`

/** What has changed since another report: a line for each cell that both have. A change within the spread of either is noise. */
export const changesOf = (before: Report, after: Report): readonly string[] =>
  after.results.flatMap(({ id, cells }) => {
    const old = before.results.find((result) => result.id === id)?.cells ?? {}
    return Object.entries(cells).flatMap(([name, cell]) => {
      const was = old[name]
      return was
        ? [`${id} ${name}: ${shown(was.value)} → ${shown(cell.value)} ${cell.unit}, ${changeOf(was, cell)}`]
        : []
    })
  })

const changeOf = (was: Cell, is: Cell): string => {
  const percent = Math.round((1_000 * (is.value - was.value)) / was.value) / 10
  const noise = Math.round(50 * Math.max(widthOf(was), widthOf(is)))
  const apart = is.spread[0] > was.spread[1] || is.spread[1] < was.spread[0]
  const change = `${percent > 0 ? '+' : ''}${percent} %`
  if (noise === 0) return `${change} (noise unknown: of one round each)`
  return `${change} (noise ± ${noise} %${apart ? '' : ': may be none'})`
}

const widthOf = ({ value, spread: [low, high] }: Cell): number => (value === 0 ? 0 : (high - low) / Math.abs(value))

const words: Readonly<Record<Mark, string>> = { none: '', missed: '**missed**', must: 'reached', ambition: 'ambition' }

const limitsOf = (target: Target | undefined): string => {
  if (!target) return ''
  const sign = target.at === 'least' ? '≥' : '≤'
  return `${sign} ${shown(target.must)}${target.ambition === undefined ? '' : ` (${shown(target.ambition)})`}`
}

/** Three digits that matter, thousands apart. */
const shown = (value: number): string =>
  Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en-US')
    : String(Number(value.toPrecision(Math.abs(value) >= 10 ? 3 : 2)))
