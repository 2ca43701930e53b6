import type { SqlAnswer, SqlResult, SqlServer } from '../../egress/postgresql/sql-call.ts'
import type { RunHost } from '../../language/host.ts'
import type { State } from '../../language/operation.ts'
import { serverIn } from './server.ts'
import type { Statement } from './statements.ts'

/** What the last statement came to, or the last that gave rows. */
export type Came = SqlResult & Readonly<{ test_mode?: true }>

type Asking = Readonly<{ state: State; statements: readonly Statement[] }>

/**
 * Asks the database of the credential, and logs that it did: no statement and no value, for there may be patients in it. Several statements are
 * done all or none of them; `rowCount` is then that of all. Rejects with `AdaptorError`.
 */
export const askDatabase = async (host: RunHost, { state, statements }: Asking): Promise<Came> => {
  const server = serverIn(state)
  const ask = asker(host, server)
  const [first] = statements
  if (first && statements.length === 1) return ask(first)
  const say = (text: string): Promise<SqlAnswer> => host.sql({ kind: 'sql', server, text, values: [] })
  const within = (await say('')).transaction !== 'none'
  await say(within ? 'SAVEPOINT penstock' : 'BEGIN')
  try {
    let rowCount = 0
    let last: Came = nothing
    for (const statement of statements) {
      last = await ask(statement)
      rowCount += last.rowCount ?? 0
    }
    await say(within ? 'RELEASE SAVEPOINT penstock' : 'COMMIT')
    return { ...last, rowCount }
  } catch (error) {
    await say(within ? 'ROLLBACK TO SAVEPOINT penstock' : 'ROLLBACK').catch(() => {}) // the connection is gone, and all with it
    throw error
  }
}

const asker =
  (host: RunHost, server: SqlServer) =>
  async ({ text, values }: Statement): Promise<Came> => {
    const began = Date.now()
    const log = (level: 'log' | 'error', what: string): void =>
      host.console[level](`SQL ${server.host}:${server.port}/${server.database} - ${what} in ${Date.now() - began} ms`)
    try {
      const { results, test_mode } = await host.sql({ kind: 'sql', server, text, values })
      const last = results.findLast(({ fields }) => fields.length > 0) ?? results.at(-1) ?? nothing
      log('log', [last.command ?? 'nothing', last.rowCount].filter((part) => part !== null).join(' '))
      return test_mode ? { ...last, test_mode } : last
    } catch (error) {
      log('error', String((error as Readonly<{ code?: unknown }>).code))
      throw error
    }
  }

const nothing: Came = { command: null, rowCount: null, fields: [], rows: [] }
