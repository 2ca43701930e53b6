import type { JsonObject } from './json.ts'

export const credentialKinds = ['raw', 'typed', 'oauth2', 'keychain'] as const
export type CredentialKind = (typeof credentialKinds)[number]

/** A secret with an owner, as `definitions` holds it: all but what it is for is ciphertext. Jobs know it by its name. */
export type Credential = CredentialFacts & Readonly<{ sealed: Sealed }>

/** What stands in the clear. */
export type CredentialFacts = Readonly<{
  name: string
  kind: CredentialKind
  /** The only one who may read or change it. */
  owner: string
  /** Counts up with every record of this name, deletions included, from 1. */
  version: number
  /** The projects whose jobs may use it; null for all. */
  projects: readonly string[] | null
  /** What a keychain finds it by. In no project have two of them the same. */
  externalId: string | null
  /** RFC 3339: when somebody last changed what it is. */
  updatedAt: string
  updatedBy: string
}>

/** What is sealed: JSON as its owner gave it. `schema`: what `typed` ones are checked by, which also says what of them is secret. */
export type CredentialContent = Readonly<{ body: JsonObject; schema: JsonObject | null }>

/**
 * A text under a data key of its own, and that key under the installation's. `key` names the latter. Both parts are base64 of nonce, tag and
 * ciphertext.
 */
export type Sealed = Readonly<{ key: string; wrapped: string; text: string }>

/** Whether jobs of the project may use it. */
export const mayUse = ({ projects }: Pick<Credential, 'projects'>, project: string): boolean =>
  projects === null || projects.includes(project)

/** Why a credential cannot be had, for people: what is wrong with it and what to do. Holds nothing that is secret. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError'
}
