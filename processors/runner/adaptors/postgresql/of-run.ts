import type { OfRun, RunHost } from '../../language/host.ts'
import { curried } from '../curried.ts'
import { type PostgresqlOperations, postgresqlOperations } from './operations.ts'

const operation =
  (name: keyof PostgresqlOperations, arity: number) =>
  (host: RunHost): unknown =>
    curried(arity, postgresqlOperations(host)[name])

/** What a job with the adaptor `postgresql` has in scope beside what all have. */
export const postgresqlOfRun: OfRun = {
  ...{ sql: operation('sql', 3), findValue: operation('findValue', 1) },
  ...{ insert: operation('insert', 4), insertMany: operation('insertMany', 4) },
  ...{ upsert: operation('upsert', 5), upsertIf: operation('upsertIf', 6), upsertMany: operation('upsertMany', 5) },
  ...{ describeTable: operation('describeTable', 3) },
  ...{ insertTable: operation('insertTable', 4), modifyTable: operation('modifyTable', 4) },
}
