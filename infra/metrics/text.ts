/** `text`: Prometheus' text format 0.0.4. `openmetrics`: OpenMetrics 1.0, which alone can show exemplars. */
export type Format = 'text' | 'openmetrics'

export const contentTypes: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** A metric as it is shown. */
export type Shown = Readonly<{ name: string; type: string; help: string; samples: readonly Sample[] }>

/** `suffix`: what the sample's name has beside the metric's. `le`: the upper bound of a bucket. `labels`: as text. */
export type Sample = Readonly<{
  suffix: '' | '_bucket' | '_sum' | '_count'
  labels: string
  le?: number
  value: number
  exemplar?: Exemplar | undefined
}>

/** A trace that was measured; `at` in milliseconds since 1970. */
export type Exemplar = Readonly<{ traceId: string; value: number; at: number }>

/** All metrics in one of the two formats. A counter's own name has no `_total` in OpenMetrics, its samples have. */
export const textOf = (all: readonly Shown[], format: Format): string => {
  const lines: string[] = []
  const open = format === 'openmetrics'
  for (const { name, type, help, samples } of all) {
    const family = open && type === 'counter' ? name.replace(/_total$/, '') : name
    lines.push(`# HELP ${family} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${family} ${type}`)
    for (const sample of samples) lines.push(lineOf(name, sample, open))
  }
  return `${lines.join('\n')}\n${open ? '# EOF\n' : ''}`
}

const lineOf = (name: string, { suffix, labels, le, value, exemplar }: Sample, open: boolean): string => {
  const bound = le === undefined ? '' : `${labels && ','}le="${boundText(le, open)}"`
  const all = labels + bound
  const line = `${name}${suffix}${all && `{${all}}`} ${numberText(value)}`
  if (!open || !exemplar) return line
  return `${line} # {trace_id="${exemplar.traceId}"} ${numberText(exemplar.value)} ${exemplar.at / 1_000}`
}

/** OpenMetrics wants a bound to be seen as a floating point number: `1.0`. */
const boundText = (bound: number, open: boolean): string =>
  open && Number.isInteger(bound) ? `${bound}.0` : numberText(bound)

const numberText = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
