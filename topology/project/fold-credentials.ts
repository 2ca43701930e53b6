import type { CredentialRecord } from '../wire/credentials.ts'
import { type Credential, mayUse } from '../words/credential.ts'

/** What a change of a credential came to. All roles decide it alike, by reading the log. */
export type CredentialOutcome =
  | Readonly<{ kind: 'accepted' }>
  /** Somebody else has changed it since; nothing changed. */
  | Readonly<{ kind: 'stale' }>
  /** Another one has this `external_id` in a project of it; nothing changed. */
  | Readonly<{ kind: 'external-id-taken'; by: string }>

export type CredentialsFold = Readonly<{
  /** `later`: a later release wrote it; it counts, and is not understood here. */
  apply(record: CredentialRecord): CredentialOutcome | Readonly<{ kind: 'later' }>
  /** By name; another map after each change. */
  credentials(): ReadonlyMap<string, Credential>
  /** The version of the last record that counted, a deletion too; 0 for none. */
  credentialVersion(name: string): number
}>

/** The credentials after some records of `definitions`. */
export const foldCredentials = (): CredentialsFold => {
  const versions = new Map<string, number>()
  let inForce: ReadonlyMap<string, Credential> = new Map()

  const apply: CredentialsFold['apply'] = ({ name, version, becomes }) => {
    if (version !== (versions.get(name) ?? 0) + 1) return { kind: 'stale' }
    if (becomes === 'later') {
      versions.set(name, version)
      return { kind: 'later' }
    }
    const others = [...inForce.values()].filter((other) => other.name !== name)
    const taken = becomes === 'deleted' ? undefined : others.find((other) => isSameIn(other, becomes))
    if (taken !== undefined) return { kind: 'external-id-taken', by: taken.name }
    versions.set(name, version)
    const all = becomes === 'deleted' ? others : [...others, becomes]
    inForce = new Map(all.map((credential) => [credential.name, credential]))
    return { kind: 'accepted' }
  }

  return { apply, credentials: () => inForce, credentialVersion: (name) => versions.get(name) ?? 0 }
}

/** Whether a keychain of some project could mean either. */
const isSameIn = (one: Credential, other: Credential): boolean =>
  one.externalId !== null &&
  one.externalId === other.externalId &&
  (one.projects === null || other.projects === null || one.projects.some((project) => mayUse(other, project)))
