import type { Route } from '../../topology/http.ts'
import type { CredentialDeps } from './credential-write.ts'
import { credentialRoutes } from './credentials.ts'
import { deadLetterRoutes } from './dead-letters.ts'
import { exportRoutes } from './exports.ts'
import { type Info, infoRoute } from './info.ts'
import { type MatchDeps, matchRoutes } from './matches.ts'
import { messageRoutes } from './messages.ts'
import { type ProjectDeps, projectRoutes } from './projects.ts'
import { type RunDeps, runRoutes } from './runs.ts'
import { type TryDeps, tryFilterRoutes } from './try-filter.ts'

export type ApiDeps = ProjectDeps &
  CredentialDeps &
  RunDeps &
  MatchDeps &
  TryDeps &
  Readonly<{
    /** Asked anew for each request. */
    info: () => Info | Promise<Info>
  }>

/** The HTTP API (design.md 7). All of it needs the token. */
export const apiRoutes = (deps: ApiDeps): readonly Route[] => [
  ...projectRoutes(deps),
  ...credentialRoutes(deps),
  ...messageRoutes(deps),
  ...matchRoutes(deps),
  ...tryFilterRoutes(deps),
  ...runRoutes(deps),
  ...exportRoutes(deps),
  ...deadLetterRoutes(deps),
  infoRoute(deps.info),
]
