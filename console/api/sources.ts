import type { Project } from '../../topology/project/project.ts'
import type { SourceAddresses } from './project-answers-schema.ts'

/** The webhook sources of a project by name, and where they are reached; `without` are names of some to leave out. */
export const sourcesOf = (
  project: Project,
  { publicUrl, without = new Set() }: Readonly<{ publicUrl: string; without?: ReadonlySet<string> }>,
): SourceAddresses =>
  Object.fromEntries(
    [...project.sources.values()]
      .filter(({ name }) => !without.has(name))
      .map(({ name, id, path, enabled }) => [
        name,
        {
          id,
          enabled,
          url: `${publicUrl}/i/${id}`,
          inbox_url: `${publicUrl}/inbox/${id}`,
          ...(path !== null && { path_url: `${publicUrl}/i/${project.name}/${path}` }),
        },
      ]),
  )
