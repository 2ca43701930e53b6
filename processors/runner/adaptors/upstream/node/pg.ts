import type { SqlAnswer, SqlCall, SqlServer } from '../../../egress/postgresql/sql-call.ts'
import { recordsIn, rowsIn } from '../../postgresql/columns.ts'
import { boundValue } from '../../postgresql/values.ts'

declare const $sql: (call: SqlCall) => Promise<SqlAnswer>

type Config = Readonly<Record<string, unknown>>
type Query = string | Readonly<{ text: string; values?: readonly unknown[]; rowMode?: string }>
type Done<T> = (error: unknown, value?: T) => void
type Result = Readonly<{
  command: string | null
  rowCount: number | null
  rows: readonly unknown[]
  fields: readonly object[]
}>

/** What adaptors use of `pg`, on the run's one way out: it has the connection, opens it for the first question and closes it with the run. */
export class Client {
  readonly #server: SqlServer

  constructor(config: Config = {}) {
    this.#server = serverOf(config)
  }

  /** Whether there is a server, the first question tells. */
  connect(done?: Done<this>): Promise<this> | undefined {
    return told(Promise.resolve(this), done)
  }

  query(query: Query, values?: readonly unknown[] | Done<unknown>, done?: Done<unknown>): Promise<unknown> | undefined {
    const { text, values: own = [], rowMode = '' } = typeof query === 'string' ? { text: query } : query
    const bound = Array.isArray(values) ? values : own
    return told(this.#ask(text, { bound, rowMode }), typeof values === 'function' ? values : done)
  }

  end(done?: Done<void>): Promise<void> | undefined {
    return told(Promise.resolve(), done)
  }

  release(): void {}

  /** Nothing happens to it that its questions do not tell. */
  on(): this {
    return this
  }

  async #ask(
    text: string,
    { bound, rowMode }: Readonly<{ bound: readonly unknown[]; rowMode: string }>,
  ): Promise<Result | readonly Result[]> {
    const { results } = await $sql({ kind: 'sql', server: this.#server, text, values: bound.map(boundValue) })
    const all = results.map((result) => ({
      ...{ command: result.command, rowCount: result.rowCount, oid: null },
      fields: result.fields.map(({ name, type }) => ({ name, dataTypeID: type })),
      rows: rowMode === 'array' ? rowsIn(result) : recordsIn(result),
    }))
    const [first] = all
    return first && all.length === 1 ? first : all
  }
}

export class Pool extends Client {}

export const types = { setTypeParser: (): void => {}, builtins: {} }
export const defaults: object = {}

const told = <T>(promise: Promise<T>, done: Done<T> | undefined): Promise<T> | undefined => {
  if (done === undefined) return promise
  void promise.then((value) => done(null, value), done)
  return undefined
}

const serverOf = ({ host, port = 5432, database, user, password = '', ssl, connectionString }: Config): SqlServer => {
  if (connectionString !== undefined)
    throw new Error('A job takes no connectionString: give host, port, database, user, password')
  const {
    rejectUnauthorized = true,
    ca = null,
    cert = null,
    key = null,
  } = (typeof ssl === 'object' && ssl ? ssl : {}) as Config
  const tls = { verified: rejectUnauthorized === true, ca, cert, key } as SqlServer['tls']
  const names = { host: String(host ?? 'localhost'), database: String(database ?? user), user: String(user) }
  return { ...names, port: Number(port), password: String(password), tls: ssl ? tls : null }
}
