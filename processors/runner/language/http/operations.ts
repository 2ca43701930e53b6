import { kindOf } from '../functions/arguments.ts'
import { composeNextState } from '../functions/references.ts'
import { resolved } from '../functions/resolve.ts'
import type { RunHost } from '../host.ts'
import { isGenerator, type Operation, type State } from '../operation.ts'
import { callWithCredential } from './calls.ts'
import { logResponse } from './log-response.ts'
import { asRecord, type Options, optionsIn } from './options.ts'
import type { Response } from './send.ts'

/** What may be said of a request: options, or a function of state that gives them. */
type Given = Options | ((state: State) => unknown)
type Callback = (state: State) => unknown

/** `get(path, options, callback)` and the like. */
export type WithoutData = (path: unknown, options?: Given, callback?: Callback) => Operation
/** `post(path, data, options, callback)` of 3.x, and `post(path, { body, headers, … }, callback)` of 1.x. */
export type WithData = (path: unknown, data?: unknown, options?: Given, callback?: Callback) => Operation

export type HttpOperations = Readonly<{
  get: WithoutData
  del: WithoutData
  head: WithoutData
  options: WithoutData
  post: WithData
  put: WithData
  patch: WithData
  request: (method: unknown, path: unknown, options?: Given, callback?: Callback) => Operation
}>

/**
 * The operations of `@openfn/language-http`, in the style of 1.x and of 3.x and later. Each gives the state with the body of the answer as
 * `data`, the old `data` as newest of `references`, and `response`; a callback goes on from there. An answer of 400 and above is an `AdaptorError`.
 */
export const httpOperations = (host: RunHost): HttpOperations => {
  const call = async (state: State, { method, path, options, callback, old }: Wanted): Promise<unknown> => {
    const oldStyle = old || callback !== undefined || isOld(options)
    const response = await callWithCredential(
      host,
      { method: resolved(state, method), path: resolved(state, path), options },
      { state, oldStyle },
    ).catch((error: unknown) => {
      throw error instanceof Error ? logResponse(host, error) : error
    })
    logResponse(host, response)
    const next = nextState(state, response, options)
    return callback ? callback(next) : next
  }

  const request: HttpOperations['request'] = (method, path, options, callback) => {
    mayBeFunction(callback)
    return (state) => call(state, { method, path, options: optionsIn(state, options), callback })
  }

  const withData =
    (method: string): WithData =>
    (path, data, options, callback) => {
      mayBeFunction(callback)
      return (state) => {
        const given: unknown = typeof data === 'function' ? data(state) : data
        const asParams = (done?: Callback) =>
          call(state, { method, path, options: optionsIn(state, given), callback: done, old: true })
        if (typeof options === 'function' && !callback && (given === undefined || given === null || isParams(given)))
          return asParams(options as Callback)
        if (options === undefined && isParams(given) && saysBody(given)) return asParams(callback)
        const said = { ...optionsIn(state, options), body: resolved(state, given) }
        return call(state, { method, path, options: said, callback })
      }
    }

  const withoutData =
    (method: string): WithoutData =>
    (path, options, callback) =>
      request(method, path, options, callback)

  return {
    ...{ get: withoutData('GET'), del: withoutData('DELETE'), head: withoutData('HEAD') },
    ...{ options: withoutData('OPTIONS'), post: withData('POST'), put: withData('PUT'), patch: withData('PATCH') },
    request,
  }
}

type Wanted = Readonly<{
  method: unknown
  path: unknown
  options: Options
  callback?: Callback | undefined
  old?: boolean
}>

const nextState = (state: State, { body, ...response }: Response, { keepCookie }: Options): State => {
  const cookies = [response.headers['set-cookie'] ?? []].flat().map((line) => line.split(';')[0] ?? '')
  const kept = { __cookie: cookies.length === 1 ? cookies[0] : cookies, __headers: response.headers }
  const data = keepCookie === true ? { ...(Array.isArray(body) ? { body } : asRecord(body)), ...kept } : body
  // Readable for the job; stored, it would be there twice.
  return { ...composeNextState(state, data), response: Object.defineProperty(response, 'body', { value: body }) }
}

const mayBeFunction = (callback: unknown): void => {
  if (callback !== undefined && callback !== null && (typeof callback !== 'function' || isGenerator(callback)))
    throw new TypeError(`The callback of a request is a function of state, not ${kindOf(callback)}`)
}

/** What only 1.x knew. */
const isOld = (options: Options): boolean =>
  ['authentication', 'auth', 'keepCookie', 'successCodes'].some((name) => options[name] !== undefined)

/**
 * In 1.x the second argument of `post` described the request, since 3.x it is what is posted. It is a description if it has nothing but names
 * of one; where no callback makes that sure, it must also say a body, headers or a login, as an object would that nobody wants to post.
 */
const isParams = (given: unknown): boolean =>
  typeof given === 'object' &&
  given !== null &&
  Object.getPrototypeOf(given) === Object.prototype &&
  Object.keys(given).every((name) => paramNames.has(name))

const saysBody = (given: unknown): boolean => {
  const { body, form, formData, headers, authentication, auth } = asRecord(given)
  const isObject = (value: unknown): boolean => typeof value === 'object' || typeof value === 'function'
  return body !== undefined || [form, formData, headers, authentication, auth].some((one) => one && isObject(one))
}

const paramNames: ReadonlySet<string> = new Set([
  ...['body', 'data', 'json', 'form', 'formData', 'query', 'qs', 'params', 'headers', 'authentication', 'auth'],
  ...['keepCookie', 'timeout', 'gzip', 'agentOptions', 'strictSSL', 'followAllRedirects', 'maxRedirects', 'options'],
  ...['encoding', 'responseType', 'responseEncoding', 'parseAs', 'errors', 'contentType', 'maxRedirections', 'tls'],
])
