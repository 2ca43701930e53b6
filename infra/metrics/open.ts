import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type Meter, type MetricName, type MetricSpec, metrics } from '../../topology/metrics.ts'

export type OpenMeter = Meter &
  Readonly<{
    /** Everything measured so far, in Prometheus' text format. */
    text(): Promise<string>
  }>

/** Counts in memory, by the table of `topology/metrics.ts`, beside the process metrics that every Node program has. Does no I/O. */
export const openMeter = (): OpenMeter => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const instruments = Object.fromEntries(
    Object.entries<MetricSpec>(metrics).map(([name, spec]) => [name, instrumentOf(name, spec, registry)]),
  ) as Record<MetricName, Instrument>

  return {
    add: (name, labels, value = 1) => instruments[name].add(labels, value),
    observe: (name, labels, value) => instruments[name].observe(labels, value),
    text: () => registry.metrics(),
  }
}

type Instrument = Readonly<Record<'add' | 'observe', (labels: Readonly<Record<string, string>>, value: number) => void>>

const instrumentOf = (name: string, spec: MetricSpec, registry: Registry): Instrument => {
  const common = { name, help: spec.help, labelNames: spec.labels, registers: [registry] }
  switch (spec.type) {
    case 'counter': {
      const counter = new Counter(common)
      return { add: (labels, value) => counter.inc(labels, value), observe: misuse(name, spec) }
    }
    case 'gauge': {
      const gauge = new Gauge(common)
      return { add: (labels, value) => gauge.inc(labels, value), observe: misuse(name, spec) }
    }
    case 'histogram': {
      const histogram = new Histogram({ ...common, buckets })
      return { add: misuse(name, spec), observe: (labels, value) => histogram.observe(labels, value) }
    }
    default:
      return spec.type satisfies never
  }
}

/** Seconds, from what memory answers in to what a job may take (20 min). */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_200]

const misuse = (name: string, spec: MetricSpec) => (): never => {
  throw new TypeError(`${name} is a ${spec.type}`)
}
