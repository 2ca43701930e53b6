import { AdaptorError } from '../../language/http/failure.ts'
import { asRecord } from '../../language/http/options.ts'

/** How a record is created or changed: the path below `api/`, what is asked beside it, and the body. */
export type Write = Readonly<{
  method: 'POST' | 'PUT' | 'DELETE'
  path: string
  query: Readonly<Record<string, unknown>>
  body?: unknown
}>

export type Strategy = 'CREATE' | 'UPDATE' | 'DELETE'

/** What the tracker importer takes, each with the key that holds its id. */
const trackerKeys: ReadonlyMap<string, string> = new Map([
  ['trackedEntities', 'trackedEntity'],
  ['enrollments', 'enrollment'],
  ['events', 'event'],
  ['relationships', 'relationship'],
])

/**
 * The request that writes something of a resource. Tracked entities, enrollments, events and relationships go through the tracker importer, all
 * of them or none; in the form that they had before DHIS2 2.36 (`eventDate`, `trackedEntityInstance` …) to their own older resource, which DHIS2
 * has until 2.41. `tracker` takes what the importer does. All else is posted, put and deleted at its resource. `id` stays out where something is
 * created.
 */
export const writeOf = (
  strategy: Strategy,
  { resource, id, data }: Readonly<{ resource: string; id?: string; data: unknown }>,
): Write => {
  const key = trackerKeys.get(resource)
  if (resource === 'tracker') return trackerWrite(strategy, bundleOf(data, id))
  if (key === undefined || isOld(data)) return plainWrite(strategy, { resource, id, data })
  return trackerWrite(strategy, { [resource]: recordsOf(strategy, { resource, key, id, data }) })
}

const trackerWrite = (strategy: Strategy, body: unknown): Write => ({
  ...{ method: 'POST', path: 'tracker', body },
  query: { async: false, importStrategy: strategy },
})

/** Lists by the names of their resources. */
const bundleOf = (data: unknown, id: string | undefined): unknown => {
  if (id === undefined) return data
  throw new AdaptorError(
    'BAD_ID',
    'What tracker takes has its ids in it: trackedEntity, event and so on. Give no other',
  )
}

const recordsOf = (
  strategy: Strategy,
  { resource, key, id, data }: Readonly<{ resource: string; key: string; id: string | undefined; data: unknown }>,
): readonly Readonly<Record<string, unknown>>[] => {
  if (id !== undefined && Array.isArray(data))
    throw new AdaptorError(
      'BAD_ID',
      `One id is not for a list of ${resource}. Put its own into each, as ${key}, and give no other`,
    )
  const records = [data].flat().map((one) => ({ ...asRecord(one), ...(id === undefined ? {} : { [key]: id }) }))
  if (strategy !== 'CREATE' && !records.every((record) => record[key])) throw lacksId(resource)
  return records
}

const lacksId = (resource: string): AdaptorError =>
  new AdaptorError('ID_MISSING', `Of ${resource} it must be said which one is meant: its id is missing`)

const plainWrite = (
  strategy: Strategy,
  { resource, id, data }: Readonly<{ resource: string; id: string | undefined; data: unknown }>,
): Write => {
  if (strategy === 'CREATE') return { method: 'POST', path: resource, query: {}, body: inEnvelope(resource, data) }
  if (id === undefined || id === '') throw lacksId(resource)
  const path = `${resource}/${id}`
  return strategy === 'DELETE' ? { method: 'DELETE', path, query: {} } : { method: 'PUT', path, query: {}, body: data }
}

/** Several at once stand under the name of their resource; several data values under `dataValues`. */
const inEnvelope = (resource: string, data: unknown): unknown =>
  Array.isArray(data) ? { [resource === 'dataValueSets' ? 'dataValues' : resource]: data } : data

/** Where something is read: the tracker's own resources are below `tracker/`. */
export const readPath = (resource: string): string =>
  trackerKeys.has(resource.split('/')[0] ?? '') ? `tracker/${resource}` : resource

/** What was found of a resource: one thing by itself, or the list that stands under its name (or `instances`). */
export const foundIn = (body: unknown, resource: string): readonly Readonly<Record<string, unknown>>[] => {
  const answer = asRecord(body)
  const list = [answer[resource], answer['instances']].find(Array.isArray)
  return (list ?? []).map(asRecord)
}

export const idIn = (record: Readonly<Record<string, unknown>>, resource: string): string | undefined => {
  const key = trackerKeys.get(resource) ?? (resource === 'trackedEntityInstances' ? 'trackedEntityInstance' : 'id')
  const id = record[key]
  return typeof id === 'string' ? id : undefined
}

const oldKeys = ['eventDate', 'dueDate', 'enrollmentDate', 'incidentDate', 'trackedEntityInstance']

const isOld = (data: unknown): boolean =>
  [data].flat().some((one) => oldKeys.some((key) => asRecord(one)[key] !== undefined))
