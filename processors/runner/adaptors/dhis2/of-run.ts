import type { OfRun, RunHost } from '../../language/host.ts'
import { curried } from '../curried.ts'
import { type Dhis2Operations, dhis2Operations } from './operations.ts'

const operation =
  (name: keyof Dhis2Operations, arity: number) =>
  (host: RunHost): unknown =>
    curried(arity, dhis2Operations(host)[name])

/** What a job with the adaptor `dhis2` has in scope beside what all have, and instead of http's `get`. */
export const dhis2OfRun: OfRun = {
  ...{ get: operation('get', 4), create: operation('create', 4), update: operation('update', 5) },
  ...{ upsert: operation('upsert', 5), destroy: operation('destroy', 5) },
  ...{ event: operation('event', 1), dataValueSet: operation('dataValueSet', 1) },
  dataElement: () => (dataElement: string, value: unknown, comment?: unknown) => ({ dataElement, value, comment }),
}
