import type { Measured } from '../../topology/metrics.ts'
import type { Exemplar, Sample } from './text.ts'

/** How many measured values lay in which bucket, and for each bucket the last trace that was measured in it. */
export type Histogram = Readonly<{
  observe(measured: number | Measured): void
  read(): Readonly<{ buckets: readonly Bucket[]; sum: number }>
}>

/** `count`: of this bucket alone. */
type Bucket = Readonly<{ le: number; count: number; exemplar: Exemplar | undefined }>

export const openHistogram = (bounds: readonly number[]): Histogram => {
  const counts = new Float64Array(bounds.length + 1)
  const exemplars: (Exemplar | undefined)[] = [...counts].map(() => undefined)
  let sum = 0

  return {
    observe(measured) {
      const value = typeof measured === 'number' ? measured : measured.value
      let at = 0
      while (at < bounds.length && value > (bounds[at] ?? 0)) at++
      counts[at] = (counts[at] ?? 0) + 1
      sum += value
      if (typeof measured !== 'number') exemplars[at] = { traceId: measured.traceId, value, at: Date.now() }
    },
    read: () => ({
      sum,
      buckets: Array.from(counts, (count, at) => ({
        le: bounds[at] ?? Number.POSITIVE_INFINITY,
        count,
        exemplar: exemplars[at],
      })),
    }),
  }
}

/** A histogram as it is shown: each bucket counts those below it, too. */
export const samplesOf = (histogram: Histogram, labels: string): readonly Sample[] => {
  const { buckets, sum } = histogram.read()
  let below = 0
  const shown = buckets.map(({ le, count, exemplar }): Sample => {
    below += count
    return { suffix: '_bucket', labels, le, value: below, exemplar }
  })
  return [...shown, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: below }]
}
