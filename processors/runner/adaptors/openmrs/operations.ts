import { resolved } from '../../language/functions/resolve.ts'
import type { RunHost } from '../../language/host.ts'
import { AdaptorError } from '../../language/http/failure.ts'
import { asRecord } from '../../language/http/options.ts'
import type { Response } from '../../language/http/send.ts'
import type { Operation, State } from '../../language/operation.ts'
import { type Callback, withAnswer, withReference } from '../next-state.ts'
import { callOpenmrs } from './call.ts'

/**
 * Operations for OpenMRS; paths begin below `ws/rest/v1/`. `get`, `create`, `update`, `upsert` and `destroy` leave the answer in `data`, and the old
 * `data` as newest of `references`; `person`, `patient` and `encounter` (OpenFn v1) create one, leave `data` alone and the answer as newest of
 * `references`.
 */
export type OpenmrsOperations = Readonly<{
  /**
   * A record, or of a search the list of what was found, all of its pages up to `max` (10,000). `options` go into the URL, but for `query` (`q` there),
   * `max`, `pageSize` and `language`; with `limit` there is one page.
   */
  get(path: unknown, options?: unknown, callback?: Callback): Operation
  create(path: unknown, data: unknown, callback?: Callback): Operation
  update(path: unknown, data: unknown, callback?: Callback): Operation
  /** `path` names a record, or with `query` finds it: none is created, one is updated, of several nothing is done. */
  upsert(path: unknown, data: unknown, query?: unknown, callback?: Callback): Operation
  /** Voids or retires a record; `{ purge: true }` deletes it for good. */
  destroy(path: unknown, options?: unknown, callback?: Callback): Operation
  person(data: unknown): Operation
  patient(data: unknown): Operation
  encounter(data: unknown): Operation
}>

export const openmrsOperations = (host: RunHost): OpenmrsOperations => {
  const post = (state: State, { path, data }: Readonly<{ path: string; data: unknown }>): Promise<Response> =>
    callOpenmrs(host, { state, method: 'POST', path, body: resolved(state, data) })

  /** OpenMRS takes what is new and what has changed at different places and in one way. */
  const posting =
    ({ path, data, callback }: Readonly<{ path: unknown; data: unknown; callback: Callback | undefined }>): Operation =>
    async (state) => {
      const response = await post(state, { path: pathIn(state, path), data })
      return withAnswer(state, { response, data: response.body, callback })
    }

  const making =
    (path: string) =>
    (data: unknown): Operation =>
    async (state) =>
      withReference(state, (await post(state, { path, data })).body)

  const found = async (
    state: State,
    { path, query }: Search,
  ): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const search = { state, method: 'GET', path, query } as const
    const response = await callOpenmrs(host, search).catch((error: unknown) => {
      if (error instanceof AdaptorError && error.code === 'HTTP_404') return { body: undefined }
      throw error
    })
    if (response.body === undefined) return []
    return resultsIn(response.body)?.map(asRecord) ?? [asRecord(response.body)]
  }

  return {
    get: (path, options, callback) => async (state) => {
      const { query: q, max = 10_000, pageSize, language, ...rest } = asRecord(resolved(state, options))
      const search = {
        ...(q === undefined ? {} : { q }),
        ...(pageSize === undefined ? {} : { limit: pageSize }),
        ...rest,
      }
      const ask = (query: Readonly<Record<string, unknown>>): Promise<Response> =>
        callOpenmrs(host, {
          ...{ state, method: 'GET', path: pathIn(state, path), query },
          ...(typeof language === 'string' ? { language } : {}),
        })
      const response = await ask(search)
      let all = resultsIn(response.body)
      const first = Number(rest['startIndex'] ?? 0)
      let last = response
      while (all && rest['limit'] === undefined && all.length < Number(max) && hasMore(last.body)) {
        last = await ask({ ...search, startIndex: first + all.length })
        all = [...all, ...(resultsIn(last.body) ?? [])]
      }
      const data = all === undefined ? response.body : all.slice(0, Number(max))
      return withAnswer(state, { response, data, callback })
    },
    create: (path, data, callback) => posting({ path, data, callback }),
    update: (path, data, callback) => posting({ path, data, callback }),
    upsert: (path, data, query, callback) => async (state) => {
      const at = pathIn(state, path)
      const [one, another] = await found(state, { path: at, query: asRecord(resolved(state, query)) })
      if (another !== undefined)
        throw new AdaptorError('NOT_UNIQUE', `upsert found several at ${at}; it needs a path or a query that finds one`)
      const whole = namesRecord(at) ? at : `${at}/${one?.['uuid']}`
      const kind = namesRecord(at) ? at.slice(0, at.lastIndexOf('/')) : at
      return posting({ path: one ? whole : kind, data, callback })(state)
    },
    destroy: (path, options, callback) => async (state) => {
      const { purge } = asRecord(resolved(state, options))
      const query = purge === true ? { purge } : {}
      const response = await callOpenmrs(host, { state, method: 'DELETE', path: pathIn(state, path), query })
      return withAnswer(state, { response, data: response.body, callback })
    },
    person: making('person'),
    patient: making('patient'),
    encounter: making('encounter'),
  }
}

type Search = Readonly<{ path: string; query: Readonly<Record<string, unknown>> }>

const resultsIn = (body: unknown): readonly unknown[] | undefined => {
  const { results } = asRecord(body)
  return Array.isArray(results) ? results : undefined
}

const hasMore = (body: unknown): boolean => {
  const { links } = asRecord(body)
  const more = Array.isArray(links) && links.some((link) => asRecord(link)['rel'] === 'next')
  return more && resultsIn(body)?.length !== 0
}

/** `patient/<uuid>`, `patient/<uuid>/identifier/<uuid>`: kinds and records take turns. */
const namesRecord = (path: string): boolean => path.split('/').length % 2 === 0

const pathIn = (state: State, value: unknown): string => {
  const given = resolved(state, value)
  const path = typeof given === 'string' ? given.replace(/^\/+|\/+$/g, '') : ''
  if (path !== '') return path
  throw new AdaptorError('BAD_PATH', `OpenMRS has paths such as patient, not ${JSON.stringify(given)}`)
}
