import type { Deployed } from '../../topology/project/catalogue.ts'
import { perDeploy } from '../../topology/project/per-deploy.ts'
import type { Job, Project } from '../../topology/project/project.ts'
import { type MessageId, type RunId, runIdOf } from '../../topology/words/ids.ts'
import type { Addressed } from './address.ts'

/**
 * The run that a message will get, where that is sure before the filter has seen it: exactly one enabled job hangs on triggers that name
 * the source and take everything from it (`semantics.md` 1; so it is in a project that was a v2 workflow). Else null.
 */
export const knownRun = ({ project, source }: Addressed, message: MessageId): RunId | null => {
  const job = soleJobs(project).get(source.name)
  return job === undefined ? null : runIdOf({ message, job, parent: null, replay: '' })
}

const soleJobs = perDeploy(({ project }: Deployed): ReadonlyMap<string, string> => {
  const sole = [...project.sources.keys()].flatMap((source) => {
    const [job, ...more] = jobsOfAll(project, source)
    return job !== undefined && more.length === 0 ? [[source, job.name] as const] : []
  })
  return new Map(sole)
})

const jobsOfAll = (project: Project, source: string): readonly Job[] => {
  const triggers = [...project.triggers.values()].filter(
    (trigger) =>
      trigger.kind === 'message' &&
      trigger.filter === undefined &&
      trigger.not === undefined &&
      trigger.sources?.includes(source),
  )
  const names = new Set(triggers.map(({ name }) => name))
  return [...project.jobs.values()].filter((job) => job.enabled && job.triggers.some((trigger) => names.has(trigger)))
}
