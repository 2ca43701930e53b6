/**
 * Every metric there is: Prometheus' type, its meaning, its labels. A name that is not here does not type-check. Units are base units
 * (seconds, bytes), labels hold names that somebody deployed or words of ours, never an id. The table for people is made of this one
 * (`infra/metrics/README.md`).
 */
export const metrics = {
  penstock_build_info: { type: 'gauge', help: 'Always 1: what runs here', labels: ['version', 'node'] },
  penstock_role_up: { type: 'gauge', help: 'Whether a role of this process works: 1 or 0', labels: ['role'] },
  penstock_role_restarts_total: {
    type: 'counter',
    help: 'How often a role broke and was started again',
    labels: ['role'],
  },
  penstock_check_ok: {
    type: 'gauge',
    help: 'What /readyz would say of one thing that this process needs, asked at the scrape: 1 or 0',
    labels: ['check'],
  },
  penstock_catalogue_offset: {
    type: 'gauge',
    help: 'Offset of the last record of definitions that this process knows; -1 for none',
    labels: [],
  },
  penstock_retries_total: {
    type: 'counter',
    help: 'Waits before trying again, by what was not to be had',
    labels: ['role', 'fault'],
  },
  penstock_dead_letters_total: { type: 'counter', help: 'Records buried', labels: ['stage', 'reason'] },

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
  penstock_intake_duration_seconds: {
    type: 'histogram',
    help: 'From a whole message at a door to its acknowledgement by the log',
    labels: ['project'],
  },
  penstock_intake_refusals_total: {
    type: 'counter',
    help: 'Messages refused at a door (but for bodies over the limit: those are requests answered 413)',
    labels: ['project', 'reason'],
  },

  penstock_filter_verdicts_total: { type: 'counter', help: 'What the filter said of records', labels: ['verdict'] },
  penstock_matches_total: { type: 'counter', help: 'Runs asked for by the filter', labels: ['project'] },
  penstock_follow_verdicts_total: { type: 'counter', help: 'What follow said of outcomes', labels: ['verdict'] },

  penstock_runs_total: { type: 'counter', help: 'Runs that ended', labels: ['project', 'job', 'status'] },
  penstock_run_wait_seconds: { type: 'histogram', help: 'From queued to started', labels: ['project'] },
  penstock_run_duration_seconds: { type: 'histogram', help: 'From the start of a run to its end', labels: ['project'] },
  penstock_run_end_to_end_seconds: {
    type: 'histogram',
    help: 'From the receipt of a message to the end of a run for it, runs that follow others included, replays not',
    labels: ['project'],
  },
  penstock_runs_in_hand: { type: 'gauge', help: 'Runs that this runner works on now', labels: [] },
  penstock_runner_lanes: {
    type: 'gauge',
    help: 'Lanes with work: busy ones have a run going on, waiting ones wait for a place',
    labels: ['state'],
  },

  penstock_sandbox_children: { type: 'gauge', help: 'Sandbox processes', labels: [] },
  penstock_sandbox_memory_bytes: { type: 'gauge', help: 'Resident memory of all sandbox processes', labels: [] },
  penstock_sandbox_isolates: {
    type: 'gauge',
    help: 'Isolates as the sandbox processes last said: with a job loaded, or spare',
    labels: ['state'],
  },
  penstock_sandbox_children_ended_total: { type: 'counter', help: 'Sandbox processes that ended', labels: ['reason'] },

  penstock_consumer_lag_records: {
    type: 'gauge',
    help: 'Records of a partition that this member has and that are not worked on to the end',
    labels: ['group', 'topic', 'partition'],
  },
  penstock_consumer_oldest_unworked_seconds: {
    type: 'gauge',
    help: 'Age of the oldest record in the log that is not worked on to the end, to a second; 0 when there is none',
    labels: ['group', 'topic'],
  },
  penstock_topic_retention_seconds: {
    type: 'gauge',
    help: 'How long a topic is made to keep its records; penstock provision says where a cluster keeps them shorter',
    labels: ['topic'],
  },
  penstock_consumer_partitions: { type: 'gauge', help: 'Partitions that this member has', labels: ['group'] },
  penstock_consumer_rebalances_total: {
    type: 'counter',
    help: 'How often the group has dealt out its partitions to this member',
    labels: ['group'],
  },
  penstock_consumer_heartbeat_age_seconds: {
    type: 'gauge',
    help: 'Since the coordinator last answered this member',
    labels: ['group'],
  },

  penstock_sink_rows_total: { type: 'counter', help: 'Rows that the store took', labels: ['table'] },
  penstock_sink_refusals_total: { type: 'counter', help: 'Rows that the store would not take', labels: ['table'] },
  penstock_sink_batch_rows: {
    type: 'histogram',
    help: 'Rows of an insert that the store took',
    labels: [],
    buckets: [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000],
  },
  penstock_sink_batch_bytes: {
    type: 'histogram',
    help: 'Bytes of the records that were stored together',
    labels: [],
    buckets: [1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864],
  },
  penstock_sink_batch_duration_seconds: {
    type: 'histogram',
    help: 'How long the store took for an insert',
    labels: [],
  },
  penstock_sink_visible_seconds: {
    type: 'histogram',
    help: 'From the receipt of a message until it, or the end of a run for it, can be found in the store; replays not',
    labels: ['kind'],
  },
  penstock_sink_lag_seconds: {
    type: 'gauge',
    help: 'How far the store is behind: age of the oldest record that is not in it, 0 when all are',
    labels: [],
  },
} as const satisfies Record<string, MetricSpec>

/** `buckets`: upper bounds of a histogram; without, those of times. */
export type MetricSpec = Readonly<{
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  labels: readonly string[]
  buckets?: readonly number[]
}>

export type MetricName<Type extends MetricSpec['type'] = MetricSpec['type']> = {
  [Name in keyof typeof metrics]: (typeof metrics)[Name]['type'] extends Type ? Name : never
}[keyof typeof metrics]
export type Labels<Name extends MetricName> = Readonly<Record<(typeof metrics)[Name]['labels'][number], string>>

/** Counts and measures, in base units (seconds, bytes). */
export type Meter = Readonly<{
  /** Counts, or moves a gauge; by one unless said otherwise. */
  add<N extends MetricName<'counter' | 'gauge'>>(name: N, labels: Labels<N>, value?: number): void
  /** With the trace that was measured, if there is one: shown as an example of its bucket. */
  observe<N extends MetricName<'histogram'>>(name: N, labels: Labels<N>, measured: number | Measured): void
  /**
   * Asked at each scrape: the metric then has these series too, and only as long as it is asked (until the answer is disposed). What cannot
   * be answered is left out.
   */
  ask<N extends MetricName<'counter' | 'gauge'>>(name: N, series: () => Answer<N>): Disposable
}>

export type Measured = Readonly<{ value: number; traceId: string }>
export type Series<N extends MetricName> = readonly [labels: Labels<N>, value: number]
type Answer<N extends MetricName> = Iterable<Series<N>> | Promise<Iterable<Series<N>>>
