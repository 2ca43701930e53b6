import type { OfRun, RunHost } from '../../language/host.ts'
import { curried } from '../curried.ts'
import { type OpenmrsOperations, openmrsOperations } from './operations.ts'

const operation =
  (name: keyof OpenmrsOperations, arity: number) =>
  (host: RunHost): unknown =>
    curried(arity, openmrsOperations(host)[name])

/** What a job with the adaptor `openmrs` has in scope beside what all have, and instead of http's `get`. */
export const openmrsOfRun: OfRun = {
  ...{ get: operation('get', 3), create: operation('create', 3), update: operation('update', 3) },
  ...{ upsert: operation('upsert', 4), destroy: operation('destroy', 3) },
  ...{ person: operation('person', 1), patient: operation('patient', 1), encounter: operation('encounter', 1) },
}
