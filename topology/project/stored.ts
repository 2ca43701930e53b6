import type { StoredDocument, TextKind } from '../wire/definitions.ts'
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../words/json.ts'
import type { AdaptorBundle } from './adaptors.ts'
import type { Job, Project, Source } from './project.ts'
import { type Draft, type DraftJob, readDraft } from './schema.ts'

/** The document as a deploy's record holds it: ids of sources filled in, code by its id, jobs with their versions. */
export const storedOf = (document: JsonObject, project: Project): StoredDocument =>
  withJobs(withSourceIds(document, project), (job, name) => {
    const { codeId, compiled, version, adaptor, bundle } = project.jobs.get(name) ?? absent(name)
    const stored = { ...job, expression: { code: codeId, ...(compiled && { compiled: compiled.id }), version } }
    return bundle === null ? stored : { ...stored, adaptor: { name: adaptor, code: bundle.id, names: bundle.names } }
  })

/** The document with the exact versions of the upstream adaptors that its jobs have. */
export const withAdaptors = (document: JsonObject, { jobs }: Pick<Draft, 'jobs'>): JsonObject =>
  withJobs(document, (job, name) => {
    const { adaptor, bundle } = jobs.get(name) ?? { bundle: null }
    return bundle === null || adaptor === undefined ? job : { ...job, adaptor }
  })

/** A draft with what is known of its jobs beside the document. */
export const withJobFacts = (
  draft: Draft,
  factsOf: (job: DraftJob) => Partial<Pick<DraftJob, 'adaptor' | 'bundle' | 'compiled'>> | undefined,
): Draft => ({
  ...draft,
  jobs: mapValues(draft.jobs, (job) => ({ ...job, ...factsOf(job) })),
})

/** The document with the ids that its webhook sources have. */
export const withSourceIds = (document: JsonObject, project: Project): JsonObject =>
  withEntries(document, 'sources', (source, name) => ({
    ...source,
    id: (project.sources.get(name) ?? absent(name)).id,
  }))

/**
 * What a deploy's record says, understood again. Throws an Error that says why it cannot be: its code is missing, or its keys are not ours.
 * A job whose adaptor is not found has no bundle; one whose compiled code is not found is compiled where it runs.
 */
export const restored = (
  stored: StoredDocument,
  textOf: (kind: TextKind, id: string) => string | undefined,
): Readonly<{ document: JsonObject; project: Project }> => {
  const versions = new Map<string, number>()
  const compiled = new Map<string, NonNullable<Job['compiled']>>()
  const bundles = new Map<string, AdaptorBundle>()
  const document = withJobs(stored, (job, name) => {
    const { code, compiled: compiledId, version } = isJsonObject(job['expression']) ? job['expression'] : {}
    const text = typeof code === 'string' ? textOf('code', code) : undefined
    if (text === undefined || typeof version !== 'number') throw new Error(`the code of the job ${name} is not there`)
    versions.set(name, version)
    const compiledText = typeof compiledId === 'string' ? textOf('compiled', compiledId) : undefined
    if (typeof compiledId === 'string' && compiledText !== undefined)
      compiled.set(name, { id: compiledId, text: compiledText })
    const whole = { ...job, expression: text }
    if (!isJsonObject(job['adaptor'])) return whole
    const { name: adaptor, code: id, names } = job['adaptor']
    const script = typeof id === 'string' ? textOf('adaptor', id) : undefined
    if (typeof id !== 'string' || adaptor === undefined || !isJsonArray(names))
      throw new Error(`the adaptor of the job ${name} is none`)
    if (script !== undefined) bundles.set(name, { id, names: names.map(String), code: script })
    return { ...whole, adaptor }
  })
  const draft = readDraft(document, (path, message) => {
    throw new Error(`${path.join('.')}: ${message}`)
  })
  const idOf = (name: string, id: string | null): string => id ?? absent(name)
  const whole = withJobFacts(draft, ({ name }) => ({
    bundle: bundles.get(name) ?? null,
    compiled: compiled.get(name) ?? null,
  }))
  return { document, project: projectOf(whole, { idOf, versionOf: (name) => versions.get(name) ?? absent(name) }) }
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
