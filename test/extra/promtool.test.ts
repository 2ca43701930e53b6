import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openMeter } from '../../infra/metrics/open.ts'
import { metrics } from '../../topology/metrics.ts'
import { openPromtool } from '../fixtures/promtool.ts'

const promtool = openPromtool()
const dir = mkdtempSync(join(tmpdir(), 'penstock-alerts-'))
afterAll(() => {
  promtool?.[Symbol.dispose]()
  rmSync(dir, { recursive: true })
})
const alerts = resolve(import.meta.dirname, '../../infra/deploy/prometheus/alerts.yaml')

if (!promtool) {
  test('MISSING: promtool is neither here nor to be had from apt, so the alerts were not run', () => {
    expect(promtool).toBeUndefined()
  })
}

const promtoolSays = (args: readonly string[], input = ''): string => {
  const { status, stdout, stderr } = spawnSync(promtool?.path ?? '', args, { input, encoding: 'utf8' })
  return `${status}: ${stdout}${stderr}`
}

type Case = Readonly<{ series: Readonly<Record<string, string>>; at: string; fires: readonly Record<string, string>[] }>

/** What each alert does with series of one sample a minute, in promtool's notation: `0x5 1x5`, `0+60x10`. */
const cases: readonly (readonly [alert: string, says: string, Case])[] = [
  [
    'PenstockRetentionNear',
    'fires at over 80 % of the retention',
    { series: age('600000x5'), at: '3m', fires: [{ group: 'filter', topic: 'intake.p' }] },
  ],
  ['PenstockRetentionNear', 'is silent below', { series: age('480000x5'), at: '3m', fires: [] }],
  [
    'PenstockBacklogGrows',
    'fires for what grows older all the time',
    { series: age('0+60x60'), at: '50m', fires: [{ group: 'filter', topic: 'intake.p' }] },
  ],
  [
    'PenstockBacklogGrows',
    'is silent when it is old but gets younger',
    { series: age('9000-60x60'), at: '50m', fires: [] },
  ],
  [
    'PenstockDeadLetters',
    'fires for the first one, too',
    {
      series: { 'penstock_dead_letters_total{stage="filter",reason="stage-broke"}': '_x9 1x10' },
      at: '12m',
      fires: [{ stage: 'filter', reason: 'stage-broke' }],
    },
  ],
  [
    'PenstockDeadLetters',
    'fires for another one',
    {
      series: { 'penstock_dead_letters_total{stage="filter",reason="stage-broke"}': '7x30 8x10' },
      at: '33m',
      fires: [{ stage: 'filter', reason: 'stage-broke' }],
    },
  ],
  [
    'PenstockDeadLetters',
    'is silent for old ones',
    { series: { 'penstock_dead_letters_total{stage="filter",reason="stage-broke"}': '7x60' }, at: '40m', fires: [] },
  ],
  [
    'PenstockJobFails',
    'fires for a job of which a fifth fails',
    { series: runs({ success: '0+8x60', failed: '0+2x60' }), at: '40m', fires: [{ project: 'p', job: 'j' }] },
  ],
  [
    'PenstockJobFails',
    'is silent for one that is cancelled',
    { series: runs({ success: '0+8x60', cancelled: '0+2x60' }), at: '40m', fires: [] },
  ],
  [
    'PenstockJobFails',
    'is silent for a single failure in a quiet hour',
    { series: runs({ success: '1x60', failed: '0x30 1x30' }), at: '40m', fires: [] },
  ],
  [
    'PenstockSandboxCrashLoop',
    'fires when processes die again and again',
    {
      series: { 'penstock_sandbox_children_ended_total{reason="died"}': '0+1x30' },
      at: '20m',
      fires: [{ reason: 'died' }],
    },
  ],
  [
    'PenstockSandboxCrashLoop',
    'is silent for those that had grown',
    { series: { 'penstock_sandbox_children_ended_total{reason="recycled"}': '0+1x30' }, at: '20m', fires: [] },
  ],
  [
    'PenstockRoleDown',
    'fires after two minutes',
    {
      series: { 'penstock_role_up{instance="a",role="sink"}': '1x3 0x10' },
      at: '8m',
      fires: [{ instance: 'a', role: 'sink' }],
    },
  ],
  [
    'PenstockRoleDown',
    'is silent for a short break',
    { series: { 'penstock_role_up{instance="a",role="sink"}': '1x3 0x0 1x10' }, at: '8m', fires: [] },
  ],
  [
    'PenstockStoreBehind',
    'fires when the store stays behind',
    { series: { 'penstock_sink_lag_seconds{instance="a"}': '90x20' }, at: '10m', fires: [{ instance: 'a' }] },
  ],
  [
    'PenstockIntakeRefused',
    'fires for the first message, too',
    {
      series: { 'penstock_intake_refusals_total{project="p",reason="log-unavailable"}': '_x9 1x10' },
      at: '11m',
      fires: [{ project: 'p' }],
    },
  ],
  [
    'PenstockIntakeRefused',
    'is silent for what senders got wrong',
    {
      series: { 'penstock_intake_refusals_total{project="p",reason="body-unreadable"}': '0+9x20' },
      at: '11m',
      fires: [],
    },
  ],
  [
    'PenstockNotReady',
    'fires for a check that says no',
    {
      series: { 'penstock_check_ok{instance="a",check="kafka"}': '0x9' },
      at: '5m',
      fires: [{ instance: 'a', check: 'kafka' }],
    },
  ],
  [
    'PenstockGone',
    'fires when nobody is seen',
    { series: { 'penstock_build_info{version="1",node="v24"}': '1x3 stale' }, at: '9m', fires: [{}] },
  ],
]

