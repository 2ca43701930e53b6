import { pathText } from './problems.ts'
import type { Project } from './project.ts'

/** What is right in a project, and yet does nothing: sentences, each with its place in the document. */
export const notesOf = ({ triggers, jobs }: Pick<Project, 'triggers' | 'jobs'>): readonly string[] => {
  const used = new Set([...jobs.values()].flatMap((job) => job.triggers))
  const unstarted = [...jobs.values()].filter((job) => job.triggers.length === 0)
  const unused = [...triggers.keys()].filter((name) => !used.has(name))
  return [
    ...unused.map((name) => `${pathText(['triggers', name])}: No job names this trigger, so it starts nothing.`),
    ...unstarted.map(
      ({ name }) => `${pathText(['jobs', name])}: Has no trigger, so it never runs: name one as "trigger".`,
    ),
  ]
}
