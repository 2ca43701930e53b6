import { Fault } from '../flow/fault.ts'
import {
  type Definition,
  type LaterRecord,
  type ProjectRecord,
  parseDefinition,
  type TextKind,
} from '../wire/definitions.ts'
import type { Incoming } from '../words/record.ts'
import type { Catalogue, Deployed } from './catalogue.ts'
import type { History } from './deployment.ts'
import { type CredentialOutcome, type CredentialsFold, foldCredentials } from './fold-credentials.ts'
import type { Job, Source } from './project.ts'
import { codeIdOf } from './schema.ts'
import { restored } from './stored.ts'

/** What a record of `definitions` came to. `token` names the writer's record. */
export type Applied =
  /** What projects name: code of a job, what it was compiled to, or an adaptor. */
  | Readonly<{ kind: 'text' }>
  | Readonly<{ kind: 'accepted'; project: string; token: string }>
  | Readonly<{ kind: 'stale'; project: string; token: string }>
  | Readonly<{ kind: 'source-taken'; project: string; token: string; id: string }>
  | Readonly<{ kind: 'credential'; name: string; token: string; outcome: CredentialOutcome }>
  | Readonly<{ kind: 'unreadable'; detail: string; token?: string }>

export type DefinitionsFold = Pick<Catalogue, 'projects' | 'known' | 'sourceById' | 'jobVersion'> &
  Omit<CredentialsFold, 'apply'> &
  Readonly<{ apply(record: Incoming): Applied; history(project: string): History }>

/**
 * The state of all projects and credentials after some records of `definitions`. It depends on nothing but the records and their order, so every role comes
 * to the same. `projects()` and `known()` are other maps after each change, never the same ones changed.
 */
export const foldDefinitions = (): DefinitionsFold => {
  const texts: Readonly<Record<TextKind, Map<string, string>>> = {
    code: new Map(),
    compiled: new Map(),
    adaptor: new Map(),
  }
  const pasts = new Map<string, Past>()
  const bySourceId = new Map<string, Readonly<{ project: Deployed; source: Source }>>()
  const { apply: takeCredential, ...credentials } = foldCredentials()
  let inForce: ReadonlyMap<string, Deployed> = new Map()
  let known: ReadonlyMap<string, ReadonlySet<string>> = new Map()

  const apply = (record: Incoming): Applied => {
    try {
      return take(parseDefinition(record))
    } catch (error) {
      if (error instanceof Fault) return { kind: 'unreadable', detail: error.message }
      throw error
    }
  }

  const take = (definition: Definition): Applied => {
    switch (definition.kind) {
      case 'code':
      case 'compiled':
      case 'adaptor':
        if (codeIdOf(definition.text) !== definition.id)
          return { kind: 'unreadable', detail: `${definition.kind} under an id that is not its own` }
        texts[definition.kind].set(definition.id, definition.text)
        return { kind: 'text' }
      case 'later':
        if (!isStale(definition)) pastOf(definition.project).deploy = definition.deploy
        return {
          kind: 'unreadable',
          detail: `a deploy of ${definition.project} by a later release (version ${definition.version})`,
        }
      case 'project':
        return isStale(definition) ? { ...named(definition), kind: 'stale' } : deploy(definition)
      case 'credential': {
        const { name, version, token } = definition
        const outcome = takeCredential(definition)
        return outcome.kind === 'later'
          ? { kind: 'unreadable', detail: `version ${version} of the credential ${name}, by a later release` }
          : { kind: 'credential', name, token, outcome }
      }
      default:
        return definition satisfies never
    }
  }

  const isStale = ({ project, basedOn, deploy }: ProjectRecord | LaterRecord): boolean => {
    const current = pasts.get(project)?.deploy ?? 0
    return (basedOn ?? 0) !== current || deploy !== current + 1
  }

  const deploy = (record: ProjectRecord): Applied => {
    let next: Deployed | undefined
    try {
      next = record.document === null ? undefined : deployedOf(record, record.document)
    } catch (error) {
      pastOf(record.project).deploy = record.deploy // it counts: a release that understands it goes on from it
      const detail = `deploy ${record.deploy} of ${record.project}: ${(error as Error).message}`
      return { kind: 'unreadable', detail, token: record.token }
    }
    const ids = [...(next?.project.sources.values() ?? [])].map(({ id }) => id)
    const id = ids.find((id) => (bySourceId.get(id)?.project.project.name ?? record.project) !== record.project)
    if (id !== undefined) return { ...named(record), kind: 'source-taken', id }
    const past = pastOf(record.project)
    past.deploy = record.deploy
    putInForce(record.project, next)
    for (const job of next?.project.jobs.values() ?? []) past.keep(job)
    for (const { name, id } of next?.project.sources.values() ?? []) past.sourceIds.set(name, id)
    known = new Map(known).set(record.project, new Set(past.versions.keys()))
    return { ...named(record), kind: 'accepted' }
  }

  const deployedOf = (
    { deploy, deployedAt }: ProjectRecord,
    stored: NonNullable<ProjectRecord['document']>,
  ): Deployed => {
    const { document, project } = restored(stored, (kind, id) => texts[kind].get(id))
    return { project, deploy, deployedAt, document }
  }

  const putInForce = (name: string, next: Deployed | undefined): void => {
    for (const { id } of inForce.get(name)?.project.sources.values() ?? []) bySourceId.delete(id)
    for (const source of next?.project.sources.values() ?? []) {
      if (next !== undefined) bySourceId.set(source.id, { project: next, source })
    }
    const others = [...inForce].filter(([project]) => project !== name)
    inForce = new Map(next === undefined ? others : [...others, [name, next]])
  }

  const pastOf = (project: string): Past => {
    const past = pasts.get(project) ?? newPast()
    pasts.set(project, past)
    return past
  }

  return {
    ...credentials,
    apply,
    projects: () => inForce,
    known: () => known,
    sourceById: (id) => bySourceId.get(id),
    jobVersion: (project, job, version) => pasts.get(project)?.versions.get(job)?.get(version),
    history: (project) => {
      const past = pasts.get(project) ?? newPast()
      return {
        deploy: past.deploy,
        deployed: inForce.get(project),
        jobs: new Map(past.newest),
        sourceIds: new Map(past.sourceIds),
        has: (kind, id) => texts[kind].has(id),
      }
    },
  }
}

/** What remains of a project, whatever becomes of it. */
type Past = {
  deploy: number
  readonly versions: Map<string, Map<number, Job>>
  readonly newest: Map<string, Job>
  readonly sourceIds: Map<string, string>
  keep(job: Job): void
}

const newPast = (): Past => {
  const versions = new Map<string, Map<number, Job>>()
  const newest = new Map<string, Job>()
  return {
    deploy: 0,
    versions,
    newest,
    sourceIds: new Map(),
    keep: (job) => {
      const kept = versions.get(job.name) ?? new Map<number, Job>()
      versions.set(job.name, kept.set(job.version, job))
      if (job.version >= (newest.get(job.name)?.version ?? 0)) newest.set(job.name, job)
    },
  }
}

const named = ({ project, token }: ProjectRecord): Readonly<{ project: string; token: string }> => ({ project, token })
