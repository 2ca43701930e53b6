import type { Secrets } from '../flow/ports.ts'
import { type Credential, type CredentialContent, CredentialError, type CredentialFacts } from '../words/credential.ts'
import { isJsonObject, type JsonObject, parseExact } from '../words/json.ts'

/** A credential that holds this content. */
export const sealed = (secrets: Secrets, facts: CredentialFacts, content: CredentialContent): Credential => ({
  ...facts,
  sealed: secrets.seal(JSON.stringify(content), boundOf(facts)),
})

/** What a credential holds; numbers keep their digits. Throws `CredentialError` when it does not open. */
export const contentOf = (secrets: Pick<Secrets, 'open'>, credential: Credential): CredentialContent => {
  const text = named(credential, () => secrets.open(credential.sealed, boundOf(credential)))
  const { body, schema } = parseExact(text) as JsonObject
  return { body: isJsonObject(body) ? body : {}, schema: isJsonObject(schema) ? schema : null }
}

/** The next version of a credential with the same content. */
export const resealed = (secrets: Secrets, before: Credential, changes: Partial<CredentialFacts> = {}): Credential => {
  const after = { ...before, ...changes, version: before.version + 1 }
  const bound = { from: boundOf(before), to: boundOf(after) }
  return { ...after, sealed: named(before, () => secrets.rewrap(before.sealed, bound)) }
}

/** Whoever may write to the topic but has no key cannot give a credential to another owner or project, nor bring an old one back. */
const boundOf = ({ name, version, kind, owner, projects, externalId }: CredentialFacts): string =>
  JSON.stringify([name, version, kind, owner, projects, externalId])

const named = <T>({ name }: Credential, act: () => T): T => {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error
    throw new CredentialError(`The credential "${name}" cannot be opened. ${error.message}`)
  }
}
