import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type MetricSpec, metrics } from '../../../../topology/metrics.ts'
import { readPromQl } from '../../../fixtures/promql.ts'

const fileOf = (path: string): string =>
  readFileSync(new URL(`../../../../infra/deploy/${path}`, import.meta.url), 'utf8')

type Rule = Readonly<{
  alert: string
  expr: string
  labels: Readonly<Record<string, string>>
  annotations: Readonly<Record<string, string>>
}>
type Panel = Readonly<{
  title: string
  type: string
  datasource?: unknown
  gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>
  targets?: readonly Readonly<{ expr: string; legendFormat: string; datasource: unknown; exemplar?: boolean }>[]
}>
type Variable = Readonly<{ name: string; type: string; definition?: string; datasource?: unknown }>
type Dashboard = Readonly<{ panels: readonly Panel[]; templating: Readonly<{ list: readonly Variable[] }> }>

const groups = (parse(fileOf('prometheus/alerts.yaml')) as { groups: readonly { rules: readonly Rule[] }[] }).groups
const rules = groups.flatMap((group) => group.rules)
const dashboard = JSON.parse(fileOf('grafana/penstock.json')) as Dashboard
const charts = dashboard.panels.filter(({ type }) => type !== 'row')

/** Every series that is there: ours by the typed list, and of each Node program those that we show. */
const labelsOf = new Map<string, readonly string[]>([
  ['process_cpu_seconds_total', []],
  ['process_resident_memory_bytes', []],
])
const histograms = new Set<string>()
for (const [name, { type, labels }] of Object.entries<MetricSpec>(metrics)) {
  if (type !== 'histogram') labelsOf.set(name, labels)
  else {
    for (const part of ['_sum', '_count']) labelsOf.set(name + part, labels)
    labelsOf.set(`${name}_bucket`, [...labels, 'le'])
    histograms.add(name)
  }
}
/** What Prometheus adds to what it scrapes. */
const added = ['instance']

const strangersIn = (expression: string): readonly string[] => {
  const { selectors, groupings } = readPromQl(expression.replaceAll('$__rate_interval', '5m'))
  const known = new Set([...added, ...selectors.flatMap(({ metric }) => labelsOf.get(metric) ?? [])])
  return [
    ...selectors.filter(({ metric }) => !labelsOf.has(metric)).map(({ metric }) => metric),
    ...selectors.flatMap(({ metric, labels }) =>
      labels
        .filter((label) => ![...added, ...(labelsOf.get(metric) ?? [])].includes(label))
        .map((label) => `${metric}{${label}}`),
    ),
    ...groupings.filter((label) => !known.has(label)).map((label) => `by (${label})`),
  ]
}

describe('alerts', () => {
  test.each(rules)('$alert asks only for what is measured, and tells what to do', ({ expr, labels, annotations }) => {
    expect(strangersIn(expr)).toEqual([])
    expect(labels['severity']).toMatch(/^(critical|warning)$/)
    for (const name of ['summary', 'description', 'runbook']) expect(annotations[name]).toMatch(/^[^\n]{10,}$/)
    const used = Object.values(annotations).flatMap((text) =>
      [...text.matchAll(/\$labels\.(\w+)/g)].map(([, name]) => name),
    )
    const { groupings } = readPromQl(expr)
    for (const label of used) expect(groupings).toContain(label)
    const named = Object.values(annotations).flatMap((text) => text.match(/penstock_\w+/g) ?? [])
    for (const metric of named) expect([...labelsOf.keys(), ...histograms]).toContain(metric)
  })

  test('there is one for each thing that must not go unseen', () => {
    expect(rules.map(({ alert }) => alert)).toEqual([...new Set(rules.map(({ alert }) => alert))])
    const watched = new Set(rules.flatMap(({ expr }) => readPromQl(expr).selectors.map(({ metric }) => metric)))
    for (const metric of [
      'penstock_consumer_oldest_unworked_seconds',
      'penstock_topic_retention_seconds',
      'penstock_dead_letters_total',
      'penstock_runs_total',
      'penstock_role_up',
      'penstock_role_restarts_total',
      'penstock_sink_lag_seconds',
      'penstock_check_ok',
      'penstock_sandbox_children_ended_total',
      'penstock_intake_refusals_total',
    ])
      expect(watched).toContain(metric)
  })
})

describe('the dashboard', () => {
  test.each(charts)('$title asks only for what is measured', ({ targets = [] }) => {
    expect(targets.length).toBeGreaterThan(0)
    for (const { expr, legendFormat } of targets) {
      expect(strangersIn(expr)).toEqual([])
      const { groupings, selectors } = readPromQl(expr.replaceAll('$__rate_interval', '5m'))
      const there = [...added, ...groupings, ...selectors.flatMap(({ metric }) => labelsOf.get(metric) ?? [])]
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(there).toContain(label)
    }
  })

  test('shows every metric', () => {
    const shown = new Set(
      charts.flatMap(({ targets = [] }) =>
        targets.flatMap(({ expr }) =>
          readPromQl(expr.replaceAll('$__rate_interval', '5m')).selectors.map(({ metric }) => metric),
        ),
      ),
    )
    const isShown = (name: string): boolean => shown.has(name) || [...shown].some((one) => one.startsWith(`${name}_`))
    expect(Object.keys(metrics).filter((name) => !isShown(name))).toEqual([])
  })

  test('can be imported anywhere: its data source is a variable, in every panel, target and variable', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana
    const wanted = { type: 'prometheus', uid: '${datasource}' }
    expect(dashboard.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' })
    for (const { datasource, targets = [] } of charts)
      expect([datasource, ...targets.map((target) => target.datasource)]).toEqual([
        wanted,
        ...targets.map(() => wanted),
      ])
    for (const variable of dashboard.templating.list.slice(1)) {
      expect(variable.datasource).toEqual(wanted)
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(variable.definition ?? '') ?? []
      expect(labelsOf.get(metric)).toContain(label)
    }
  })

  test('its rows come in the order of the path of a message, and no panel lies over another', () => {
    const rows = dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => title)
    expect(rows).toEqual(['Doors', 'Matching', 'Runs', 'Queue and lag', 'Store', 'Sandbox', 'Health'])
    for (const [at, a] of dashboard.panels.entries())
      for (const b of dashboard.panels.slice(at + 1)) {
        const apart = (p: 'x' | 'y', size: 'w' | 'h') =>
          a.gridPos[p] + a.gridPos[size] <= b.gridPos[p] || b.gridPos[p] + b.gridPos[size] <= a.gridPos[p]
        expect([a.title, b.title, apart('x', 'w') || apart('y', 'h')]).toEqual([a.title, b.title, true])
      }
  })
})

test.each([
  ['rate(penstock_nothing_total[5m])', ['penstock_nothing_total']],
  ['penstock_runs_total{jobb="x"}', ['penstock_runs_total{jobb}']],
  ['sum by (table) (penstock_runs_total)', ['by (table)']],
  ['penstock_run_wait_seconds_bucket{le="1"}', []],
  ['penstock_run_wait_seconds{project="p"}', ['penstock_run_wait_seconds', 'penstock_run_wait_seconds{project}']],
])('of %s the strangers are found', (expression, strangers) => {
  expect(strangersIn(expression)).toEqual(strangers)
})

test.each(['sum by (', 'a{b=c}', 'rate(a[)'])('%s is no PromQL', (expression) => {
  expect(() => readPromQl(expression)).toThrow('not PromQL')
})
