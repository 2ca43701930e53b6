import type { LogLevel } from '../../../topology/words/run.ts'
import type { HttpAnswer, HttpCall } from '../egress/http-call.ts'
import type { SqlAnswer, SqlCall } from '../egress/postgresql/sql-call.ts'

/** What one run may ask of the world outside its realm. Made anew for each run: what a function keeps of it belongs to that run alone. */
export type RunHost = Readonly<{
  /** Resolves with what the server answered, whatever its status; rejects with an Error that has a `code` (`HttpFailure`) when there is no answer. */
  http(call: HttpCall): Promise<HttpAnswer>
  /** Resolves with what a database gave; rejects with an Error that has what is known of a `SqlFailure`. */
  sql(call: SqlCall): Promise<SqlAnswer>
  console: Readonly<Record<LogLevel, (...values: unknown[]) => void>>
  /** So many random bytes, none of which another run was given. */
  random(bytes: number): Uint8Array
  setTimeout(action: unknown, ms?: unknown, ...args: unknown[]): number
  setInterval(action: unknown, ms?: unknown, ...args: unknown[]): number
  clearTimer(id: unknown): void
}>

/** Functions and objects that are made for a run when its job mentions them, by the name that the job knows them by. */
export type OfRun = Readonly<Record<string, (host: RunHost) => unknown>>
