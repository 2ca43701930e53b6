import { mustBeFunction } from '../../language/functions/arguments.ts'
import { resolved } from '../../language/functions/resolve.ts'
import type { RunHost } from '../../language/host.ts'
import { AdaptorError } from '../../language/http/failure.ts'
import { asRecord } from '../../language/http/options.ts'
import type { Response } from '../../language/http/send.ts'
import type { Operation, State } from '../../language/operation.ts'
import { segmentOf } from '../ask.ts'
import { withReference } from '../next-state.ts'
import { apiOf, type Call } from './connection.ts'
import { csvOf, rowsOf } from './csv.ts'
import { notTaken } from './failure.ts'
import { eachOf, nameIn } from './records.ts'

/** What became of a record: `record` is the row as it was sent, for results come in no order. */
export type BulkResult = Readonly<{
  id: string
  success: boolean
  created: boolean
  errors: readonly string[]
  record: object
}>

/**
 * `bulk('Visit__c', 'insert', options, state => records)`: a job of the Bulk API 2.0 for each 10,000 records, waited for. `operation` is insert,
 * update, upsert or delete. The results become the newest of `references`, those that were taken first.
 *
 * `options`: `extIdField` (for upsert), `failOnError` (records that are not taken fail the run), `allowNoOp` (no records: nothing is done),
 * `pollInterval` and `pollTimeout` in milliseconds (3,000 and 240,000).
 */
export const bulkOf =
  (host: RunHost) =>
  (sObject: unknown, operation: unknown, options: unknown, records?: (state: State) => unknown): Operation => {
    const [said, listed] = typeof options === 'function' ? [{}, options] : [options, records]
    if (!Array.isArray(listed)) mustBeFunction('bulk', listed)
    return async (state) => {
      const object = nameIn(state, sObject)
      const wanted = asRecord(resolved(state, said))
      const list = resolved(state, listed)
      if (!Array.isArray(list)) throw new TypeError('bulk takes a function of the state that gives a list of records')
      if (list.length === 0 && wanted['allowNoOp'] === true) return state
      const call = await apiOf(host, state)
      const job = { object, operation: String(resolved(state, operation)), call, host, options: wanted }
      const results: BulkResult[] = []
      const sheets = portionsOf(eachOf('bulk', list)).map(csvOf) // all are made before the first goes
      for (const csv of sheets) results.push(...(await resultsOf(job, csv)))
      const failures = results.filter(({ success }) => !success)
      if (failures.length > 0 && wanted['failOnError'] === true) throw notTaken(failures, list.length)
      if (failures.length > 0)
        host.console.warn(`Salesforce did not take ${failures.length} of ${list.length} records: see references[0]`)
      return withReference(state, results)
    }
  }

type Job = Readonly<{
  object: string
  operation: string
  call: (call: Call) => Promise<Response>
  host: RunHost
  options: Readonly<Record<string, unknown>>
}>

const resultsOf = async (job: Job, csv: string): Promise<readonly BulkResult[]> => {
  const { object, operation, call, options } = job
  const key = options['extIdField'] ?? options['externalIdFieldName']
  const opened = await call({
    method: 'POST',
    path: 'jobs/ingest',
    body: {
      ...{ object, operation, contentType: 'CSV', lineEnding: 'LF' },
      ...(key === undefined ? {} : { externalIdFieldName: key }),
    },
  })
  const path = `jobs/ingest/${segmentOf(asRecord(opened.body)['id'])}`
  await call({ method: 'PUT', path: `${path}/batches`, body: csv, contentType: 'text/csv; charset=UTF-8' })
  await call({ method: 'PATCH', path, body: { state: 'UploadComplete' } })
  await waitedFor(job, path)
  const rows = async (part: string) =>
    rowsOf(String((await call({ method: 'GET', path: `${path}/${part}`, accept: 'text/csv' })).body ?? ''))
  return [...(await rows('successfulResults')), ...(await rows('failedResults'))].map(resultOf)
}

const resultOf = (row: Readonly<Record<string, string>>): BulkResult => {
  const { sf__Id: id = '', sf__Created: created, sf__Error: error, ...record } = row
  return {
    id,
    success: error === undefined,
    created: created === 'true',
    errors: error === undefined ? [] : [error],
    record,
  }
}

const waitedFor = async ({ call, host, options }: Job, path: string): Promise<void> => {
  const { pollInterval: interval = 3_000, pollTimeout: longest = 240_000 } = options
  const began = Date.now()
  for (;;) {
    const { body } = await call({ method: 'GET', path })
    const { state, errorMessage, id } = asRecord(body)
    if (state === 'JobComplete') return
    if (state === 'Failed' || state === 'Aborted')
      throw new AdaptorError(
        'BULK_JOB_FAILED',
        `The bulk job ended as ${state}: ${errorMessage ?? 'no reason is given'}`,
        { job: id },
      )
    if (Date.now() - began > Number(longest))
      throw new AdaptorError('BULK_JOB_TIMEOUT', `The bulk job is not done after ${longest} ms, it is ${state}`, {
        job: id,
      })
    await new Promise<void>((resolve) => host.setTimeout(resolve, interval))
  }
}

/** Records for one job each. What leaves a run in one request has its limit, too. */
const portionsOf = (records: readonly unknown[]): readonly (readonly unknown[])[] => {
  const portions: unknown[][] = [[]]
  let length = 0
  for (const record of records) {
    const more = JSON.stringify(record)?.length ?? 0
    const last = portions.at(-1) ?? []
    const full = last.length === mostInJob || (last.length > 0 && length + more > mostLength)
    if (full) portions.push([record])
    else last.push(record)
    length = full ? more : length + more
  }
  return portions
}

const mostInJob = 10_000
/** In UTF-16 units, of which each is three bytes at most. */
const mostLength = 3_000_000
