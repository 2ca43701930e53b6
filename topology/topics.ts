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

const forWork = { retentionMs: 7 * day, maxMessageBytes: 11 * mb, cleanup: 'delete', precious: true } as const
