import type { StoredDocument } from '../wire/definitions.ts'
import { isJsonObject, type Json, type JsonObject } from '../words/json.ts'
import type { Job, Project, Source } from './project.ts'
import { type Draft, readDraft } from './schema.ts'

/** The document as a deploy's record holds it: ids of sources filled in, code by its id, jobs with their versions. */
export const storedOf = (document: JsonObject, project: Project): StoredDocument =>
  withJobs(withSourceIds(document, project), (job, name) => {
    const { codeId, version } = project.jobs.get(name) ?? absent(name)
    return { ...job, expression: { code: codeId, version } }
  })

/** The document with the ids that its webhook sources have. */
export const withSourceIds = (document: JsonObject, project: Project): JsonObject =>
  withEntries(document, 'sources', (source, name) => ({
    ...source,
    id: (project.sources.get(name) ?? absent(name)).id,
  }))

/** What a deploy's record says, understood again. Throws an Error that says why it cannot be: its code is missing, or its keys are not ours. */
export const restored = (
  stored: StoredDocument,
  codeOf: (id: string) => string | undefined,
): Readonly<{ document: JsonObject; project: Project }> => {
  const versions = new Map<string, number>()
  const document = withJobs(stored, (job, name) => {
    const { code, version } = isJsonObject(job['expression']) ? job['expression'] : {}
    const text = typeof code === 'string' ? codeOf(code) : undefined
    if (text === undefined || typeof version !== 'number') throw new Error(`the code of the job ${name} is not there`)
    versions.set(name, version)
    return { ...job, expression: text }
  })
  const draft = readDraft(document, (path, message) => {
    throw new Error(`${path.join('.')}: ${message}`)
  })
  const idOf = (name: string, id: string | null): string => id ?? absent(name)
  return { document, project: projectOf(draft, { idOf, versionOf: (name) => versions.get(name) ?? absent(name) }) }
}

/** A draft with what only its history knows: ids of sources, versions of jobs. */
export const projectOf = (
  draft: Draft,
  { idOf, versionOf }: Readonly<{ idOf(name: string, id: string | null): string; versionOf(name: string): number }>,
): Project => ({
  ...draft,
  sources: mapValues(draft.sources, (source): Source => ({ ...source, id: idOf(source.name, source.id) })),
  jobs: mapValues(draft.jobs, (job): Job => ({ ...job, version: versionOf(job.name) })),
})

const withJobs = (document: JsonObject, change: Change): JsonObject => withEntries(document, 'jobs', change)

type Change = (entry: JsonObject, name: string) => Json

const withEntries = (document: JsonObject, section: string, change: Change): JsonObject => {
  const entries = document[section]
  if (!isJsonObject(entries)) return document
  const changed = Object.entries(entries).map(([name, entry]) => [
    name,
    isJsonObject(entry) ? change(entry, name) : entry,
  ])
  return { ...document, [section]: Object.fromEntries(changed) as JsonObject }
}

const mapValues = <A, B>(map: ReadonlyMap<string, A>, change: (value: A) => B): ReadonlyMap<string, B> =>
  new Map([...map].map(([key, value]) => [key, change(value)]))

const absent = (name: string): never => {
  throw new Error(`${name} is not in the project`)
}
