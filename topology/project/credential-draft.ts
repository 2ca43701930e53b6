import {
  type Credential,
  type CredentialContent,
  type CredentialKind,
  credentialKinds,
  mayUse,
} from '../words/credential.ts'
import { isName } from '../words/ids.ts'
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../words/json.ts'
import { checkBody, checkMarked } from './credential-schema.ts'
import { checkSchema } from './credential-schema-check.ts'
import type { Document } from './document.ts'
import { optional, readKeys, required, type Spot } from './keys.ts'
import { memberPathOf } from './member-path.ts'
import { remedyFor } from './nearest.ts'
import { collectProblems, type Problem, quote } from './problems.ts'
import { listed, mustBe, nameRule, object, oneOf, type Read } from './values.ts'

/** What somebody wants a credential to be. */
export type CredentialDraft = CredentialContent &
  Readonly<{ kind: CredentialKind; externalId: string | null; projects: readonly string[] | null }>

/**
 * Reads what `PUT` sends: `{ kind, body, schema?, external_id?, projects? }`. What `body` must hold goes by the kind. No problem shows
 * a value of the body. `known`: the credentials that there are.
 */
export const readCredential = (
  document: Document,
  known: ReadonlyMap<string, Credential>,
): Readonly<{ draft: CredentialDraft }> | Readonly<{ problems: readonly Problem[] }> => {
  const { report, problems } = collectProblems(document)
  if (!isJsonObject(document.value)) {
    report([], 'Must be an object with the keys "kind" and "body".')
    return { problems: problems() }
  }
  const given = withoutNulls(document.value)
  const { kind, body, schema, external_id, projects } = readKeys(given, credentialKeys, { path: [], report })
  if (kind !== null) checkKind({ kind, schema, hasExternalId: external_id !== null }, report)
  const spot: Spot = { path: ['body'], report }
  if (kind === 'typed' && schema !== null) {
    const before = problems().length
    checkSchema(schema, { path: ['schema'], report })
    if (problems().length === before) checkBody(body, schema, report)
    checkMarked({ body, schema }, report)
  }
  if (kind === 'oauth2') checkOAuth2(body, spot)
  if (kind === 'keychain') checkKeychain(body, { spot, known, projects })
  const found = problems()
  if (found.length > 0 || kind === null) return { problems: found }
  return { draft: { kind, body, schema, externalId: external_id, projects } }
}

type Shape = Readonly<{ kind: CredentialKind; schema: JsonObject | null; hasExternalId: boolean }>

const checkKind = ({ kind, schema, hasExternalId }: Shape, report: Spot['report']): void => {
  if (kind === 'typed' && schema === null)
    report([], 'Add the key "schema": the JSON Schema that the body is checked by.')
  if (kind !== 'typed' && schema !== null) report(['schema'], 'Only a credential of the kind "typed" has one.')
  if (kind === 'keychain' && hasExternalId)
    report(['external_id'], 'A keychain finds others by it and has none itself.')
}

/** `client_credentials` needs who we are, `refresh_token` what was granted to us. Other keys of the body go to the job as they are. */
const checkOAuth2 = (body: JsonObject, spot: Spot): void => {
  const given = Object.fromEntries(Object.entries(body).filter(([key]) => Object.hasOwn(oauth2Keys, key)))
  const { grant, refresh_token, client_secret } = readKeys(given, oauth2Keys, spot)
  const grants = grant ?? (refresh_token === null ? 'client_credentials' : 'refresh_token')
  if (grants === 'refresh_token' && refresh_token === null)
    spot.report(
      spot.path,
      'Add the key "refresh_token": what the user granted, or choose the grant "client_credentials".',
    )
  if (grants === 'client_credentials' && client_secret === null)
    spot.report(spot.path, 'Add the key "client_secret", which the grant "client_credentials" needs.')
}

const checkKeychain = (
  body: JsonObject,
  {
    spot,
    known,
    projects,
  }: Readonly<{ spot: Spot; known: ReadonlyMap<string, Credential>; projects: readonly string[] | null }>,
): void => {
  const name = readKeys(withoutNulls(body), keychainKeys, spot).default
  if (name === null) return
  const path = [...spot.path, 'default']
  const credential = known.get(name)
  if (credential === undefined)
    spot.report(path, `There is no credential ${quote(name)}; ${remedyFor(name, [...known.keys()])}`)
  else if (credential.kind === 'keychain') spot.report(path, 'Is a keychain itself: name a credential that is none.')
  else {
    const apart = (projects ?? []).filter((project) => !mayUse(credential, project))
    if (apart.length > 0) spot.report(path, `Is not for ${listed(apart)}: add that to its projects, or name another.`)
  }
}

/** Null is what `GET` answers where there is none. */
const withoutNulls = (given: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(given).filter(([key, value]) => value !== null || !mayBeNull.has(key)))

const mayBeNull = new Set(['schema', 'external_id', 'projects', 'default'])

/** Like `text`, of 1 to `most` characters, without showing what was there: it may be secret. */
const hidden =
  (most: number, pattern = /^/): Read<string> =>
  (value) =>
    typeof value === 'string' && value.length > 0 && value.length <= most && pattern.test(value)
      ? { ok: value }
      : { problem: `Must be text of 1 to ${most} characters.` }

const hiddenObject: Read<JsonObject> = (value) =>
  isJsonObject(value) ? { ok: value } : { problem: 'Must be an object.' }

const webAddress: Read<string> = (value) =>
  typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value)
    ? { ok: value }
    : { problem: 'Must be an address that begins with https:// or http://.' }

const projectNames: Read<readonly string[]> = (value: Json) =>
  isJsonArray(value) && value.every((name) => typeof name === 'string' && isName(name))
    ? { ok: [...new Set(value as readonly string[])].toSorted() }
    : mustBe(`a list of names of projects (${nameRule}), or null for all`, value)

const memberPath: Read<string> = (value) =>
  typeof value === 'string' && value.length <= 500 && memberPathOf(value) !== undefined
    ? { ok: value }
    : {
        problem:
          "Must be a JSONPath of at most 500 characters, of names and places only: $.data.clinic, $.data['clinic id'], $.data.visits[0].id.",
      }

const credentialKeys = {
  kind: required<CredentialKind | null>(oneOf(...credentialKinds), null, `one of ${credentialKinds.join(', ')}`),
  body: required(hiddenObject, {}, 'an object with what the credential holds'),
  schema: optional(object, null),
  external_id: optional(hidden(255), null),
  projects: optional(projectNames, null),
}

const oauth2Keys = {
  token_url: required(webAddress, '', 'where tokens are asked for'),
  grant: optional(oneOf('client_credentials', 'refresh_token'), null),
  client_id: required(hidden(2_000), '', 'who we are to the server of tokens'),
  client_secret: optional(hidden(10_000), null),
  auth: optional(oneOf('body', 'basic'), 'body'),
  scope: optional(hidden(10_000), null),
  refresh_token: optional(hidden(50_000), null),
  access_token: optional(hidden(50_000), null),
}

const keychainKeys = {
  path: required(memberPath, '', 'the JSONPath that leads to an external_id in the input of a run'),
  default: optional(hidden(63), null),
}
