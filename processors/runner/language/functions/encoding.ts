import type { RunHost } from '../host.ts'
import { basicAuth } from '../http/send.ts'
import type { State } from '../operation.ts'
import { parseDate } from '../parse-date.ts'
import { Blob } from '../web/blob.ts'
import { Buffer } from '../web/buffer.ts'
import { FormData } from '../web/form-data.ts'
import { cryptoOf } from '../web/random.ts'
import { URL } from '../web/url.ts'
import { wrong } from './arguments.ts'
import { resolved } from './resolve.ts'

/** The part of `util` that asks nothing of a server. */
export const pureUtilOf = (host: Pick<RunHost, 'console' | 'random'>) => ({
  expandReferences,
  encode,
  decode,
  uuid: cryptoOf(host).randomUUID,
  parseDate,
  throwError,
  makeBasicAuthHeader,
  encodeFormBody,
  assertRelativeUrl,
  parseUrl,
  /** The configuration with the key `access_token` also as `accessToken`, as some adaptors of OpenFn want it. */
  normalizeOauthConfig,
  /** Prints what a response was: method, URL, status and time. Gives the response. */
  logResponse: <T extends Readonly<Record<string, unknown>>>(response: T): T => {
    const { method, url, statusCode, duration, body } = response ?? {}
    if (!method || !url || !statusCode) return response
    const line = `${method} ${withQuery(response)} - ${statusCode} in ${duration}ms`
    if (response instanceof Error) host.console.error(`${line}\n${body === undefined ? '[no body]' : shown(body)}`)
    else host.console.log(line)
    return response
  },
})

/** Each value with its functions replaced by what they give for the state; see `resolved`. */
const expandReferences = (state: State, ...values: readonly unknown[]): readonly unknown[] =>
  values.map((value) => resolved(state, value))

type Parsing = Readonly<{ parseJson?: boolean }>

/** Base64 of a text; anything else is made JSON first, bytes excepted. */
const encode = (data: unknown, { parseJson = true }: Parsing = {}): string => {
  if (data instanceof Uint8Array || data instanceof ArrayBuffer)
    return Buffer.from(data as Uint8Array).toString('base64')
  const text = typeof data !== 'string' && parseJson ? JSON.stringify(data) : data
  if (typeof text !== 'string') throw wrong('util.encode', { takes: 'a text, or JSON', got: data })
  return Buffer.from(text, 'utf8').toString('base64')
}

/** The text that is in the base64; where it looks like an object or a list of JSON, and is, that. */
const decode = (base64: string, { parseJson = true }: Parsing = {}): unknown => {
  if (typeof base64 !== 'string') throw wrong('util.decode', { takes: 'a text in base64', got: base64 })
  const text = Buffer.from(base64, 'base64').toString('utf8')
  if (!parseJson || !/^[[{]/.test(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Throws an Error whose message is the code and the description, and that carries all that it is given. */
const throwError = (code: string | number, facts: Readonly<Record<string, unknown>> = {}): never => {
  const { description } = facts
  throw Object.assign(new Error(description ? `${code}: ${description}` : String(code)), { ...facts, code })
}

/** `{ Authorization: 'Basic …' }`. */
const makeBasicAuthHeader = (username: string, password: string): Readonly<{ Authorization: string }> => ({
  Authorization: basicAuth(username, password),
})

/** A form of the object's values: files as they are, other objects as JSON, null and undefined left out. */
const encodeFormBody = (data: Readonly<Record<string, unknown>>): FormData => {
  if (typeof data !== 'object' || data === null) throw wrong('util.encodeFormBody', { takes: 'an object', got: data })
  const form = new FormData()
  for (const [key, value] of Object.entries(data)) {
    if (value === null || value === undefined) continue
    form.append(key, value instanceof Blob ? value : typeof value === 'object' ? JSON.stringify(value) : String(value))
  }
  return form
}

/** Throws unless the text is a path without a server. */
const assertRelativeUrl = (path: string): void => {
  if (!/https?:\/\//.test(path)) return
  const description = 'The URL names a server, and only a path such as /a/b can stand here'
  const fix = 'Leave out the protocol and the host, or use a function of http'
  throwError('UNEXPECTED_ABSOLUTE_URL', { description, url: path, fix })
}

/** The parts of a request's URL. A path is joined to the base; a whole URL must be of the base's origin, so that no credential goes elsewhere. */
const parseUrl = (
  pathOrUrl = '',
  base?: string,
): Readonly<{ url: string; baseUrl: string; path: string; query: Readonly<Record<string, string | string[]>> }> => {
  const absolute = /^https?:\/\//i.test(pathOrUrl)
  const below = pathOrUrl === '' ? '' : `/${pathOrUrl.replace(/^\/+/, '')}`
  const url = urlOf(absolute || !base ? pathOrUrl : `${base.replace(/\/+$/, '')}${below}`)
  if (absolute && base && url.origin !== urlOf(base).origin) {
    const description = 'The request goes to another server than the base URL, so it is not made'
    const fix = 'Use a function of http, or another base URL'
    throwError('BASE_URL_MISMATCH', { description, target: pathOrUrl, baseUrl: base, fix })
  }
  const query = new Map<string, string | string[]>()
  for (const [name, value] of url.searchParams) {
    const before = query.get(name)
    query.set(name, before === undefined ? value : [before, value].flat())
  }
  return { url: url.toString(), baseUrl: url.origin, path: url.pathname, query: Object.fromEntries(query) }
}

const urlOf = (text: string): InstanceType<typeof URL> => {
  try {
    return new URL(text)
  } catch {
    throw new TypeError(
      `${JSON.stringify(text)} is no whole URL. Give one such as https://example.org/path, or a baseUrl`,
    )
  }
}

const normalizeOauthConfig = (configuration: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const { access_token, accessToken } = configuration
  if (access_token && accessToken)
    throw new Error(
      'The configuration has both accessToken and access_token; for OAuth2 it should have access_token only',
    )
  return access_token ? { ...configuration, accessToken: access_token } : configuration
}

const withQuery = ({ url, query }: Readonly<Record<string, unknown>>): string => {
  const pairs = Object.entries((query ?? {}) as object)
  const text = pairs
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('&')
  return text === '' ? String(url) : `${url}?${text}`
}

const shown = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body))
