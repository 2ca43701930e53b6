/** A topic and its settings. `name` is without the installation's prefix. */
export type TopicSpec = Readonly<{
  name: string
  /** `intake` and `job`: as the installation's settings say. */
  partitions: number | 'intake' | 'job'
  retentionMs: number
  maxMessageBytes: number
  cleanup: 'delete' | 'compact'
  /** Written to disk before it is acknowledged, where there is only one broker (design.md 4). */
  precious: boolean
}>

const mb = 1_000_000
const day = 86_400_000
const forEver = -1

/** Names of all topics: nowhere else is one spelled. */
export const intakeTopic = (project: string): string => `intake.${project}`
export const jobTopic = (project: string, job: string): string => `job.${project}.${job}`
export const runsTopic = 'runs'
export const deadLettersTopic = 'dead-letters'
export const definitionsTopic = 'definitions'
export const controlTopic = 'control'

/** How long a run request lies in a topic `retry.<delay>` at most, longest first. */
const retryLadder = [
  ['6h', 6 * 3_600_000],
  ['1h', 3_600_000],
  ['10m', 600_000],
  ['2m', 120_000],
  ['30s', 30_000],
  ['5s', 5_000],
] as const
const retryTopic = (delay: string): string => `retry.${delay}`
export const retryTopics: readonly string[] = retryLadder.map(([delay]) => retryTopic(delay))

/** Where a request goes that has so long to wait: the longest step that is no longer, else the shortest. */
export const retryTopicFor = (leftMs: number): string =>
  retryTopic(retryLadder.find(([, stepMs]) => stepMs <= leftMs)?.[0] ?? '5s')

/** The step of such a topic, in milliseconds; undefined for another topic. */
export const retryStepMs = (topic: string): number | undefined =>
  retryLadder.find(([delay]) => retryTopic(delay) === topic)?.[1]

/** What a topic's name says, or undefined for a name that is not ours. */
export const parseTopic = (name: string): TopicName | undefined => {
  const [kind, project, job, ...rest] = name.split('.')
  if (rest.length > 0) return undefined
  if (kind === 'intake' && project && job === undefined) return { kind, project }
  if (kind === 'job' && project && job) return { kind, project, job }
  return undefined
}
export type TopicName = Readonly<{ kind: 'intake'; project: string } | { kind: 'job'; project: string; job: string }>

/** Most bytes that the outcome of a run may take; above it lies room for headers. */
export const maxRunRecordBytes = 23 * mb

const forWork = { retentionMs: 7 * day, maxMessageBytes: 11 * mb, cleanup: 'delete', precious: true } as const

/** The topics that every installation has (design.md 3). */
export const fixedTopics: readonly TopicSpec[] = [
  {
    name: runsTopic,
    partitions: 'intake',
    retentionMs: 7 * day,
    maxMessageBytes: 24 * mb,
    cleanup: 'delete',
    precious: true,
  },
  {
    name: deadLettersTopic,
    partitions: 'intake',
    retentionMs: 30 * day,
    maxMessageBytes: 25 * mb,
    cleanup: 'delete',
    precious: true,
  },
  {
    name: definitionsTopic,
    partitions: 1,
    retentionMs: forEver,
    maxMessageBytes: 11 * mb,
    cleanup: 'delete',
    precious: true,
  },
  {
    name: controlTopic,
    partitions: 1,
    retentionMs: forEver,
    maxMessageBytes: 1 * mb,
    cleanup: 'compact',
    precious: true,
  },
  ...retryTopics.map((name): TopicSpec => ({ ...forWork, name, partitions: 'job' })),
]

/** The topics that a project brings with it. */
export const projectTopics = (project: string, jobs: readonly string[]): readonly TopicSpec[] => [
  { ...forWork, name: intakeTopic(project), partitions: 'intake' },
  ...jobs.map((job): TopicSpec => ({ ...forWork, name: jobTopic(project, job), partitions: 'job' })),
]

/** How long the topic keeps a record by this table, in milliseconds; undefined for ever, and for a topic that is not ours. */
export const retentionMsOf = (topic: string): number | undefined => {
  if (parseTopic(topic)) return forWork.retentionMs
  const keptMs = fixedTopics.find(({ name }) => name === topic)?.retentionMs
  return keptMs === forEver ? undefined : keptMs
}
