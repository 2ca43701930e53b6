import { type TSchema, Type } from 'typebox'
import { type Answers, jsonAnswer, refusal, retryLater } from '../../topology/http-answers.ts'
import { credentialKinds } from '../../topology/words/credential.ts'
import { closed, listOf, orNull, time, word } from './schema-words.ts'

const item = {
  name: Type.String(),
  kind: word(credentialKinds),
  owner: Type.String({ description: 'who alone may read and change it' }),
  projects: orNull(listOf(Type.String(), { description: 'those whose jobs may use it; null for all' })),
  external_id: orNull(Type.String({ description: 'what a keychain finds it by' })),
  version: Type.Integer({ description: 'counts up with every change, for `If-Match`' }),
  updated_at: time(),
  updated_by: Type.String(),
}

const district = {
  name: 'district',
  kind: 'raw',
  owner: 'admin',
  projects: null,
  external_id: null,
  version: 1,
  updated_at: '2026-11-21T14:36:19.078Z',
  updated_by: 'admin',
}

/** A credential without what it holds. */
export const credentialItem = closed(item, { $id: 'CredentialItem', examples: [district] })

const anything = (description: string): TSchema => Type.Record(Type.String(), Type.Unknown(), { description })
const body = anything('what it holds')
const schema = anything('for the kind `typed`: the JSON Schema that the body is checked by')

/** All of a credential, for its owner. */
export const wholeCredential = closed(
  { ...item, body, schema: orNull(schema) },
  {
    $id: 'Credential',
    examples: [{ ...district, body: { baseUrl: 'https://district.example', token: 'k7Vb-2mPq' }, schema: null }],
  },
)

/** What `PUT` takes. What the body must hold, by its kind, is said in the README of `topology/project`. */
export const credentialDocument = closed(
  {
    kind: Type.Enum([...credentialKinds], { description: 'what the body is' }),
    body,
    schema: Type.Optional(orNull(schema)),
    external_id: Type.Optional(
      orNull(Type.String({ minLength: 1, maxLength: 255, description: 'what a keychain finds it by' })),
    ),
    projects: Type.Optional(
      orNull(
        listOf(Type.String(), { description: 'names of those whose jobs may use it; null, the default, for all' }),
      ),
    ),
  },
  {
    $id: 'CredentialDocument',
    examples: [{ kind: 'raw', body: { baseUrl: 'https://district.example', token: 'k7Vb-2mPq' } }],
  },
)

export const transferDocument = closed(
  { owner: Type.String({ minLength: 1, maxLength: 255, description: 'the user who owns it from now on' }) },
  { $id: 'Transfer', examples: [{ owner: 'admin' }] },
)

const etag = {
  etag: Type.String({ pattern: '^"\\d+"$', description: 'the version, for `If-Match`', examples: ['"1"'] }),
}

export const readAnswers: Answers = {
  200: jsonAnswer('All of it, in the clear', wholeCredential, { headers: etag }),
  403: refusal('It belongs to somebody else.'),
  404: refusal('There is no such credential.'),
  409: refusal('It cannot be opened: it was sealed with another key.'),
}

/** Of everything that changes a credential. */
export const changeAnswers: Answers = {
  200: jsonAnswer('As it is now, or would be', credentialItem, { headers: etag }),
  409: refusal(
    'Somebody else has changed it since, another has its `external_id`, a deployed job names what is to be deleted, or it cannot be sealed or opened with the keys there are.',
    {
      headers: { etag: Type.Optional(Type.String({ description: 'of the version that is in force' })) },
    },
  ),
  503: refusal(
    'Kafka did not confirm the change in time: look whether it took effect before you repeat it.',
    retryLater,
  ),
}
