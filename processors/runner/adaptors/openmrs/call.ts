import type { RunHost } from '../../language/host.ts'
import { asRecord } from '../../language/http/options.ts'
import type { Response } from '../../language/http/send.ts'
import type { Headers } from '../../language/http/written-body.ts'
import type { State } from '../../language/operation.ts'
import { type Ask, ask, pathOf, type Refused, type Told } from '../ask.ts'
import { basicIn, missing, textIn } from '../credential.ts'

/** A request of OpenMRS's REST API; the path begins below `ws/rest/v1/`. */
export type Call = Pick<Ask, 'method' | 'path' | 'query' | 'body'> & Readonly<{ state: State; language?: string }>

/** Makes a request at the server of the credential. The session that its first answer begins serves the whole run. */
export const callOpenmrs = (host: RunHost, { state, language, path, ...call }: Call): Promise<Response> => {
  const base = textIn(state, 'instanceUrl', 'baseUrl', 'hostUrl')
  const authorisation = basicIn(state)
  if (base === undefined || authorisation === undefined)
    throw missing(
      state,
      'OpenMRS takes a credential with instanceUrl (such as https://…/openmrs), username and password.',
    )
  const headers: Headers = {
    ...{ Authorization: authorisation, Accept: 'application/json' },
    ...(language === undefined ? {} : { 'Accept-Language': language }),
  }
  return ask(host, { ...call, base, path: `ws/rest/v1/${pathOf(path)}`, headers, keepCookie: true, tell: told })
}

/** OpenMRS's own sentence, and what it says of single fields. */
const told = ({ statusCode, message, body }: Refused): Told => {
  const { message: said, globalErrors, fieldErrors } = asRecord(asRecord(body)['error'])
  const code = `HTTP_${statusCode}`
  if (typeof said !== 'string') return { code, message, facts: { body } }
  const ofFields = Object.entries(asRecord(fieldErrors)).flatMap(([field, errors]) =>
    messagesOf(errors).map((text) => `${field}: ${text}`),
  )
  const sentences = [said.replace(/^\[|\]$/g, ''), ...messagesOf(globalErrors), ...ofFields]
  return { code, message: sentences.join('; '), facts: { globalErrors, fieldErrors } }
}

const messagesOf = (errors: unknown): readonly string[] =>
  (Array.isArray(errors) ? errors : []).flatMap((error) => {
    const { message } = asRecord(error)
    return typeof message === 'string' ? [message] : []
  })
