import { answerOf, wrong } from '../../language/functions/arguments.ts'
import { chunk } from '../../language/functions/lists.ts'
import { resolved } from '../../language/functions/resolve.ts'
import type { RunHost } from '../../language/host.ts'
import { AdaptorError } from '../../language/http/failure.ts'
import { asRecord } from '../../language/http/options.ts'
import type { Operation, State } from '../../language/operation.ts'
import { segmentOf } from '../ask.ts'
import { withReference } from '../next-state.ts'
import { apiOf, type Call } from './connection.ts'
import { notTaken } from './failure.ts'

/** A record's fields, or many records; whole or in parts functions of the state. */
type Given = unknown
type Fields = Readonly<Record<string, unknown>>

/**
 * Operations that write records, as OpenFn v1 and later have them. Each leaves `{ id, success, errors, created? }` as newest of `references`, of
 * many records a list of that, and `data` as it was. Of many records each 200 are taken together, or none of them.
 */
export type RecordOperations = Readonly<{
  create(sObject: unknown, attributes: Given): Operation
  createIf(condition: unknown, sObject: unknown, attributes: Given): Operation
  update(sObject: unknown, attributes: Given): Operation
  upsert(sObject: unknown, externalId: unknown, attributes: Given): Operation
  upsertIf(condition: unknown, sObject: unknown, externalId: unknown, attributes: Given): Operation
  destroy(sObject: unknown, ids: unknown): Operation
}>

export const recordOperations = (host: RunHost): RecordOperations => {
  const operations: RecordOperations = {
    create: (sObject, attributes) => async (state) => {
      const [type, given] = [nameIn(state, sObject), resolved(state, attributes)]
      const call = await apiOf(host, state)
      if (Array.isArray(given))
        return withReference(state, await inPortions(eachOf('create', given), together(call, { method: 'POST', type })))
      const { body } = await call({
        method: 'POST',
        path: `sobjects/${type}/`,
        body: fieldsOf('create', given),
      })
      return withReference(state, body)
    },
    createIf: (condition, sObject, attributes) =>
      onlyIf('createIf', { condition, operation: operations.create(sObject, attributes) }),
    update: (sObject, attributes) => async (state) => {
      const [type, given] = [nameIn(state, sObject), resolved(state, attributes)]
      const call = await apiOf(host, state)
      if (Array.isArray(given)) {
        const records = eachOf('update', given).map(withId)
        return withReference(state, await inPortions(records, together(call, { method: 'PATCH', type })))
      }
      const { id, ...body } = withId(fieldsOf('update', given))
      await call({ method: 'PATCH', path: `sobjects/${type}/${segmentOf(id)}`, body })
      return withReference(state, { id, success: true, errors: [] })
    },
    upsert: (sObject, externalId, attributes) => async (state) => {
      const [type, field] = [nameIn(state, sObject), nameIn(state, externalId)]
      const given = resolved(state, attributes)
      const call = await apiOf(host, state)
      if (Array.isArray(given)) {
        const send = together(call, { method: 'PATCH', type, below: `/${type}/${field}` })
        return withReference(state, await inPortions(eachOf('upsert', given).map(withExternal(field)), send))
      }
      const { [field]: value, ...body } = withExternal(field)(fieldsOf('upsert', given))
      const path = `sobjects/${type}/${field}/${segmentOf(value)}`
      const { body: result } = await call({ method: 'PATCH', path, body, errors: { 300: true } })
      return withReference(state, result ?? { success: true, errors: [], created: false })
    },
    upsertIf: (condition, sObject, externalId, attributes) =>
      onlyIf('upsertIf', { condition, operation: operations.upsert(sObject, externalId, attributes) }),
    destroy: (sObject, ids) => async (state) => {
      const [type, given] = [nameIn(state, sObject), resolved(state, ids)]
      const call = await apiOf(host, state)
      if (!Array.isArray(given)) {
        await call({ method: 'DELETE', path: `sobjects/${type}/${segmentOf(given)}` })
        return withReference(state, { id: given, success: true, errors: [] })
      }
      const query = (some: readonly unknown[]) => ({ ids: some.join(','), allOrNone: true })
      const results = await inPortions(given.map(segmentOf), async (some) => {
        const { body } = await call({ method: 'DELETE', path: 'composite/sobjects', query: query(some) })
        return body
      })
      return withReference(state, results)
    },
  }
  return operations
}

/** The name of an object or field. */
export const nameIn = (state: State, value: unknown): string => {
  const name = resolved(state, value)
  if (typeof name === 'string' && /^\w+$/.test(name)) return name
  throw new AdaptorError(
    'BAD_NAME',
    `Salesforce knows objects and fields by names such as Visit__c, not ${JSON.stringify(name)}`,
  )
}

/** The records of a list, each of which must be one. */
export const eachOf = (name: string, given: readonly unknown[]): readonly Fields[] =>
  given.map((one, at) => {
    if (typeof one === 'object' && one !== null && !Array.isArray(one)) return asRecord(one)
    throw wrong(name, { takes: `the fields of a record at [${at}] of its list`, got: one })
  })

const onlyIf =
  (name: string, { condition, operation }: Readonly<{ condition: unknown; operation: Operation }>): Operation =>
  (state) =>
    answerOf(name, resolved(state, condition)) ? operation(state) : state

const fieldsOf = (name: string, given: unknown): Fields => {
  if (typeof given === 'object' && given !== null) return asRecord(given)
  throw wrong(name, { takes: 'the fields of a record, or a list of records', got: given })
}

const withId = ({ Id, id = Id, ...fields }: Fields, at?: number): Fields => {
  if (id) return { id, ...fields }
  throw lacks('update', { field: 'Id', at })
}

/** Salesforce wants one of the two. */
const withExternal =
  (field: string) =>
  ({ [field]: value, Id: _, ...fields }: Fields, at?: number): Fields => {
    if (value !== undefined && value !== null && value !== '') return { [field]: value, ...fields }
    throw lacks('upsert', { field, at })
  }

const lacks = (name: string, { field, at }: Readonly<{ field: string; at: number | undefined }>): AdaptorError => {
  const where = at === undefined ? '' : ` at [${at}] of its list`
  const why = 'which says which record is meant, and it has no value'
  return new AdaptorError('FIELD_MISSING', `${name} needs the field ${field}${where}, ${why}`)
}

type CallApi = (call: Call) => Promise<Readonly<{ body: unknown }>>

/** Writes up to 200 records in one request, as the collections of the REST API do. */
const together =
  (call: CallApi, { method, type, below = '' }: Readonly<{ method: 'POST' | 'PATCH'; type: string; below?: string }>) =>
  async (some: readonly unknown[]): Promise<unknown> => {
    const records = some.map((record) => ({ attributes: { type }, ...asRecord(record) }))
    const { body } = await call({ method, path: `composite/sobjects${below}`, body: { allOrNone: true, records } })
    return body
  }

const inPortions = async (
  all: readonly unknown[],
  send: (some: readonly unknown[]) => Promise<unknown>,
): Promise<readonly unknown[]> => {
  const results: unknown[] = []
  for (const some of chunk(all, mostTogether) as readonly (readonly unknown[])[]) {
    const came = await send(some)
    const list: readonly unknown[] = Array.isArray(came) ? came : []
    const failures = list.filter((result) => asRecord(result)['success'] !== true)
    if (failures.length > 0) throw notTaken(failures, some.length)
    results.push(...list)
  }
  return results
}

const mostTogether = 200
