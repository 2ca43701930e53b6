import { resolved } from '../../language/functions/resolve.ts'
import type { RunHost } from '../../language/host.ts'
import { AdaptorError } from '../../language/http/failure.ts'
import { asRecord } from '../../language/http/options.ts'
import type { Operation, State } from '../../language/operation.ts'
import { pathOf } from '../ask.ts'
import { type Callback, withReference } from '../next-state.ts'
import { apiOf } from './connection.ts'
import { nameIn } from './records.ts'

/** Operations that read: what they find becomes the newest of `references`, and `data` stays. */
export type ReadingOperations = Readonly<{
  /** `{ totalSize, done, records, nextRecordsUrl? }`; with `{ autoFetch: true }` all pages are read into `records`. */
  query(soql: unknown, options?: unknown, callback?: Callback): Operation
  /** A record. Of a blob (`'<id>/VersionData'`) its bytes in base64. */
  retrieve(sObject: unknown, id: unknown, callback?: Callback): Operation
  /** What Salesforce knows of an object; without a name, of all of them. */
  describe(sObject?: unknown): Operation
}>

export const readingOperations = (host: RunHost): ReadingOperations => ({
  query: (soql, options, callback) => async (state) => {
    const then = typeof options === 'function' ? (options as Callback) : callback
    const { autoFetch } = asRecord(typeof options === 'function' ? undefined : resolved(state, options))
    const q = resolved(state, soql)
    if (typeof q !== 'string' || q.trim() === '')
      throw new AdaptorError('BAD_QUERY', `query takes SOQL as text, not ${JSON.stringify(q)}`)
    const call = await apiOf(host, state)
    const page = async (path: string, query = {}): Promise<Page> =>
      asRecord((await call({ method: 'GET', path, query })).body)
    let result = await page('query', { q })
    while (autoFetch === true && result.nextRecordsUrl !== undefined) {
      const { records, ...next } = await page(result.nextRecordsUrl)
      result = { ...next, records: [...(result.records ?? []), ...(records ?? [])] }
    }
    return done(state, { result, callback: then })
  },
  retrieve: (sObject, id, callback) => async (state) => {
    const [type, path] = [nameIn(state, sObject), resolved(state, id)]
    if (typeof path !== 'string' || path === '')
      throw new AdaptorError('BAD_ID', `retrieve takes the id of a record as text, not ${JSON.stringify(path)}`)
    const call = await apiOf(host, state)
    const blob = path.includes('/') ? ({ parseAs: 'base64', accept: '*/*' } as const) : {}
    const { body: result } = await call({ method: 'GET', path: pathOf('sobjects', type, path), ...blob })
    return done(state, { result, callback })
  },
  describe: (sObject) => async (state) => {
    const path = sObject === undefined ? 'sobjects' : `sobjects/${nameIn(state, sObject)}/describe`
    const call = await apiOf(host, state)
    const { body: result } = await call({ method: 'GET', path })
    return done(state, { result })
  },
})

type Page = Readonly<{ records?: readonly unknown[]; nextRecordsUrl?: string }>

const done = (
  state: State,
  { result, callback }: Readonly<{ result: unknown; callback?: Callback | undefined }>,
): unknown => {
  const next = withReference(state, result)
  return callback ? callback(next) : next
}
