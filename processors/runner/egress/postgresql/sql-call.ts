import type { HttpFailure } from '../http-call.ts'

/**
 * One question to a PostgreSQL server, as it leaves the realm: JSON, nothing else. `text` may hold several statements where `values` is empty;
 * else it is one, and `$1` is the first of them. All questions of a run to one server, as one user, go by one connection.
 */
export type SqlCall = Readonly<{
  kind: 'sql'
  server: SqlServer
  text: string
  /** As PostgreSQL reads them, by the type that the statement gives them. */
  values: readonly (string | null)[]
}>

/** Where a database is, and as whom it is used. */
export type SqlServer = Readonly<{
  host: string
  port: number
  database: string
  user: string
  password: string
  /** Null: no TLS. Certificates and keys are PEM; `ca` is trusted instead of the authorities that are usual. */
  tls: Readonly<{ verified: boolean; ca: string | null; cert: string | null; key: string | null }> | null
}>

/** What each statement came to, in order. */
export type SqlAnswer = Readonly<{
  results: readonly SqlResult[]
  /** The transaction that goes on after it; `failed`: only a rollback ends it. */
  transaction: 'none' | 'open' | 'failed'
  test_mode?: true
}>

/** `type` is the OID of the column's type; values are texts as PostgreSQL writes them. */
export type SqlResult = Readonly<{
  command: string | null
  rowCount: number | null
  fields: readonly Readonly<{ name: string; type: number }>[]
  rows: readonly (readonly (string | null)[])[]
}>

/** Why there is no answer; `code` is PostgreSQL's own (SQLSTATE), with what it said beside its message, or one of the egress. */
export type SqlFailure = HttpFailure & SqlFacts

export type SqlFacts = Readonly<
  Partial<
    Record<'severity' | 'detail' | 'hint' | 'schema' | 'table' | 'column' | 'dataType' | 'constraint', string>
  > & {
    /** In the text of the statement, from 1, in characters. */
    position?: number
  }
>
