import { collectDefaultMetrics, type MetricObjectWithValues, type MetricValueWithName, Registry } from 'prom-client'
import { type Meter, type MetricSpec, metrics } from '../../topology/metrics.ts'
import { type Family, labelText, openFamily } from './families.ts'
import { type Histogram, openHistogram, samplesOf } from './histogram.ts'
import { type Format, type Sample, type Shown, textOf } from './text.ts'

export type OpenMeter = Meter &
  Readonly<{
    /** Everything measured so far, and what is asked now, in one of Prometheus' formats. */
    text(format?: Format): Promise<string>
  }>

/**
 * Counts in memory, by the table of `topology/metrics.ts`, beside the process metrics that every Node program has (prom-client's). Our own
 * cells, because they are used a dozen times for each message: see README.md.
 */
export const openMeter = (): OpenMeter => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const specs = Object.entries<MetricSpec>(metrics)
  const sums = new Map<string, Family<{ value: number }>>()
  const histograms = new Map<string, Family<Histogram>>()
  const asked = new Map<string, Set<() => Asked>>(specs.map(([name]) => [name, new Set()]))
  for (const [name, { type, labels, buckets = times }] of specs) {
    if (type === 'histogram')
      histograms.set(
        name,
        openFamily(labels, () => openHistogram(buckets)),
      )
    else
      sums.set(
        name,
        openFamily(labels, () => ({ value: 0 })),
      )
    if (labels.length === 0 && type !== 'gauge') (histograms.get(name) ?? sums.get(name))?.at({}) // counted from 0 on
  }

  const shown = async ([name, spec]: [string, MetricSpec]): Promise<Shown> => {
    const samples: Sample[] = []
    for (const [labels, histogram] of histograms.get(name)?.all() ?? []) samples.push(...samplesOf(histogram, labels))
    const values = new Map(
      sums
        .get(name)
        ?.all()
        .map(([labels, { value }]) => [labels, value]),
    )
    for (const [labels, value] of await answersOf(asked.get(name) ?? []))
      values.set(labelText(spec.labels, labels), value)
    for (const [labels, value] of values) samples.push({ suffix: '', labels, value })
    return { name, type: spec.type, help: spec.help, samples }
  }

  return {
    add(name, labels, value = 1) {
      const cell = sums.get(name)?.at(labels)
      if (cell) cell.value += value
    },
    observe: (name, labels, measured) => histograms.get(name)?.at(labels).observe(measured),
    ask(name, series) {
      const askers = asked.get(name)
      askers?.add(series)
      return { [Symbol.dispose]: () => void askers?.delete(series) }
    },
    async text(format = 'text') {
      const [own, process] = await Promise.all([Promise.all(specs.map(shown)), registry.getMetricsAsJSON()])
      return textOf([...own, ...process.filter(isWellNamed).map(shownProcess)], format)
    },
  }
}

/** Seconds, from what memory answers in to what a job may take (20 min). */
const times = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_200]

type Answered = readonly [labels: Readonly<Record<string, string>>, value: number]
type Asked = Iterable<Answered> | Promise<Iterable<Answered>>

const answersOf = async (askers: Iterable<() => Asked>): Promise<readonly Answered[]> => {
  const answers = await Promise.allSettled([...askers].map(async (ask) => [...(await ask())]))
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
}

type ProcessMetric = MetricObjectWithValues<MetricValueWithName<string>>

/** Three old gauges of prom-client end in `_total` as only counters may; what they say, others say by type. */
const isWellNamed = ({ name, type }: Readonly<{ name: string; type: unknown }>): boolean =>
  String(type) === 'counter' || !name.endsWith('_total')

const shownProcess = (metric: Awaited<ReturnType<Registry['getMetricsAsJSON']>>[number]): Shown => {
  const { name, help, type, values } = metric as unknown as ProcessMetric
  return {
    name,
    help,
    type: String(type),
    samples: values.map(({ metricName = name, labels, value }): Sample => {
      const { le, ...others } = labels as Readonly<Record<string, string | number>>
      const bound = le === undefined ? {} : { le: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le) }
      return {
        suffix: metricName.slice(name.length) as Sample['suffix'],
        labels: labelText(Object.keys(others), others),
        ...bound,
        value,
      }
    }),
  }
}
