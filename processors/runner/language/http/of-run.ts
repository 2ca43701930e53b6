import type { OfRun, RunHost } from '../host.ts'
import { fetchWithErrorsOf } from './fetch-with-errors.ts'
import { httpOf } from './http-object.ts'
import { type HttpOperations, httpOperations } from './operations.ts'

const operation =
  (name: keyof HttpOperations) =>
  (host: RunHost): unknown =>
    httpOperations(host)[name]

/** The HTTP functions that a job has in scope: those of `@openfn/language-http`, and `http` of `@openfn/language-common`. */
export const httpOfRun: OfRun = {
  ...{ get: operation('get'), post: operation('post'), put: operation('put'), patch: operation('patch') },
  ...{ del: operation('del'), head: operation('head'), options: operation('options'), request: operation('request') },
  fetchWithErrors: fetchWithErrorsOf,
  http: httpOf,
}
