import { randomUUID } from 'node:crypto'
import { projectTopics, type TopicSpec } from '../topics.ts'
import { projectRecord, type TextKind, type TextRecord, textRecord } from '../wire/definitions.ts'
import type { Outgoing } from '../words/record.ts'
import type { Deployed } from './catalogue.ts'
import type { Checked } from './check.ts'
import { changedKeys, type Difference, differenceOf } from './difference.ts'
import type { Job, Project } from './project.ts'
import { projectOf, storedOf, withSourceIds } from './stored.ts'

/** What came before a deploy of a project, as `definitions` tells it. */
export type History = Readonly<{
  /** Number of the last deploy, deletions included; 0 for none. */
  deploy: number
  /** What is in force; undefined before the first deploy and after a deletion. */
  deployed: Deployed | undefined
  /** The newest version of every job that ever was. */
  jobs: ReadonlyMap<string, Job>
  /** The last id of every source that ever was, by its name. */
  sourceIds: ReadonlyMap<string, string>
  /** True for what `definitions` holds already. */
  has(kind: TextKind, id: string): boolean
}>

/** A deploy, ready to be written: topics first, then the records in their order. */
export type Deployment = Readonly<{
  project: string
  /** By this the writer recognises its own record. */
  token: string
  /** What will be in force; undefined for a deletion. */
  next: Deployed | undefined
  difference: Difference
  /** Names of the sources that had no id: the ones that they got here were drawn, and another deploy would draw others. */
  drawn: ReadonlySet<string>
  topics: readonly TopicSpec[]
  /** New code, of jobs and of adaptors, and what it was compiled to; then the one record of the deploy. */
  records: readonly Outgoing[]
}>

/** What a deploy came to. All roles decide it alike, by reading the log. */
export type DeployOutcome =
  | Readonly<{ kind: 'accepted'; offset: bigint }>
  /** Somebody else has deployed the project since; nothing changed. */
  | Readonly<{ kind: 'stale' }>
  /** A source of another project has got this id meanwhile; nothing changed. */
  | Readonly<{ kind: 'source-taken'; id: string }>
  /** The log does not let us make the topics; nothing changed. `detail` names them, and the remedy. */
  | Readonly<{ kind: 'topics-refused'; detail: string }>

export type DeployOptions = Readonly<{
  history: History
  othersSourceIds: ReadonlySet<string>
  /** Who deploys. */
  by: string
}>

/**
 * A deploy of a checked document. A source without an id keeps the one that a source of its name had, else gets a random one. A job keeps its
 * version when nothing of it changed, else counts up, also when it had been away.
 */
export const deploymentOf = (
  { value, draft }: Checked,
  { history, othersSourceIds, by }: DeployOptions,
): Deployment => {
  const taken = othersSourceIds.union(new Set([...draft.sources.values()].map(({ id }) => id ?? '')))
  const keptId = (name: string): string | undefined => {
    const id = history.sourceIds.get(name)
    return id !== undefined && !taken.has(id) ? id : undefined
  }
  const versionOf = (name: string): number => {
    const [before, now] = [history.jobs.get(name), draft.jobs.get(name)]
    if (before === undefined || now === undefined) return 1
    return changedKeys(before, now).length === 0 ? before.version : before.version + 1
  }
  const certainId = (name: string, id: string | null): string | undefined => id ?? keptId(name)
  const project = projectOf(draft, { idOf: (name, id) => certainId(name, id) ?? randomUUID(), versionOf })
  const drawn = [...draft.sources.values()].filter(({ name, id }) => certainId(name, id) === undefined)
  const facts = factsOf(draft.name, history, by)
  const { deploy, deployedAt } = facts
  const texts = new Map([...project.jobs.values()].flatMap(textsOf).map((text) => [`${text.kind}/${text.id}`, text]))
  return {
    project: draft.name,
    token: facts.token,
    next: { project, deploy, deployedAt, document: withSourceIds(value, project) },
    difference: differenceOf(history.deployed?.project, project),
    drawn: new Set(drawn.map(({ name }) => name)),
    topics: projectTopics(draft.name, [...project.jobs.keys()]),
    records: [
      ...[...texts.values()].filter(({ kind, id }) => !history.has(kind, id)).map(textRecord),
      projectRecord({ ...facts, document: storedOf(value, project) }),
    ],
  }
}

const textsOf = ({ codeId, code, compiled, bundle }: Job): readonly TextRecord[] => [
  { kind: 'code', id: codeId, text: code },
  ...(compiled ? [{ kind: 'compiled', ...compiled } as const] : []),
  ...(bundle ? [{ kind: 'adaptor', id: bundle.id, text: bundle.code } as const] : []),
]

/** The deletion of a project: its sources and triggers go, the versions of its jobs stay readable. */
export const deletionOf = (project: string, { history, by }: Pick<DeployOptions, 'history' | 'by'>): Deployment => {
  const facts = factsOf(project, history, by)
  const nothing: Project = {
    name: project,
    description: history.deployed?.project.description ?? '',
    sources: new Map(),
    triggers: new Map(),
    jobs: new Map(),
    egress: history.deployed?.project.egress ?? { allow: [], allowPrivate: false },
    limits: history.deployed?.project.limits ?? { loopLimit: 0 },
  }
  return {
    project,
    token: facts.token,
    next: undefined,
    difference: differenceOf(history.deployed?.project, nothing),
    drawn: new Set(),
    topics: [],
    records: [projectRecord({ ...facts, document: null })],
  }
}

/** Ids of all webhook sources but those of one project. */
export const sourceIdsOfOthers = (projects: ReadonlyMap<string, Deployed>, project: string): ReadonlySet<string> => {
  const others = [...projects.values()].filter((deployed) => deployed.project.name !== project)
  return new Set(others.flatMap((deployed) => [...deployed.project.sources.values()].map(({ id }) => id)))
}

const factsOf = (project: string, { deploy }: History, by: string) => ({
  project,
  deploy: deploy + 1,
  basedOn: deploy === 0 ? null : deploy,
  token: randomUUID(),
  deployedAt: new Date().toISOString(),
  deployedBy: by,
})