function age(values: string): Readonly<Record<string, string>> {
  return {
    'penstock_consumer_oldest_unworked_seconds{group="filter",topic="intake.p"}': values,
    'penstock_topic_retention_seconds{topic="intake.p"}': '604800x90',
  }
}

function runs(statuses: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(statuses).map(([status, values]) => [
      `penstock_runs_total{project="p",job="j",status="${status}"}`,
      values,
    ]),
  )
}

if (promtool) {
  test('promtool takes the alert rules', () => {
    expect(promtoolSays(['check', 'rules', alerts])).toMatch(/^0: .*SUCCESS/s)
  })

  test('promtool has nothing to say against the names and types of the metrics', async () => {
    const meter = openMeter()
    for (const [name, { type, labels }] of Object.entries(metrics)) {
      const named = Object.fromEntries(labels.map((label) => [label, 'x']))
      if (type === 'histogram') meter.observe(name as 'penstock_run_wait_seconds', named as { project: string }, 1)
      else meter.add(name as 'penstock_matches_total', named as { project: string })
    }
    expect(promtoolSays(['check', 'metrics'], await meter.text())).toBe('0: ')
  })

  test.each(cases)('%s %s', (alertname, _, { series, at, fires }) => {
    const file = join(dir, 'alerts.test.yaml')
    const input_series = Object.entries(series).map(([name, values]) => ({ series: name, values }))
    const alert_rule_test = [{ alertname, eval_time: at, exp_alerts: [] }]
    const tests = [{ interval: '1m', input_series, alert_rule_test }]
    writeFileSync(file, JSON.stringify({ rule_files: [alerts], evaluation_interval: '1m', tests }))
    expect(firedIn(promtoolSays(['test', 'rules', file]), alertname)).toEqual(fires)
  })
}

/** What promtool got instead of the nothing that it was told to expect: the labels of each alert, which has all its texts. */
const firedIn = (said: string, alertname: string): readonly Readonly<Record<string, string>>[] => {
  if (said.startsWith('0: ')) return []
  const got = /\bgot:\[(.*)\]/s.exec(said)?.[1] ?? ''
  expect([said, got]).toEqual([said, expect.stringContaining(`alertname="${alertname}"`)])
  expect(got).not.toMatch(/<no value>|<error|%!/)
  return [...got.matchAll(/Labels:\{(.*?)\}\n/g)].map(([, labels = '']) => {
    const all = Object.fromEntries([...labels.matchAll(/(\w+)="(.*?)"/g)].map(([, name, value]) => [name, value]))
    const { alertname: _, severity: __, ...others } = all as Record<string, string>
    return others
  })
}
