import type { RunHost } from '../host.ts'
import { Buffer } from '../web/buffer.ts'
import { cryptoOf } from '../web/random.ts'
import { addressOf, urlOf } from './address.ts'
import { callPlainly } from './calls.ts'
import { AdaptorError } from './failure.ts'
import { logResponse } from './log-response.ts'
import type { Options } from './options.ts'
import { basicAuth, type Response } from './send.ts'
import { formOf } from './written-body.ts'

/** The part of `util` that has to do with HTTP (`@openfn/language-common/util` 3.x). Not operations: they give the answer itself. */
export const httpUtilOf = (host: RunHost): Readonly<Record<string, unknown>> => {
  const request = (method: unknown, path: unknown, options: Options = {}): Promise<Response> =>
    callPlainly(host, { method, path, options })
  const withBody =
    (method: string) =>
    (path: unknown, body: unknown, options: Options = {}) =>
      request(method, path, { body, ...options })

  return {
    request,
    get: (path: unknown, options?: Options) => request('GET', path, options),
    ...{ post: withBody('POST'), put: withBody('PUT'), patch: withBody('PATCH'), del: withBody('DELETE') },
    logResponse: (response: unknown) => logResponse(host, response),
    makeBasicAuthHeader: (username: unknown, password: unknown) => ({ Authorization: basicAuth(username, password) }),
    encodeFormBody: formOf,
    ...{ assertRelativeUrl, parseUrl, encode, decode },
    uuid: () => cryptoOf(host).randomUUID(),
    enableMockClient: () => {
      throw new AdaptorError('NO_MOCKS', 'enableMockClient is not available: set test_mode on the job instead')
    },
  }
}

const assertRelativeUrl = (path: unknown): void => {
  if (/https?:\/\//.test(String(path)))
    throw new AdaptorError(
      'UNEXPECTED_ABSOLUTE_URL',
      'An absolute URL was given where only a path may stand, such as /a/b',
    )
}

const parseUrl = (path = '', baseUrl?: string): Readonly<Record<string, unknown>> => {
  const url = urlOf(path, baseUrl)
  const { given, query } = addressOf(url, {})
  return { url: given, baseUrl: url.origin, path: url.pathname, query }
}

type Base64Options = Readonly<{ parseJson?: boolean }>

/** What is no text is written as JSON before. */
const encode = (data: unknown, { parseJson = true }: Base64Options = {}): string => {
  const text = typeof data === 'string' || !parseJson ? data : JSON.stringify(data)
  return Buffer.from(text as string, 'utf8').toString('base64')
}

/** What looks like JSON is read as such, if it is. */
const decode = (base64: string, { parseJson = true }: Base64Options = {}): unknown => {
  const text = Buffer.from(base64, 'base64').toString('utf8')
  if (!parseJson || !/^[[{]/.test(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
