import { expect, test } from 'vitest'
import { openMeter } from '../../../../infra/metrics/open.ts'
import { metrics } from '../../../../topology/metrics.ts'
import { readExposition } from '../../../fixtures/exposition.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'

test('counters, gauges and histograms are shown with their labels', async () => {
  const meter = openMeter()
  meter.add('penstock_runs_total', { project: 'p', job: 'j', status: 'success' })
  meter.add('penstock_runs_total', { status: 'success', job: 'j', project: 'p' }, 2)
  meter.add('penstock_runs_in_hand', {}, 3)
  meter.add('penstock_runs_in_hand', {}, -1)
  meter.observe('penstock_run_duration_seconds', { project: 'p' }, 0.004)
  meter.observe('penstock_run_duration_seconds', { project: 'p' }, 0.005)
  meter.observe('penstock_run_duration_seconds', { project: 'p' }, 5_000)
  const text = await meter.text()
  expect(text).toContain('penstock_runs_total{project="p",job="j",status="success"} 3\n')
  expect(text).toContain('penstock_runs_in_hand 2\n')
  expect(text).toContain('penstock_run_duration_seconds_bucket{project="p",le="0.0025"} 0\n')
  expect(text).toContain('penstock_run_duration_seconds_bucket{project="p",le="0.005"} 2\n')
  expect(text).toContain('penstock_run_duration_seconds_bucket{project="p",le="1200"} 2\n')
  expect(text).toContain('penstock_run_duration_seconds_bucket{project="p",le="+Inf"} 3\n')
  expect(text).toContain('penstock_run_duration_seconds_sum{project="p"} 5000.009\n')
  expect(text).toContain('penstock_run_duration_seconds_count{project="p"} 3\n')
  expect(text).toContain('process_cpu_seconds_total')
})

test('every metric is there from the start, and two meters know nothing of each other', async () => {
  openMeter().add('penstock_matches_total', { project: 'p' })
  const text = await openMeter().text()
  for (const name of Object.keys(metrics)) expect(text).toContain(`# TYPE ${name} `)
  expect(text).not.toContain('penstock_matches_total{')
})

test('a gauge that is asked has the series that it is answered now, of all that are asked, and those that moved', async () => {
  const meter = openMeter()
  let lag = 5
  const first = meter.ask('penstock_consumer_partitions', () => [[{ group: 'filter' }, lag]])
  meter.ask('penstock_consumer_partitions', async () => [[{ group: 'runner' }, 2]])
  expect(await meter.text()).toContain('penstock_consumer_partitions{group="filter"} 5\n')
  lag = 7
  const text = await meter.text()
  expect(text).toContain('penstock_consumer_partitions{group="filter"} 7\n')
  expect(text).toContain('penstock_consumer_partitions{group="runner"} 2\n')
  first[Symbol.dispose]()
  expect(await meter.text()).not.toContain('group="filter"')
})

test('who cannot answer is left out, and the others are shown', async () => {
  const meter = openMeter()
  meter.ask('penstock_check_ok', () => Promise.reject(new Error('away')))
  meter.ask('penstock_check_ok', () => [[{ check: 'kafka' }, 1]])
  expect(await meter.text()).toContain('penstock_check_ok{check="kafka"} 1\n')
})

test('label values that the format has a meaning for are escaped', async () => {
  const meter = openMeter()
  meter.add('penstock_retries_total', { role: 'a"b\\c\nd', fault: '' })
  expect(await meter.text()).toContain('penstock_retries_total{role="a\\"b\\\\c\\nd"} 1\n')
})

test('OpenMetrics shows the last trace of each bucket, the plain text does not', async () => {
  const meter = openMeter()
  meter.observe('penstock_run_wait_seconds', { project: 'p' }, { value: 0.2, traceId: 'f'.repeat(32) })
  meter.observe('penstock_run_wait_seconds', { project: 'p' }, { value: 0.25, traceId })
  meter.observe('penstock_run_wait_seconds', { project: 'p' }, 0.24)
  meter.observe('penstock_run_wait_seconds', { project: 'p' }, 3)
  const open = (await meter.text('openmetrics')).split('\n')
  const buckets = open.filter((line) => line.startsWith('penstock_run_wait_seconds_bucket'))
  expect(buckets.filter((line) => line.includes(' # '))).toHaveLength(1)
  expect(buckets.find((line) => line.includes('le="0.25"'))).toMatch(
    new RegExp(
      `^penstock_run_wait_seconds_bucket\\{project="p",le="0.25"\\} 3 # \\{trace_id="${traceId}"\\} 0.25 \\d{10}(\\.\\d+)?$`,
    ),
  )
  expect(await meter.text()).not.toContain('trace_id')
})

test('asking in one format does not change the other', async () => {
  const meter = openMeter()
  meter.add('penstock_matches_total', { project: 'p' })
  const before = namesIn(await meter.text())
  const open = await meter.text('openmetrics')
  expect(namesIn(await meter.text())).toEqual(before)
  expect(before).toContain('# TYPE penstock_matches_total counter')
  expect(open).toContain('# TYPE penstock_matches counter\n')
  expect(open).toContain('penstock_matches_total{project="p"} 1\n')
  expect(open).toMatch(/le="1\.0"\} \d/)
  expect(open.endsWith('\n# EOF\n')).toBe(true)
})

test('both formats are what a strict reader takes, whatever the labels', async () => {
  const meter = openMeter()
  meter.add('penstock_retries_total', { role: 'a"b\\c\nd', fault: 'é' })
  meter.add('penstock_retries_total', { role: '', fault: '' })
  for (const value of [0, 0.001, 7, 1e6])
    meter.observe('penstock_run_wait_seconds', { project: 'p' }, { value, traceId })
  meter.ask('penstock_consumer_lag_records', () => [[{ group: 'g', topic: 't', partition: '0' }, 1e21]])
  for (const format of ['text', 'openmetrics'] as const) {
    const read = readExposition(await meter.text(format), format)
    const retries = read.get(format === 'text' ? 'penstock_retries_total' : 'penstock_retries')
    expect(retries?.samples.map(({ labels }) => labels)).toEqual([{ role: 'a"b\\c\nd', fault: 'é' }, {}])
    const waits = read.get('penstock_run_wait_seconds')?.samples ?? []
    expect(waits.filter(({ exemplar }) => exemplar)).toHaveLength(format === 'text' ? 0 : 3)
    expect(read.get('penstock_consumer_lag_records')?.samples.map(({ value }) => value)).toEqual([1e21])
    expect(read.has(format === 'text' ? 'process_cpu_seconds_total' : 'process_cpu_seconds')).toBe(true)
  }
})

const namesIn = (text: string): readonly string[] => text.split('\n').filter((line) => line.startsWith('# TYPE '))
