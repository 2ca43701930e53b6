import { CredentialError } from '../../../topology/words/credential.ts'
import { isJsonObject, type JsonObject, jsonIn } from '../../../topology/words/json.ts'
import type { HttpAnswer, HttpCall } from '../egress/http-call.ts'
import { redactor } from '../redaction.ts'
import { secretsOf } from './secrets-of.ts'

/** The request for a token (RFC 6749 sections 4.4 and 6). */
export const tokenCall = (body: JsonObject): HttpCall => {
  const refresh = textIn(body, 'refresh_token')
  const grant = textIn(body, 'grant') ?? (refresh === undefined ? 'client_credentials' : 'refresh_token')
  const [id, secret] = [textIn(body, 'client_id') ?? '', textIn(body, 'client_secret')]
  const basic = textIn(body, 'auth') === 'basic'
  const form = {
    grant_type: grant,
    refresh_token: grant === 'refresh_token' ? refresh : undefined,
    scope: textIn(body, 'scope'),
    client_id: basic ? undefined : id,
    client_secret: basic ? undefined : secret,
  }
  const said = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return {
    method: 'POST',
    url: String(body['token_url']),
    headers: [
      ['content-type', 'application/x-www-form-urlencoded'],
      ['accept', 'application/json'],
      ...(basic ? [['authorization', `Basic ${login(id, secret ?? '')}`] as const] : []),
    ],
    body: new URLSearchParams(said).toString(),
    encoding: 'utf8',
    redirects: 0,
    timeoutMs: 30_000,
  }
}

/** What the server of tokens gave. Throws `CredentialError` when it is no token, in the server's own words but for what is secret. */
export const tokenIn = (
  answer: HttpAnswer,
  { name, body }: Readonly<{ name: string; body: JsonObject }>,
): JsonObject => {
  const given = objectIn(answer)
  if (answer.status === 200 && typeof given['access_token'] === 'string' && given['access_token'] !== '') return given
  const said = [given['error'], given['error_description']].filter((text) => typeof text === 'string').join(': ')
  const redact = redactor(secretsOf({ body, schema: oauth2Schema }))
  const what = answer.status === 200 ? 'no access_token' : `status ${answer.status}`
  throw new CredentialError(
    `The credential "${name}" got ${what} from its token_url${said && `, which says: ${redact(said, 'text').slice(0, 300)}`}.`,
  )
}

/** What of an OAuth2 credential and its token is secret; of other keys their names decide. */
export const oauth2Schema: JsonObject = {
  properties: {
    ...Object.fromEntries(
      ['client_secret', 'refresh_token', 'access_token', 'id_token', 'signature'].map((key) => [
        key,
        { writeOnly: true },
      ]),
    ),
    ...Object.fromEntries(
      ['token_url', 'grant', 'client_id', 'auth', 'scope', 'token_type', 'id', 'issued_at'].map((key) => [key, {}]),
    ),
  },
}

/** Each part is form-encoded first (RFC 6749 section 2.3.1). */
const login = (id: string, secret: string): string =>
  Buffer.from([id, secret].map((part) => new URLSearchParams([['', part]]).toString().slice(1)).join(':')).toString(
    'base64',
  )

const objectIn = ({ body, encoding }: HttpAnswer): JsonObject => {
  const given = jsonIn(Buffer.from(body, encoding).toString('utf8'))
  return isJsonObject(given) ? given : {}
}

const textIn = (body: JsonObject, key: string): string | undefined => {
  const value = body[key]
  return typeof value === 'string' && value !== '' ? value : undefined
}
