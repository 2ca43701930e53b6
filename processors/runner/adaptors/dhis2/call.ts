import type { RunHost } from '../../language/host.ts'
import { AdaptorError } from '../../language/http/failure.ts'
import { asRecord } from '../../language/http/options.ts'
import type { Response } from '../../language/http/send.ts'
import type { State } from '../../language/operation.ts'
import { type Ask, ask, type Refused, type Told } from '../ask.ts'
import { basicIn, missing, textIn } from '../credential.ts'
import { importTrouble } from './import-report.ts'

/** A request of DHIS2's web API; the path begins below `api/`. */
export type Call = Pick<Ask, 'method' | 'path' | 'query' | 'body'>

/** Makes a request at the server of the credential. `apiVersion` wins over the credential's; without one DHIS2 takes its newest. */
export const callDhis2 = (
  host: RunHost,
  { state, apiVersion, path, ...call }: Call & Readonly<{ state: State; apiVersion: unknown }>,
): Promise<Response> => {
  const server = textIn(state, 'hostUrl', 'apiUrl', 'baseUrl', 'instanceUrl')
  if (server === undefined)
    throw missing(
      state,
      'DHIS2 takes a credential with hostUrl, the address of the server, and with username and password, pat or OAuth2.',
    )
  const version = versionOf(apiVersion ?? asRecord(state['configuration'])['apiVersion'])
  return ask(host, {
    ...call,
    base: server.replace(/\/api\/*$/, ''),
    path: `api/${version}${path}`,
    headers: { Authorization: authorisationOf(state), Accept: 'application/json' },
    tell: told,
  })
}

const authorisationOf = (state: State): string => {
  const [pat, token] = [textIn(state, 'pat', 'apiToken'), textIn(state, 'access_token')]
  if (pat !== undefined) return `ApiToken ${pat}`
  const given = token === undefined ? basicIn(state) : `Bearer ${token}`
  if (given !== undefined) return given
  throw missing(
    state,
    'DHIS2 takes a credential with username and password, with pat (a personal access token), or OAuth2.',
  )
}

const versionOf = (given: unknown): string => {
  if (given === undefined || given === null || given === '') return ''
  const version = String(given).replace(/^v|^2\./i, '')
  if (/^\d{2}$/.test(version)) return `${version}/`
  throw new AdaptorError('BAD_OPTION', `apiVersion is a version of DHIS2 such as 41, not ${JSON.stringify(given)}`)
}

const told = ({ statusCode, message, body }: Refused): Told => {
  const trouble = importTrouble(body)
  const said = asRecord(body)['message']
  if (trouble) return trouble
  return {
    code: `HTTP_${statusCode}`,
    message: typeof said === 'string' ? `${message}: ${said}` : message,
    facts: { body },
  }
}
