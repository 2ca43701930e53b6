import { resolved } from '../functions/resolve.ts'
import type { State } from '../operation.ts'
import { AdaptorError } from './failure.ts'
import { type ParseAs, parseAsOf } from './read-body.ts'
import { basicAuth, type ErrorMap, type Request } from './send.ts'
import { formOf, type Headers, headerIn, withHeader } from './written-body.ts'

/** What a job says of a request beside its method and path, with all functions resolved. Names are those of 3.x and of 1.x. */
export type Options = Readonly<Record<string, unknown>>

/** Options, or a function of state that gives them. Functions in `errors` stay: they are asked when the answer is there. */
export const optionsIn = (state: State, value: unknown): Options => {
  const given = typeof value === 'function' ? value(state) : value
  if (given === undefined || given === null) return {}
  if (typeof given !== 'object' || Array.isArray(given))
    throw new TypeError(`The options of a request are an object, not a value of type ${typeof given}`)
  const { errors, ...rest } = given as Options
  return { ...(resolved(state, rest) as Options), ...(errors === undefined ? {} : { errors }) }
}

/** All of a request that its options decide. */
export const requestParts = (options: Options): Omit<Request, 'method' | 'url' | 'parseAs' | 'redirects'> => {
  refuseCertificates(options['tls'] ?? options['agentOptions'])
  const { body, contentType } = bodyIn(options)
  return {
    query: { ...asRecord(options['params']), ...asRecord(options['qs']), ...asRecord(options['query']) },
    headers: withAuthentication(headersIn(options), options['authentication'] ?? options['auth']),
    ...{ body, contentType },
    errors: errorsIn(options),
    timeoutMs: numberIn(options, 'timeout') || null,
    keepCookie: options['keepCookie'] === true,
  }
}

/** How many redirects are followed; undefined when the options do not say. */
export const redirectsIn = (options: Options): number | undefined =>
  numberIn(options, 'maxRedirections') ??
  numberIn(options, 'maxRedirects') ??
  (options['followAllRedirects'] === false ? 0 : undefined)

export const parseAsIn = (options: Options): ParseAs => {
  if (options['parseAs'] !== undefined) return parseAsOf(options['parseAs'])
  const type = options['responseType']
  return parseAsOf(type === 'arraybuffer' ? 'base64' : type === 'text' || type === 'stream' ? type : undefined)
}

const bodyIn = (options: Options): Pick<Request, 'body' | 'contentType'> => {
  const json = options['json']
  const form = options['form'] ?? options['formData']
  const body = options['body'] ?? options['data'] ?? (typeof json === 'object' ? json : undefined)
  if (options['contentType'] === 'form') return { body: formOf(body), contentType: null }
  if (form !== undefined && body === undefined) return { body: formOf(form), contentType: null }
  const named = contentTypes.get(String(options['contentType']))
  return { body, contentType: named ?? (json ? 'application/json' : null) }
}

/** The short names of upstream's `contentType`. */
const contentTypes: ReadonlyMap<string, string> = new Map([
  ['json', 'application/json'],
  ['xml', 'application/xml'],
  ['string', 'text/plain'],
])

const headersIn = (options: Options): Headers =>
  Object.fromEntries(
    Object.entries(asRecord(options['headers']))
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name, Array.isArray(value) ? value.map(String) : String(value)]),
  )

const withAuthentication = (headers: Headers, given: unknown): Headers => {
  const { username, user, password, pass, bearer } = asRecord(given)
  if (headerIn(headers, 'authorization') !== undefined) return headers
  if (bearer) return withHeader(headers, 'Authorization', `Bearer ${bearer}`)
  const name = username ?? user
  return name === undefined ? headers : withHeader(headers, 'Authorization', basicAuth(name, password ?? pass ?? ''))
}

/** `errors` of 3.x; of 1.x the statuses that are none (`options.successCodes`). */
const errorsIn = (options: Options): ErrorMap => {
  const codes = asRecord(options['options'])['successCodes']
  if (Array.isArray(codes)) return Object.fromEntries(codes.map((code) => [String(code), false]))
  return options['errors'] === false ? false : asRecord(options['errors'])
}

const numberIn = (options: Options, name: string): number | undefined => {
  const value = options[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && value >= 0) return value
  throw new AdaptorError('BAD_OPTION', `${name} is a number of at least 0, not ${JSON.stringify(value)}`)
}

/** Certificates of a job's own would have to leave its realm; what only loosens the checks is passed over. */
const refuseCertificates = (tls: unknown): void => {
  const name = ['cert', 'key', 'pfx', 'ca', 'passphrase'].find((one) => asRecord(tls)[one])
  if (name)
    throw new AdaptorError('TLS_OPTION', `tls.${name} is not available: requests use the certificates of this server`)
}

export const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
