import { fairGate } from '../../../../topology/flow/lanes.ts'
import type { RunId } from '../../../../topology/words/ids.ts'
import { CallFailure } from '../call-failure.ts'
import type { Session } from './session.ts'

/** Connections to databases, each for one execution of one run. */
export type Sessions = AsyncDisposable &
  Readonly<{
    /** The one by this key that the execution has, or a new one. Who has as many as a run may have is refused; when all runs have too many, it waits. */
    of(key: string, execution: Execution): Promise<Session>
  }>

/** `signal` is aborted when the execution ends, however it ends: then its connections are closed. `open` makes a new one. */
export type Execution = Readonly<{ run: RunId; signal: AbortSignal; open: () => Promise<Session> }>

export type SessionsLimits = Readonly<{ sessionsOfRun: number; sessionsAtOnce: number }>

export const openSessions = ({ sessionsOfRun, sessionsAtOnce }: SessionsLimits): Sessions => {
  const places = fairGate({ places: sessionsAtOnce, kept: Math.floor(sessionsAtOnce / 4) })
  const executions = new Map<AbortSignal, Map<string, Promise<Session>>>()
  const closing = new Set<Promise<unknown>>()
  let over = false

  const end = (signal: AbortSignal): void => {
    const sessions = executions.get(signal)
    executions.delete(signal)
    for (const session of sessions?.values() ?? []) {
      const closed = session
        .then((open) => open.close())
        .catch(() => {})
        .finally(() => closing.delete(closed))
      closing.add(closed)
    }
  }
  const begin = (signal: AbortSignal): Map<string, Promise<Session>> => {
    const sessions = new Map<string, Promise<Session>>()
    executions.set(signal, sessions)
    signal.addEventListener('abort', () => end(signal), { once: true })
    return sessions
  }
  /** It keeps its place for as long as it is open. */
  const opened = ({ run, signal, open }: Execution): Promise<Session> =>
    new Promise((resolve, reject) => {
      const hold = async (): Promise<void> => {
        signal.throwIfAborted()
        if (over) throw new CallFailure('EGRESS_CLOSED', 'No database is asked any more: Penstock is stopping')
        const session = await open()
        resolve(session)
        await session.closed
      }
      places.run(run, hold).catch(reject)
    })

  return {
    of: (key, execution) => {
      const { signal } = execution
      signal.throwIfAborted()
      const sessions = executions.get(signal) ?? begin(signal)
      const known = sessions.get(key)
      if (known) return known
      if (sessions.size >= sessionsOfRun)
        throw new CallFailure('TOO_MANY_CONNECTIONS', `A run may be connected to ${sessionsOfRun} databases at most`)
      const session = opened(execution)
      sessions.set(key, session)
      session.catch(() => sessions.delete(key)) // what never was open has nothing to lose: the next question tries again
      return session
    },
    async [Symbol.asyncDispose]() {
      over = true
      for (const signal of [...executions.keys()]) end(signal)
      await Promise.all(closing)
    },
  }
}
