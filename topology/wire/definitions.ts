import { definitionsTopic } from '../topics.ts'
import { isName } from '../words/ids.ts'
import { isJsonObject, type JsonObject } from '../words/json.ts'
import type { Incoming, Outgoing } from '../words/record.ts'
import { type CredentialRecord, parseCredential } from './credentials.ts'
import { isCount, objectOf, unreadable } from './definition-checks.ts'

/** A record of the topic `definitions` (design.md 3). */
export type Definition = TextRecord | ProjectRecord | LaterRecord | CredentialRecord

/**
 * Source text of a job, what that was compiled to, or the script of an upstream adaptor, under its SHA-256. Stands above every project record that
 * names it.
 */
export type TextRecord = Readonly<{ kind: TextKind; id: string; text: string }>
export type TextKind = (typeof textKinds)[number]

const textKinds = ['code', 'compiled', 'adaptor'] as const

/** One deploy of a project, whole. */
export type ProjectRecord = Readonly<{ kind: 'project'; document: StoredDocument | null }> & DeployFacts

/**
 * A deploy that a later release wrote. It counts, so that all releases agree on which writes are stale; what it says is not understood. Its
 * `project`, `deploy` and `based_on` keep their meaning in every version.
 */
export type LaterRecord = Readonly<{ kind: 'later'; version: string }> &
  Pick<DeployFacts, 'project' | 'deploy' | 'basedOn'>

export type DeployFacts = Readonly<{
  project: string
  deploy: number
  /** The deploy that the writer had seen, deletions included; null for none. Another in force: the record counts for nothing. */
  basedOn: number | null
  /** By this a writer recognises its own record. */
  token: string
  deployedAt: string
  deployedBy: string
}>

/**
 * The document as it was sent, with ids of sources filled in, and in place of each `expression` the ids of its code and of what that was compiled to,
 * and the job's version, and with an upstream adaptor its exact name, its script's id and what it has for jobs.
 * Null in a record that deletes the project.
 */
export type StoredDocument = JsonObject

/** The version of the records that this code writes, and the newest that it can read. */
export const definitionsVersion = 1

/** `code/<sha256>`, `compiled/<sha256>`, `adaptor/<sha256>`: the value is the text. */
export const textRecord = ({ kind, id, text }: TextRecord): Outgoing => ({
  topic: definitionsTopic,
  key: `${kind}/${id}`,
  value: text,
  headers: {},
})

/** `project/<p>`: JSON; numbers keep their digits. */
export const projectRecord = (record: Omit<ProjectRecord, 'kind'>): Outgoing => ({
  topic: definitionsTopic,
  key: `project/${record.project}`,
  value: JSON.stringify({
    v: definitionsVersion,
    project: record.project,
    deploy: record.deploy,
    based_on: record.basedOn,
    token: record.token,
    deployed_at: record.deployedAt,
    deployed_by: record.deployedBy,
    ...(record.document === null ? { deleted: true } : { document: record.document }),
  }),
  headers: {},
})

/** Throws Fault `message-unreadable` for what is no record of ours. */
export const parseDefinition = (record: Incoming): Definition => {
  const [kind, name, ...rest] = record.key?.toString('utf8').split('/') ?? []
  const value = record.value?.toString('utf8')
  if (value === undefined || name === undefined || rest.length > 0) throw unreadable(noneOfOurs)
  const text = textKinds.find((known) => known === kind)
  if (text) return { kind: text, id: name, text: value }
  if (kind === 'project') return parseProject(name, value)
  if (kind === 'credential') return parseCredential(name, value)
  throw unreadable(noneOfOurs)
}

const noneOfOurs = 'neither code, an adaptor, a project nor a credential'

const parseProject = (name: string, value: string): ProjectRecord | LaterRecord => {
  const record = objectOf(value)
  const { v, project, deploy, based_on, token, deployed_at, deployed_by, document, deleted } = record
  if (project !== name || !isName(name)) throw unreadable('its project is not the one of its key')
  if (!isCount(deploy) || !(based_on === null || isCount(based_on))) throw unreadable('its numbers of deploys are none')
  if (v !== definitionsVersion) {
    return { kind: 'later', version: String(v).slice(0, 20), project, deploy, basedOn: based_on }
  }
  if (typeof token !== 'string' || typeof deployed_at !== 'string' || typeof deployed_by !== 'string') {
    throw unreadable('it does not say when and by whom')
  }
  const facts = { project, deploy, basedOn: based_on, token, deployedAt: deployed_at, deployedBy: deployed_by }
  if (deleted === true) return { kind: 'project', ...facts, document: null }
  if (!isJsonObject(document)) throw unreadable('it has no document')
  return { kind: 'project', ...facts, document }
}
