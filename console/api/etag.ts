import { problem, type Reply, type RequestHead } from '../../topology/http.ts'
import type { History } from '../../topology/project/deployment.ts'

/** The version of a project, for `If-Match`: the number of its deploy. */
export const etagOf = (deploy: number): string => `"${deploy}"`

/** Says no to a change that was based on another deploy than the last one. Without `If-Match`, a change is based on whatever is in force. */
export const refuseStale = ({ headers }: RequestHead, { deploy, deployed }: History): Reply | undefined => {
  const given = headers['if-match']
  if (given === undefined) return undefined
  const tags = given.split(',').map((tag) => tag.trim().replace(/^W\//, '').replaceAll('"', ''))
  const holds = tags.includes('*') ? deployed !== undefined : tags.includes(String(deploy))
  return holds ? undefined : stale(deploy)
}

/** Somebody else was first. */
export const stale = (deploy: number): Reply =>
  problem(
    409,
    'Conflict',
    `The project has changed meanwhile: its last deploy is number ${deploy}. Get it again and repeat your change.`,
    {
      headers: { etag: etagOf(deploy) },
      extra: { deploy },
    },
  )
