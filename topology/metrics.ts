/** Every metric there is: Prometheus' type, its meaning, its labels. A name that is not here does not type-check. */
export const metrics = {
  penstock_http_requests_total: { type: 'counter', help: 'HTTP requests answered', labels: ['route', 'status'] },
  penstock_http_request_duration_seconds: {
    type: 'histogram',
    help: 'From the head of a request to its answer',
    labels: ['route'],
  },
  penstock_intake_messages_total: {
    type: 'counter',
    help: 'Messages acknowledged by the log',
    labels: ['project', 'source'],
  },
  penstock_intake_bytes_total: {
    type: 'counter',
    help: 'Bytes of message bodies acknowledged by the log',
    labels: ['project', 'source'],
  },
  penstock_filter_verdicts_total: { type: 'counter', help: 'What the filter said of records', labels: ['verdict'] },
  penstock_matches_total: { type: 'counter', help: 'Runs asked for by the filter', labels: ['project'] },
  penstock_follow_verdicts_total: { type: 'counter', help: 'What follow said of outcomes', labels: ['verdict'] },
  penstock_runs_total: { type: 'counter', help: 'Runs that ended', labels: ['project', 'job', 'status'] },
  penstock_run_duration_seconds: { type: 'histogram', help: 'From the start of a run to its end', labels: ['project'] },
  penstock_run_wait_seconds: { type: 'histogram', help: 'From queued to started', labels: ['project'] },
  penstock_runs_in_hand: { type: 'gauge', help: 'Runs that this runner works on now', labels: [] },
  penstock_sandbox_children_ended_total: { type: 'counter', help: 'Sandbox processes that ended', labels: ['reason'] },
  penstock_dead_letters_total: { type: 'counter', help: 'Records buried', labels: ['stage', 'reason'] },
  penstock_sink_rows_total: { type: 'counter', help: 'Rows that the store took', labels: ['table'] },
  penstock_sink_batch_duration_seconds: { type: 'histogram', help: 'How long the store took for a batch', labels: [] },
  penstock_retries_total: {
    type: 'counter',
    help: 'Waits before trying again, by what was not to be had',
    labels: ['role', 'fault'],
  },
} as const satisfies Record<string, MetricSpec>

export type MetricName = keyof typeof metrics
export type MetricSpec = Readonly<{ type: 'counter' | 'gauge' | 'histogram'; help: string; labels: readonly string[] }>
export type Labels<Name extends MetricName> = Readonly<Record<(typeof metrics)[Name]['labels'][number], string>>

/** Counts and measures. Counters and gauges take an increment, histograms an observation, in base units (seconds, bytes). */
export type Meter = Readonly<{
  add<N extends MetricName>(name: N, labels: Labels<N>, value?: number): void
  observe<N extends MetricName>(name: N, labels: Labels<N>, value: number): void
}>
