import { problem, type Reply, type RequestHead } from '../../topology/http.ts'
import type { History } from '../../topology/project/deployment.ts'

/** The version of a project or a credential, for `If-Match`: the number of its last change. */
export const etagOf = (version: number): string => `"${version}"`

/** Says no to a change that was based on another deploy than the last one. Without `If-Match`, a change is based on whatever is in force. */
export const refuseStale = (head: RequestHead, { deploy, deployed }: History): Reply | undefined =>
  isBasedOn(head, { version: deploy, exists: deployed !== undefined }) ? undefined : stale(deploy)

/** Whether a change is based on the version that there is: by its `If-Match`, or by having none. */
export const isBasedOn = (
  { headers }: Pick<RequestHead, 'headers'>,
  { version, exists }: Readonly<{ version: number; exists: boolean }>,
): boolean => {
  const given = headers['if-match']
  if (given === undefined) return true
  const tags = given.split(',').map((tag) => tag.trim().replace(/^W\//, '').replaceAll('"', ''))
  return tags.includes('*') ? exists : tags.includes(String(version))
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
