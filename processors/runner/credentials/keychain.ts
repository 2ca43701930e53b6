import { memberPathOf, valueAtMembers } from '../../../topology/project/member-path.ts'
import { type Credential, CredentialError, mayUse } from '../../../topology/words/credential.ts'
import { exactSource, isExactNumber, type Json, type JsonObject, jsonIn } from '../../../topology/words/json.ts'

export type Choice = Readonly<{
  keychain: Credential
  /** `{ path, default? }` */
  body: JsonObject
  project: string
  /** The run's initial state, as JSON. */
  input: string
  known: ReadonlyMap<string, Credential>
}>

/**
 * The credential that a keychain means for a run: the one of the project whose `external_id` is the first thing that the path finds in the
 * run's input; else the default; else none.
 */
export const chosenBy = ({ keychain, body, project, input, known }: Choice): Credential | null => {
  const id = textAt(String(body['path']), { input, keychain })
  const found =
    id === null ? undefined : [...known.values()].find((one) => one.externalId === id && mayUse(one, project))
  if (found !== undefined) return found
  const name = body['default']
  if (typeof name !== 'string') return null
  const byDefault = known.get(name)
  if (byDefault !== undefined && byDefault.kind !== 'keychain' && mayUse(byDefault, project)) return byDefault
  throw new CredentialError(
    `The keychain "${keychain.name}" falls back on "${name}", which the project ${project} has no such credential for: make it, or change the keychain.`,
  )
}

/** Ids keep all of their digits: of numbers that no double holds too. */
const textAt = (path: string, { input, keychain }: Pick<Choice, 'input' | 'keychain'>): string | null => {
  const members = memberPathOf(path)
  // An input that is no JSON ends its run for that reason, not for its credential.
  if (members) return textOf(valueAtMembers(jsonIn(input), members) as Json | undefined)
  throw new CredentialError(
    `The path of the keychain "${keychain.name}" cannot be used: it may have names and places only.`,
  )
}

const textOf = (value: Json | undefined): string | null => {
  if (isExactNumber(value)) return exactSource(value)
  if (typeof value === 'string') return value === '' ? null : value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}
