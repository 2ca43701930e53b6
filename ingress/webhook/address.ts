import type { RequestHead } from '../../topology/http.ts'
import type { Catalogue, Deployed } from '../../topology/project/catalogue.ts'
import { perDeploy } from '../../topology/project/per-deploy.ts'
import type { Source } from '../../topology/project/project.ts'
import { ofFew } from './of-few.ts'

export type Addressed = Readonly<{ project: Deployed; source: Source }>

/** The source that `/i/<id>[/more]`, `/inbox/<id>` or `/i/<project>/<path>` means. Ids may be written in capitals (RFC 9562 section 4). */
export const sourceAt = (catalogue: Catalogue, path: readonly string[]): Addressed | undefined => {
  const [, first = '', second = ''] = path
  const byId = catalogue.sourceById(first) ?? catalogue.sourceById(first.toLowerCase())
  if (byId !== undefined) return byId
  const project = catalogue.projects().get(first)
  const source = project && sourcesByPath(project).get(second)
  return project && source && { project, source }
}

/** The segments of the path that was asked for, decoded: `['i', '<id>', …]`. */
export const segmentsOf = ({ url }: RequestHead): readonly string[] => {
  const end = url.indexOf('?')
  return segmentsOfPath(end < 0 ? url : url.slice(0, end))
}

const segmentsOfPath = ofFew((path): readonly string[] => path.split('/').slice(1).map(decoded))

const sourcesByPath = perDeploy(({ project }: Deployed): ReadonlyMap<string, Source> => {
  const sources = [...project.sources.values()]
  return new Map(sources.flatMap((source) => (source.path === null ? [] : [[source.path, source] as const])))
})

const decoded = (segment: string): string => {
  if (!segment.includes('%')) return segment // nearly always
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
