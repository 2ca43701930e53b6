import type { RunHost } from '../../language/host.ts'
import { AdaptorError } from '../../language/http/failure.ts'
import { asRecord } from '../../language/http/options.ts'
import type { Response } from '../../language/http/send.ts'
import type { State } from '../../language/operation.ts'
import { type Ask, ask } from '../ask.ts'
import { missing, textIn } from '../credential.ts'
import { told } from './failure.ts'
import { login, type Session } from './login.ts'

/** A request of the REST API; a path without a slash before it begins at `/services/data/v<version>`. */
export type Call = Readonly<{ method: Ask['method']; path: string }> &
  Partial<Pick<Ask, 'query' | 'body' | 'contentType' | 'parseAs' | 'errors'> & Readonly<{ accept: string }>>

/** The REST API of the organisation that the credential is for. Logs in when that is needed, once in a run. */
export const apiOf = async (host: RunHost, state: State): Promise<(call: Call) => Promise<Response>> => {
  const version = versionIn(state)
  const { instance, token } = await sessionFor(host, { state, version })
  return ({ path, accept = 'application/json', ...call }) =>
    ask(host, {
      ...call,
      base: instance,
      path: path.startsWith('/') ? path : `services/data/v${version}/${path}`,
      headers: { Authorization: `Bearer ${token}`, Accept: accept },
      tell: told,
    })
}

const sessionFor = (
  host: RunHost,
  { state, version }: Readonly<{ state: State; version: string }>,
): Session | Promise<Session> => {
  const token = textIn(state, 'access_token', 'accessToken')
  const instance = textIn(state, 'instance_url', 'instanceUrl')
  if (token !== undefined && instance !== undefined) return { token, instance }
  if (token !== undefined)
    throw missing(state, 'The credential has an access_token, and no instance_url that it is for.')
  const [username, password] = [textIn(state, 'username'), textIn(state, 'password')]
  if (username === undefined || password === undefined)
    throw missing(
      state,
      'Salesforce takes a credential with access_token and instance_url (OAuth), or with username, password and securityToken.',
    )
  const loginUrl = textIn(state, 'loginUrl', 'login_url') ?? 'https://login.salesforce.com'
  const secret = `${password}${textIn(state, 'securityToken', 'security_token') ?? ''}`
  return once(host, { loginUrl, username, secret, version })
}

/** A session for each user that a run logs in as. A login that failed is tried anew by whoever asks next. */
const once = (host: RunHost, as: Parameters<typeof login>[1]): Promise<Session> => {
  const known = sessions.get(host) ?? new Map<string, Promise<Session>>()
  sessions.set(host, known)
  const key = JSON.stringify(as)
  const before = known.get(key)
  if (before) return before
  const session = login(host, as)
  known.set(key, session)
  session.catch(() => known.delete(key))
  return session
}

/** A run's own: its host is made for it alone, no job can reach it, and both are gone together. */
const sessions = new WeakMap<RunHost, Map<string, Promise<Session>>>()

const versionIn = (state: State): string => {
  const { apiVersion, api_version: other } = asRecord(state['configuration'])
  const given = apiVersion ?? other ?? usualVersion
  const [, major, minor = '0'] = /^v?(\d{2,3})(?:\.(\d))?$/i.exec(String(given)) ?? []
  if (major) return `${major}.${minor}`
  throw new AdaptorError('BAD_OPTION', `apiVersion of the credential is a version such as ${usualVersion}`)
}

/** The last that has a login by name and password, too. */
const usualVersion = '64.0'
