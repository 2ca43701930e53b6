import type { OfRun, RunHost } from '../host.ts'
import { fetchWithErrorsOf } from './fetch-with-errors.ts'
import { type HttpOperations, httpOperations } from './operations.ts'

const operation =
  (name: keyof HttpOperations) =>
  (host: RunHost): unknown =>
    httpOperations(host)[name]

/** The operations of `@openfn/language-http`, as a job has them in scope. */
export const httpOperationsOfRun: OfRun = {
  ...{ get: operation('get'), post: operation('post'), put: operation('put'), patch: operation('patch') },
  ...{ del: operation('del'), head: operation('head'), options: operation('options'), request: operation('request') },
  fetchWithErrors: fetchWithErrorsOf,
}
