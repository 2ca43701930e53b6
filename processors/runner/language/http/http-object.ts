import { resolved } from '../functions/resolve.ts'
import type { RunHost } from '../host.ts'
import type { Operation, State } from '../operation.ts'
import { callPlainly, callWithCredential } from './calls.ts'
import { asRecord, type Options, optionsIn } from './options.ts'
import { basicAuth, type Response } from './send.ts'

type Plain = (url: unknown, options?: unknown) => Operation
type WithData = (url: unknown, data?: unknown, options?: unknown) => Operation

/** `http`, as `@openfn/language-common` 3.x has it, with all methods. */
export type Http = Readonly<{
  request: (method: unknown, url: unknown, options?: unknown) => Operation
  options: (given?: Options | ((state: State) => Options)) => OptionsBuilder
  get: Plain
  del: Plain
  delete: Plain
  head: Plain
  post: WithData
  put: WithData
  patch: WithData
}>

/**
 * Operations for any server: an absolute URL gets no credential but what the options say, and a redirect is an error unless `maxRedirections`
 * is set. `data` and `response` of the state are new; `references` stay. A path goes to the base URL of the credential, with it. In the style of
 * 1.x, `http.get({ url, … })(state)` gives the answer and not a state.
 */
export const httpOf = (host: RunHost): Http => {
  const call = (state: State, { method, url, options }: Readonly<Record<'method' | 'url' | 'options', unknown>>) => {
    const made = { method: resolved(state, method), path: resolved(state, url), options: optionsIn(state, options) }
    const relative = typeof made.path === 'string' && !/^https?:\/\//i.test(made.path) && !made.options['baseUrl']
    return relative ? callWithCredential(host, made, { state, oldStyle: false }) : callPlainly(host, made)
  }

  const request: Http['request'] =
    (method, url, options) =>
    async (state): Promise<unknown> => {
      if (typeof url === 'object' && url !== null && 'url' in url) {
        const { url: own, ...rest } = url
        return asAxios(await call(state, { method, url: own, options: rest }))
      }
      const { body, ...response } = await call(state, { method, url, options })
      return { ...state, response, data: body }
    }

  const withData =
    (method: string): WithData =>
    (url, data, options) =>
    (state) =>
      request(
        method,
        url,
        typeof url === 'object' ? data : { ...optionsIn(state, options), body: resolved(state, data) },
      )(state)

  const plain =
    (method: string): Plain =>
    (url, options) =>
      request(method, url, options)

  return {
    ...{ request, options: optionsBuilder, get: plain('GET'), del: plain('DELETE'), delete: plain('DELETE') },
    ...{ head: plain('HEAD'), post: withData('POST'), put: withData('PUT'), patch: withData('PATCH') },
  }
}

/** The answer under the names that 1.x gave it. */
const asAxios = (response: Response): Readonly<Record<string, unknown>> => ({
  ...response,
  ...{ status: response.statusCode, statusText: response.statusMessage, data: response.body },
})

export type OptionsBuilder = Options &
  Readonly<{
    json(): OptionsBuilder
    basic(username: unknown, password: unknown): OptionsBuilder
    bearer(token: unknown): OptionsBuilder
    oauth(token: unknown): OptionsBuilder
  }>

/** `http.options({ … }).json().bearer(token)`: options with words for what is often wanted. All may be functions of state. */
const optionsBuilder = (given: Options | ((state: State) => Options) = {}): OptionsBuilder => {
  const withHeader = (name: string, value: unknown): OptionsBuilder => {
    const add = (options: Options): Options => ({
      ...options,
      headers: { ...asRecord(options['headers']), [name]: value },
    })
    return optionsBuilder(typeof given === 'function' ? (state) => add(given(state)) : add(given))
  }
  const authorised = (value: (state: State) => string, ...lazy: unknown[]): OptionsBuilder =>
    withHeader('Authorization', lazy.some((one) => typeof one === 'function') ? value : value({}))
  const bearer = (token: unknown): OptionsBuilder => authorised((state) => `Bearer ${resolved(state, token)}`, token)
  const words = {
    json: () => withHeader('Content-Type', 'application/json'),
    basic: (username: unknown, password: unknown) =>
      authorised((state) => basicAuth(resolved(state, username), resolved(state, password)), username, password),
    ...{ bearer, oauth: bearer },
  }
  const made: object = typeof given === 'function' ? (state: State) => given(state) : { ...given }
  for (const [name, value] of Object.entries(words)) Object.defineProperty(made, name, { value })
  return made as OptionsBuilder
}
