import { problem, type Reply, type RequestHead } from '../../topology/http.ts'
import type { Catalogue, Deployed } from '../../topology/project/catalogue.ts'

/** The project that the address names, if it is in force. */
export const projectOf = (
  catalogue: Pick<Catalogue, 'projects'>,
  { params }: Pick<RequestHead, 'params'>,
): Deployed | undefined => catalogue.projects().get(params['project'] ?? '')

export const noProject = ({ params }: Pick<RequestHead, 'params'>): Reply =>
  problem(404, 'Not Found', `There is no project ${JSON.stringify((params['project'] ?? '').slice(0, 100))}.`)
