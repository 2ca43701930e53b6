import pg from 'pg'
import { gate } from '../../../../topology/flow/lanes.ts'
import { CallFailure } from '../call-failure.ts'
import type { Hold } from '../places.ts'
import type { Connect } from './connection.ts'
import { cutOff } from './cut-off.ts'
import { failureIn, loginFailureIn } from './failure.ts'
import { resultsOf } from './results.ts'
import type { SqlAnswer, SqlCall, SqlServer } from './sql-call.ts'
import { type Wire, wireOver } from './wire.ts'

/** One run's connection to one server. What it has of a transaction, of settings and of temporary tables is there from one question to the next. */
export type Session = Readonly<{
  /** Questions are asked one after another. Throws CallFailures; after one that is not the server's own the session is over. */
  ask(question: Question, options: AskOptions): Promise<Answered>
  /** Ends it: a statement that goes on is cut off at the server, too. */
  close(): Promise<void>
  /** Resolves when the connection is gone. */
  closed: Promise<void>
}>

export type Question = Pick<SqlCall, 'text' | 'values'>
export type AskOptions = Readonly<{ hold: Hold; signal: AbortSignal }>

/** The JSON of a `SqlAnswer`, and what the server sent for it in bytes. */
export type Answered = Readonly<{ text: string; bytes: number; transaction: SqlAnswer['transaction'] }>

export type SessionOptions = Readonly<{
  connect: Connect
  /** Of what one question brings, as received, and once more as JSON. */
  maxBytes: number
  /** Of the login. */
  signal: AbortSignal
}>

/** Connects and logs in. Nothing of what the environment or files of this machine say has a part in it. */
export const openSession = async (server: SqlServer, options: SessionOptions): Promise<Session> => {
  const { connect, maxBytes, signal } = options
  const { host } = server
  const socket = await connect(server, signal)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const wire = wireOver(socket, { maxBytes, host })
  const client = clientOf(server, wire)
  const turns = gate(1)
  let asking = false
  let cutting: Promise<void> | undefined

  await during(signal, { host, wire }, () => client.connect()).catch((error: unknown) => {
    const why = wire.broken() ?? loginFailureIn(error, host)
    wire.break(why)
    throw why
  })

  const ask = async (question: Question, { hold, signal }: AskOptions): Promise<Answered> => {
    signal.throwIfAborted()
    const broken = wire.broken()
    if (broken) throw lostBefore(broken, host)
    asking = true
    wire.meter(hold)
    try {
      const stop = wire.break
      const results = await during(signal, { host, wire }, () => resultsOf(client, { question, maxBytes, stop }))
      const transaction = transactions.get(client.getTransactionStatus()) ?? 'none'
      return { text: `{"results":[${results}],"transaction":"${transaction}"}`, bytes: wire.received(), transaction }
    } catch (error) {
      if (wire.broken()) cutting = cutOff(server, { connect, secret: wire.secret() })
      throw wire.broken() ?? failureIn(error, host)
    } finally {
      asking = false
      wire.meter(undefined)
    }
  }

  return {
    ask: (question, options) => turns.run(() => ask(question, options)),
    close: async () => {
      if (asking) wire.break(closedMeanwhile(host))
      else wire.end()
      await turns.run(async () => {}) // who asks hears of it first
      await Promise.all([cutting, closed])
    },
    closed,
  }
}

/** The driver. What it would take of the environment (PGOPTIONS and the like), or of ~/.pgpass, is said here, once and for all. */
const clientOf = ({ host, port, user, database, password }: SqlServer, wire: Wire): pg.Client => {
  const client = new pg.Client({
    ...{ host, port, user, database, password: () => password, ssl: false, sslnegotiation: 'postgres' },
    ...{ stream: () => wire.stream, types: { getTypeParser: () => asItCame } },
  })
  const startup = { user, database, client_encoding: 'UTF8', application_name: 'Penstock' }
  Object.assign(client, { getStartupConf: () => startup })
  client.on('error', (error) => wire.break(failureIn(error, host)))
  return client
}

const asItCame = (text: string): string => text

/** Does something that ends with the connection when the signal aborts. */
const during = async <T>(
  signal: AbortSignal,
  { host, wire }: Readonly<{ host: string; wire: Wire }>,
  task: () => Promise<T>,
): Promise<T> => {
  const onAbort = (): void => wire.break(signal.reason instanceof CallFailure ? signal.reason : closedMeanwhile(host))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await task()
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

const closedMeanwhile = (host: string): CallFailure =>
  new CallFailure('EGRESS_CLOSED', `${host} was not asked to the end: the run was over, or Penstock is stopping`)

const lostBefore = ({ code }: CallFailure, host: string): CallFailure =>
  new CallFailure(
    'ECONNRESET',
    `The run's connection to ${host} is gone (${code}), and what its transaction did with it`,
  )

/** What PostgreSQL says of its transaction whenever it is ready for the next question. */
const transactions: ReadonlyMap<string | null, SqlAnswer['transaction']> = new Map([
  ['I', 'none'],
  ['T', 'open'],
  ['E', 'failed'],
])
