import { hash } from 'node:crypto'
import type { EgressPolicy } from '../../../../topology/project/project.ts'
import type { RunId } from '../../../../topology/words/ids.ts'
import type { Admit } from '../admission.ts'
import { CallFailure, failureOf } from '../call-failure.ts'
import type { Hold } from '../places.ts'
import { timeLimit } from '../time-limit.ts'
import { openConnection } from './connection.ts'
import { urlOf } from './parse-sql-call.ts'
import { type Answered, openSession, type Session } from './session.ts'
import { openSessions, type SessionsLimits } from './sessions.ts'
import type { SqlAnswer, SqlCall } from './sql-call.ts'

/** The way out to databases. */
export type Databases = AsyncDisposable &
  Readonly<{
    /** Asks by the run's connection, which is opened if there is none. Throws CallFailures, and the reasons of the signals. */
    ask(call: SqlCall, by: Asker): Promise<Answered>
    /** What a question of a job in test mode comes to. */
    rehearsed(call: SqlCall): Answered
  }>

export type Asker = Readonly<{
  policy: EgressPolicy
  run: RunId
  hold: Hold
  /** The end of the run's execution, and of this question. */
  signal: AbortSignal
  until: AbortSignal
}>

export type DatabasesOptions = Readonly<{
  admit: Admit
  ca: readonly string[] | undefined
  limits: SessionsLimits & Readonly<{ requestBytes: number; responseBytes: number; loginMs: number }>
}>

/** The host of a database is resolved and checked when a run connects to it; whatever the run does by that connection goes to the same address. */
export const openDatabases = ({ admit, ca, limits }: DatabasesOptions): Databases => {
  const sessions = openSessions(limits)

  const login = async ({ server }: SqlCall, { policy, run, until }: Asker): Promise<Session> => {
    using time = timeLimit(until, limits.loginMs)
    try {
      const addresses = await admit(new URL(urlOf(server)), { policy, run })
      return await openSession(server, {
        connect: (place, signal) => openConnection(place, { addresses, ca, signal }),
        maxBytes: limits.responseBytes,
        signal: time.signal,
      })
    } catch (error) {
      if (error === until.reason) throw error
      throw failureOf(error, server)
    }
  }

  return {
    async ask(call, by) {
      const { server, text, values } = call
      const bytes = values.reduce((sum, value) => sum + Buffer.byteLength(value ?? ''), Buffer.byteLength(text))
      if (bytes > limits.requestBytes)
        throw new CallFailure('REQUEST_TOO_LARGE', `A statement and its values may have ${limits.requestBytes} bytes`)
      const key = hash('sha256', JSON.stringify(server))
      const session = await sessions.of(key, { ...by, open: () => login(call, by) })
      return session.ask({ text, values }, { hold: by.hold, signal: by.until })
    },
    rehearsed: () => ({ text: JSON.stringify(notSent), bytes: 0, transaction: 'none' }),
    [Symbol.asyncDispose]: () => sessions[Symbol.asyncDispose](),
  }
}

const notSent: SqlAnswer = {
  results: [{ command: null, rowCount: 0, fields: [], rows: [] }],
  transaction: 'none',
  test_mode: true,
}
