import { resolved } from '../../language/functions/resolve.ts'
import type { RunHost } from '../../language/host.ts'
import { AdaptorError } from '../../language/http/failure.ts'
import { asRecord } from '../../language/http/options.ts'
import type { Response } from '../../language/http/send.ts'
import type { Operation, State } from '../../language/operation.ts'
import { pathOf, toldError } from '../ask.ts'
import { type Callback, withAnswer, withReference } from '../next-state.ts'
import { type Call, callDhis2 } from './call.ts'
import { importTrouble } from './import-report.ts'
import { foundIn, idIn, readPath, type Strategy, writeOf } from './resources.ts'

/** What is said of a request: `params` (or `query`) go into the URL, `apiVersion` into its path. */
type Options = unknown

/**
 * Operations for DHIS2. `create`, `update`, `upsert`, `get` and `destroy` leave the answer in `data`, and the old `data` as newest of `references`;
 * `event` and `dataValueSet` (OpenFn v1) leave `data` alone and the answer as newest of `references`. What DHIS2 did not take fails the run.
 */
export type Dhis2Operations = Readonly<{
  get(resource: unknown, query?: unknown, options?: Options, callback?: Callback): Operation
  create(resource: unknown, data: unknown, options?: Options, callback?: Callback): Operation
  update(resource: unknown, id: unknown, data: unknown, options?: Options, callback?: Callback): Operation
  upsert(resource: unknown, query: unknown, data: unknown, options?: Options, callback?: Callback): Operation
  destroy(resource: unknown, id: unknown, data?: unknown, options?: Options, callback?: Callback): Operation
  event(data: unknown): Operation
  dataValueSet(data: unknown): Operation
}>

export const dhis2Operations = (host: RunHost): Dhis2Operations => {
  const call = (state: State, { options, ...made }: Call & Readonly<{ options: Options }>): Promise<Response> => {
    const { params, query, apiVersion } = asRecord(resolved(state, options))
    const asked = { ...made.query, ...asRecord(params), ...asRecord(query) }
    return callDhis2(host, { ...made, state, path: pathOf(made.path), query: asked, apiVersion })
  }

  const write = async (
    state: State,
    { strategy, options, ...target }: Target & Readonly<{ strategy: Strategy }>,
  ): Promise<Response> => {
    const response = await call(state, { ...writeOf(strategy, target), options })
    const trouble = importTrouble(response.body)
    if (trouble) throw toldError(response, trouble)
    return response
  }

  const writing =
    (strategy: Strategy, { resource, id, data, options, callback }: Given): Operation =>
    async (state) => {
      const which = resolved(state, id)
      const response = await write(state, {
        ...{ strategy, options, data: resolved(state, data), resource: resourceIn(state, resource) },
        ...(which === undefined || which === null ? {} : { id: String(which) }),
      })
      return withAnswer(state, { response, data: response.body, callback })
    }

  const sending =
    (resource: string, data: unknown): Operation =>
    async (state) => {
      const response = await write(state, { strategy: 'CREATE', resource, data: resolved(state, data), options: {} })
      return withReference(state, response.body)
    }

  return {
    get: (resource, query, options, callback) => async (state) => {
      const path = readPath(resourceIn(state, resource))
      const response = await call(state, { method: 'GET', path, query: asRecord(resolved(state, query)), options })
      return withAnswer(state, { response, data: response.body, callback })
    },
    create: (resource, data, options, callback) => writing('CREATE', { resource, data, options, callback }),
    update: (resource, id, data, options, callback) => writing('UPDATE', { resource, id, data, options, callback }),
    destroy: (resource, id, data, options, callback) => writing('DELETE', { resource, id, data, options, callback }),
    upsert: (resource, query, data, options, callback) => async (state) => {
      const name = resourceIn(state, resource)
      const asked = asRecord(resolved(state, query))
      const { body } = await call(state, { method: 'GET', path: readPath(name), query: asked, options })
      const [found, another] = foundIn(body, name)
      if (another !== undefined)
        throw new AdaptorError(
          'NOT_UNIQUE',
          `upsert found several of ${name} for this query; it needs one that finds one`,
        )
      const id = found && idIn(found, name)
      if (found && id === undefined)
        throw new AdaptorError(
          'ID_MISSING',
          `upsert found one of ${name} without its id. Add it to fields of the query`,
        )
      return writing(id === undefined ? 'CREATE' : 'UPDATE', { resource, id, data, options, callback })(state)
    },
    event: (data) => sending('events', data),
    dataValueSet: (data) => sending('dataValueSets', data),
  }
}

type Target = Readonly<{ resource: string; id?: string; data: unknown; options: Options }>
/** As the job gave it. */
type Given = Readonly<{
  resource: unknown
  id?: unknown
  data: unknown
  options: Options
  callback: Callback | undefined
}>

const resourceIn = (state: State, value: unknown): string => {
  const resource = resolved(state, value)
  if (typeof resource === 'string' && resource !== '') return resource
  throw new AdaptorError('BAD_RESOURCE', `DHIS2 has resources such as dataElements, not ${JSON.stringify(resource)}`)
}
