import { type Static, Type } from 'typebox'
import { problem, type Reply, type Request, type Route } from '../../topology/http.ts'
import { jsonAnswer, refusal } from '../../topology/http-answers.ts'
import { readCredential } from '../../topology/project/credential-draft.ts'
import { parseDocument } from '../../topology/project/document.ts'
import { contentOf, resealed, sealed } from '../../topology/project/sealed-credential.ts'
import type { Credential, CredentialFacts } from '../../topology/words/credential.ts'
import { isName } from '../../topology/words/ids.ts'
import { isJsonObject } from '../../topology/words/json.ts'
import {
  changeAnswers,
  credentialDocument,
  credentialItem,
  readAnswers,
  transferDocument,
  type wholeCredential,
} from './credential-answers-schema.ts'
import { refuseStranger, refuseUnlessAdministrator, userOf } from './credential-owner.ts'
import { refuseInUse } from './credential-use.ts'
import { type CredentialDeps, changedSince, withKey, write } from './credential-write.ts'
import { documentText, documentTypes } from './document-text.ts'
import { etagOf, isBasedOn } from './etag.ts'
import { badDocument, ifMatch } from './project-answers-schema.ts'
import { badName, refuseDocument } from './refuse-document.ts'
import { pageOf } from './schema-words.ts'

