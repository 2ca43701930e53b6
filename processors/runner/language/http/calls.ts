import type { RunHost } from '../host.ts'
import type { State } from '../operation.ts'
import { URL } from '../web/url.ts'
import { urlOf } from './address.ts'
import { AdaptorError } from './failure.ts'
import { asRecord, type Options, parseAsIn, redirectsIn, requestParts } from './options.ts'
import { basicAuth, type Request, type Response, send } from './send.ts'
import { headerIn, withHeader } from './written-body.ts'

/** A call as a job makes it, with all functions resolved. */
export type Call = Readonly<{ method: unknown; path: unknown; options: Options }>

/**
 * A request with the credential of the state: paths begin at its base URL, and only there its name and password, or its token, go along. It
 * follows redirects, five at most. `oldStyle`: as 1.x did, the credential also goes to absolute URLs when it names no base URL, and any answer
 * is tried as JSON.
 */
export const callWithCredential = (
  host: RunHost,
  call: Call,
  { state, oldStyle }: Readonly<{ state: State; oldStyle: boolean }>,
): Promise<Response> => {
  const configuration = asRecord(state['configuration'])
  const request = plainRequest(call, baseUrlFor(call, configuration))
  const trusted = request.base !== undefined || oldStyle
  return send(host, {
    ...request.parts,
    contentType: request.parts.contentType ?? (call.options['contentType'] === 'form' ? null : 'application/json'),
    headers: trusted ? authorised(request.parts.headers, configuration) : request.parts.headers,
    redirects: redirectsIn(call.options) ?? 5,
    parseAs: oldStyle && call.options['parseAs'] === undefined ? oldParseAs(call.options) : request.parts.parseAs,
  })
}

/** A request as `util` and `http` of 3.x make it: no credential, and a redirect is an error unless `maxRedirections` is set. */
export const callPlainly = (host: RunHost, call: Call): Promise<Response> => {
  const { parts } = plainRequest(call, textOr(call.options['baseUrl']))
  const unhandled = call.options['throwOnUnhandledRedirect'] === false ? 0 : 'refused'
  return send(host, { ...parts, redirects: redirectsIn(call.options) ?? unhandled })
}

type Plain = Readonly<{ parts: Omit<Request, 'redirects'>; base: string | undefined }>

const plainRequest = ({ method, path, options }: Call, base: string | undefined): Plain => {
  const parts = requestParts(options)
  const url = urlOf(pathOf(path), base)
  const { username, password } = url
  url.username = url.password = ''
  const named = username !== '' && headerIn(parts.headers, 'authorization') === undefined
  const secret = (): string => basicAuth(decodeURIComponent(username), decodeURIComponent(password))
  const headers = named ? withHeader(parts.headers, 'Authorization', secret()) : parts.headers
  return { parts: { ...parts, headers, url, method: methodOf(method), parseAs: parseAsIn(options) }, base }
}

const methodOf = (method: unknown): string => {
  if (typeof method === 'string' && /^[A-Za-z]+$/.test(method)) return method.toUpperCase()
  throw new AdaptorError('BAD_METHOD', `The method of a request is a word such as GET, not ${JSON.stringify(method)}`)
}

const pathOf = (path: unknown): string => {
  if (path === undefined || path === null) return ''
  if (typeof path === 'string' || typeof path === 'number' || path instanceof URL) return String(path)
  throw new AdaptorError('BAD_URL', `The path of a request is text, not ${JSON.stringify(path)}`)
}

const textOr = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/**
 * `baseUrl` of the options or the credential. Other credentials call it `hostUrl`, `host` or `url`: that serves for paths, and for absolute URLs
 * within it.
 */
const baseUrlFor = ({ path, options }: Call, configuration: Options): string | undefined => {
  const named = textOr(options['baseUrl']) ?? textOr(configuration['baseUrl'])
  if (named) return named
  const others = [configuration['hostUrl'], configuration['host'], configuration['url']]
  const base = others.map(textOr).find((one) => one && /^https?:\/\//i.test(one))
  const wanted = URL.parse(String(path))
  return base && wanted && /^https?:$/.test(wanted.protocol) && wanted.origin !== URL.parse(base)?.origin
    ? undefined
    : base
}

/** What the job says itself comes first, then a token, then a name with a password. */
const authorised = (headers: Request['headers'], configuration: Options): Request['headers'] => {
  const { access_token: accessToken, token, username, password } = configuration
  const bearer = textOr(accessToken) ?? textOr(token)
  if (headerIn(headers, 'authorization') !== undefined) return headers
  if (bearer) return withHeader(headers, 'Authorization', `Bearer ${bearer}`)
  return username && password ? withHeader(headers, 'Authorization', basicAuth(username, password)) : headers
}

const oldParseAs = (options: Options): Request['parseAs'] => {
  const asked = parseAsIn(options)
  return asked === 'auto' ? 'try-json' : asked
}
