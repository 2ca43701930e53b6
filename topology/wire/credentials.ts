import { definitionsTopic } from '../topics.ts'
import { type Credential, credentialKinds, type Sealed } from '../words/credential.ts'
import { isName } from '../words/ids.ts'
import { isJsonObject, type Json } from '../words/json.ts'
import type { Outgoing } from '../words/record.ts'
import { isCount, objectOf, unreadable } from './definition-checks.ts'

/** A credential, whole, or that it is gone. It counts only when it comes next after the last record of its name. */
export type CredentialRecord = Readonly<{
  kind: 'credential'
  name: string
  version: number
  /** By this a writer recognises its own record; empty in one that a later release wrote. */
  token: string
  /** `later`: written by a later release. It counts, and what it says is not understood. */
  becomes: Credential | 'deleted' | 'later'
}>

export type CredentialChange = Readonly<{
  name: string
  version: number
  token: string
  becomes: Credential | Deletion
}>
export type Deletion = Readonly<{ deleted: true; updatedAt: string; updatedBy: string }>

/** The version of the records that this code writes, and the newest that it can read. */
const recordVersion = 1

/** `credential/<name>`: JSON, in which what is secret is ciphertext. */
export const credentialRecord = ({ name, version, token, becomes }: CredentialChange): Outgoing => ({
  topic: definitionsTopic,
  key: `credential/${name}`,
  value: JSON.stringify({
    v: recordVersion,
    name,
    version,
    token,
    updated_at: becomes.updatedAt,
    updated_by: becomes.updatedBy,
    ...('deleted' in becomes
      ? { deleted: true }
      : {
          kind: becomes.kind,
          owner: becomes.owner,
          projects: becomes.projects,
          external_id: becomes.externalId,
          sealed: becomes.sealed,
        }),
  }),
  headers: {},
})

/** Throws Fault `message-unreadable` for what is no record of a credential. */
export const parseCredential = (name: string, value: string): CredentialRecord => {
  const record = objectOf(value)
  const { v, version, token, updated_at: updatedAt, updated_by: updatedBy, deleted } = record
  if (record['name'] !== name || !isName(name)) throw unreadable('its credential is not the one of its key')
  if (!isCount(version)) throw unreadable('the version of a credential is no number')
  if (v !== recordVersion) return { kind: 'credential', name, version, token: '', becomes: 'later' }
  if (typeof token !== 'string' || typeof updatedAt !== 'string' || typeof updatedBy !== 'string') {
    throw unreadable('it does not say when and by whom')
  }
  if (deleted === true) return { kind: 'credential', name, version, token, becomes: 'deleted' }
  const { owner, projects, external_id: externalId } = record
  const kind = credentialKinds.find((known) => known === record['kind'])
  const sealed = sealedOf(record['sealed'])
  const isWhole =
    typeof owner === 'string' && isNames(projects) && (externalId === null || typeof externalId === 'string')
  if (kind === undefined || sealed === undefined || !isWhole) throw unreadable('a credential is not whole')
  const becomes = { name, kind, owner, version, projects, externalId, updatedAt, updatedBy, sealed }
  return { kind: 'credential', name, version, token, becomes }
}

const sealedOf = (value: Json | undefined): Sealed | undefined => {
  const { key, wrapped, text } = isJsonObject(value) ? value : {}
  return typeof key === 'string' && typeof wrapped === 'string' && typeof text === 'string'
    ? { key, wrapped, text }
    : undefined
}

const isNames = (value: Json | undefined): value is readonly string[] | null =>
  value === null || (Array.isArray(value) && value.every((name) => typeof name === 'string'))
