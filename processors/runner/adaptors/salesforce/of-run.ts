import type { OfRun, RunHost } from '../../language/host.ts'
import { curried } from '../curried.ts'
import { bulkOf } from './bulk.ts'
import { lookup, reference, relationship } from './fields.ts'
import { readingOperations } from './reading.ts'
import { type RecordOperations, recordOperations } from './records.ts'

const record =
  (name: keyof RecordOperations, arity: number) =>
  (host: RunHost): unknown =>
    curried(arity, recordOperations(host)[name])

/** What a job with the adaptor `salesforce` has in scope beside what all have. */
export const salesforceOfRun: OfRun = {
  ...{ create: record('create', 2), createIf: record('createIf', 3) },
  ...{ upsert: record('upsert', 3), upsertIf: record('upsertIf', 4) },
  ...{ update: record('update', 2), destroy: record('destroy', 3) },
  query: (host) => curried(3, readingOperations(host).query),
  retrieve: (host) => curried(3, readingOperations(host).retrieve),
  describe: (host) => curried(1, readingOperations(host).describe),
  bulk: (host) => curried(4, bulkOf(host)),
  relationship: () => (name: string, externalId: string, value: unknown) => relationship(name, externalId, value),
  lookup: () => (name: string, externalId: string, path: string) => lookup(name, externalId, path),
  reference: () => curried(1, reference),
}
