import { expect, test } from 'vitest'
import { openMeter } from '../../../../infra/metrics/open.ts'
import { metrics } from '../../../../topology/metrics.ts'

test('counters, gauges and histograms are shown with their labels', async () => {
  const meter = openMeter()
  meter.add('penstock_runs_total', { project: 'p', job: 'j', status: 'success' })
  meter.add('penstock_runs_total', { project: 'p', job: 'j', status: 'success' }, 2)
  meter.add('penstock_runs_in_hand', {}, 3)
  meter.add('penstock_runs_in_hand', {}, -1)
  meter.observe('penstock_run_duration_seconds', { project: 'p' }, 0.004)
  const text = await meter.text()
  expect(text).toContain('penstock_runs_total{project="p",job="j",status="success"} 3')
  expect(text).toContain('penstock_runs_in_hand 2')
  expect(text).toContain('penstock_run_duration_seconds_bucket{le="0.005",project="p"} 1')
  expect(text).toContain('process_cpu_seconds_total')
})

test('every metric is there from the start, and two meters know nothing of each other', async () => {
  openMeter().add('penstock_matches_total', { project: 'p' })
  const text = await openMeter().text()
  for (const name of Object.keys(metrics)) expect(text).toContain(`# TYPE ${name} `)
  expect(text).not.toContain('penstock_matches_total{')
})

test('observing a counter is a bug that is said at once', () => {
  expect(() => openMeter().observe('penstock_matches_total', { project: 'p' }, 1)).toThrow(
    'penstock_matches_total is a counter',
  )
})