/** Credentials: who owns one reads and changes it, and nobody else; an administrator may transfer and delete it. */
export const credentialRoutes = (deps: CredentialDeps): readonly Route[] => {
  const one = { path: '/api/credentials/:name', access: 'token', bodyLimit: 0, headers: noStore } as const
  const changing = {
    ...one,
    query: Type.Object({ dry_run: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
  } as const
  const taking = (document: typeof credentialDocument | typeof transferDocument) => ({
    bodyLimit: maxBytes,
    accepts: { headers: ifMatch, body: Object.fromEntries(documentTypes.map((type) => [type, document])) },
  })
  return [
    {
      ...one,
      method: 'GET',
      path: '/api/credentials',
      summary: 'All credentials, without what they hold',
      answers: { 200: jsonAnswer('All of them, by name; there is no next page', pageOf(credentialItem)) },
      handle: () => ({ status: 200, body: { items: itemsOf(deps), next: null } }),
    },
    {
      ...one,
      method: 'GET',
      summary: 'A credential, for its owner',
      answers: readAnswers,
      handle: (request) => withOne({ deps, request, refuse: refuseStranger }, (credential) => read(deps, credential)),
    },
    {
      ...changing,
      ...taking(credentialDocument),
      method: 'PUT',
      summary: 'Makes a credential, or replaces all of it',
      description:
        'Who makes it owns it. Jobs that run from then on get the new one. `dry_run=true` checks, and does nothing.',
      answers: {
        ...changeAnswers,
        400: badDocument('It cannot be read, or the name cannot be one.'),
        403: refusal('It belongs to somebody else.'),
        415: refusal('It is neither JSON nor YAML by its content type.'),
        422: badDocument('It is not right: every problem of it, with its path and place, and without its values.'),
      },
      handle: (request) => put(deps, request),
    },
    {
      ...changing,
      method: 'DELETE',
      accepts: { headers: ifMatch },
      summary: 'Takes a credential out of force',
      description: 'Refused while a job that is deployed names it. `dry_run=true` does nothing.',
      answers: { ...changeAnswers, 404: refusal('There is no such credential.') },
      handle: (request) =>
        withOne({ deps, request, refuse: refuseUnlessAdministrator }, (credential) =>
          remove(deps, { credential, request }),
        ),
    },
    {
      ...changing,
      ...taking(transferDocument),
      path: '/api/credentials/:name/transfer',
      method: 'POST',
      summary: 'Gives a credential to another user',
      description:
        'The new owner alone may read and change it from then on; an administrator may transfer it again, and delete it. `dry_run=true` does nothing.',
      answers: {
        ...changeAnswers,
        400: badDocument('It cannot be read.'),
        404: refusal('There is no such credential.'),
        415: refusal('It is neither JSON nor YAML by its content type.'),
        422: badDocument('It names no user.'),
      },
      handle: (request) =>
        withOne({ deps, request, refuse: refuseUnlessAdministrator }, (credential) =>
          transfer(deps, { credential, request }),
        ),
    },
  ]
}

type Own = Readonly<{ credential: Credential; request: Request }>
type Asked = Readonly<{ deps: CredentialDeps; request: Request; refuse: typeof refuseStranger }>

const itemsOf = ({ catalogue }: CredentialDeps): readonly Static<typeof credentialItem>[] =>
  [...catalogue.credentials().values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(itemOf)

const itemOf = (credential: CredentialFacts): Static<typeof credentialItem> => ({
  name: credential.name,
  kind: credential.kind,
  owner: credential.owner,
  projects: credential.projects,
  external_id: credential.externalId,
  version: credential.version,
  updated_at: credential.updatedAt,
  updated_by: credential.updatedBy,
})

/** Goes on when it is there, is not refused to the asker, and has not changed since he looked. */
const withOne = (
  { deps: { catalogue }, request, refuse }: Asked,
  act: (credential: Credential) => Promise<Reply> | Reply,
): Promise<Reply> | Reply => {
  const name = request.params['name'] ?? ''
  const credential = catalogue.credentials().get(name)
  if (credential === undefined)
    return problem(404, 'Not Found', `There is no credential ${JSON.stringify(name.slice(0, 100))}.`)
  const { version } = credential
  const refused = refuse(request, credential)
  if (refused !== undefined) return refused
  if (!isBasedOn(request, { version, exists: true })) return changedSince(version)
  return withKey(() => act(credential))
}

const read = ({ secrets }: CredentialDeps, credential: Credential): Reply => ({
  status: 200,
  headers: { etag: etagOf(credential.version) },
  body: { ...itemOf(credential), ...contentOf(secrets, credential) } satisfies Static<typeof wholeCredential>,
})

const put = async (deps: CredentialDeps, request: Request): Promise<Reply> => {
  const name = request.params['name'] ?? ''
  if (!isName(name)) return badName(name, 'credential')
  const text = documentText(request)
  if (text.kind === 'refused') return text.reply
  const parsed = parseDocument(text.text, text.format)
  if ('problems' in parsed) return refuseDocument(400, 'The credential cannot be read.', parsed.problems)
  const { catalogue, secrets } = deps
  const result = readCredential(parsed.document, catalogue.credentials())
  if ('problems' in result)
    return refuseDocument(422, 'The credential is not right; nothing was changed.', result.problems)

  const before = catalogue.credentials().get(name)
  const refused = before && refuseStranger(request, before)
  if (refused !== undefined) return refused
  const version = catalogue.credentialVersion(name)
  if (!isBasedOn(request, { version, exists: before !== undefined })) return changedSince(version)
  const { kind, externalId, projects, body, schema } = result.draft
  const facts = { name, kind, owner: userOf(request), version: version + 1, projects, externalId, ...now(request) }
  return withKey(() => {
    const becomes = sealed(secrets, facts, { body, schema })
    return write(deps, { name, version: facts.version, becomes, answer: itemOf(facts), request })
  })
}

const remove = (deps: CredentialDeps, { credential, request }: Own): Promise<Reply> | Reply => {
  const { name } = credential
  const refused = refuseInUse(deps.catalogue, name)
  if (refused !== undefined) return refused
  const version = credential.version + 1
  const becomes = { deleted: true, ...now(request) } as const
  return write(deps, { name, version, becomes, answer: itemOf({ ...credential, version, ...now(request) }), request })
}

const transfer = async (deps: CredentialDeps, { credential, request }: Own): Promise<Reply> => {
  const text = documentText(request)
  if (text.kind === 'refused') return text.reply
  const parsed = parseDocument(text.text, text.format)
  if ('problems' in parsed) return refuseDocument(400, 'The transfer cannot be read.', parsed.problems)
  const { value } = parsed.document
  const { owner, ...others } = isJsonObject(value) ? value : {}
  if (typeof owner !== 'string' || !/^\S(.{0,253}\S)?$/u.test(owner) || Object.keys(others).length > 0) {
    const message = 'Write { "owner": "…" } with the name of the user who is to own it, and nothing else.'
    return refuseDocument(422, 'It is not clear to whom; nothing was changed.', [{ path: '', message }])
  }
  const becomes = resealed(deps.secrets, credential, { owner, ...now(request) })
  const { name, version } = becomes
  return write(deps, { name, version, becomes, answer: itemOf(becomes), request })
}

const now = (request: Request): Pick<CredentialFacts, 'updatedAt' | 'updatedBy'> => ({
  updatedAt: new Date().toISOString(),
  updatedBy: userOf(request),
})

const maxBytes = 250_000
const noStore = { 'cache-control': 'no-store' }
