import { problem, type Reply } from '../../topology/http.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'

/** Says no while a deployed job names the credential, as a deploy is refused whose jobs name one that is not there. */
export const refuseInUse = (catalogue: Pick<Catalogue, 'projects'>, name: string): Reply | undefined => {
  const jobs = jobsWith(name, catalogue)
  if (jobs.length === 0) return
  const [told, more] = [jobs.slice(0, maxTold).join(', '), jobs.length - maxTold]
  return problem(
    409,
    'Conflict',
    `The credential ${JSON.stringify(name)} is named by jobs that are deployed (project/job): ${told}${more > 0 ? ` and ${more} more` : ''}. Deploy them with another or without one first.`,
  )
}

/** As `project/job`. */
const jobsWith = (name: string, catalogue: Pick<Catalogue, 'projects'>): readonly string[] =>
  [...catalogue.projects()]
    .flatMap(([project, deployed]) =>
      [...deployed.project.jobs.values()]
        .filter(({ credential }) => credential === name)
        .map((job) => `${project}/${job.name}`),
    )
    .toSorted()

const maxTold = 20
