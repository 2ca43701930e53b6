import type { Route } from '../../topology/http.ts'
import { type Info, infoRoute } from './info.ts'
import { type ProjectDeps, projectRoutes } from './projects.ts'

export type ApiDeps = ProjectDeps &
  Readonly<{
    /** Asked anew for each request. */
    info: () => Info | Promise<Info>
  }>

/** The HTTP API (design.md 7). All of it needs the token. */
export const apiRoutes = (deps: ApiDeps): readonly Route[] => [...projectRoutes(deps), infoRoute(deps.info)]
