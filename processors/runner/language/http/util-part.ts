import type { RunHost } from '../host.ts'
import { callPlainly } from './calls.ts'
import { AdaptorError } from './failure.ts'
import type { Options } from './options.ts'
import type { Response } from './send.ts'

/** The part of `util` that sends requests (`@openfn/language-common/util` 3.x). Not operations: they give the answer itself, `body` included. */
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
    enableMockClient: () => {
      throw new AdaptorError('NO_MOCKS', 'enableMockClient is not available: set test_mode on the job instead')
    },
  }
}
