import { unlessAborted } from '../../../topology/flow/stop.ts'
import type { EgressPolicy } from '../../../topology/project/project.ts'
import type { RunId } from '../../../topology/words/ids.ts'
import type { RunCall } from '../../../topology/words/run.ts'
import type { Traceparent } from '../../../topology/words/trace.ts'
import { admission } from './admission.ts'
import { CallFailure } from './call-failure.ts'
import { type Called, recordOf } from './call-record.ts'
import { type Exchanged, exchange } from './exchange.ts'
import type { HttpCall, HttpFailure } from './http-call.ts'
import { type Lookup, lookUp, openNames } from './names.ts'
import type { HostPort } from './own-ports.ts'
import { parseCall } from './parse-call.ts'
import { openPlaces } from './places.ts'
import { openPools } from './pools.ts'
import { openDatabases } from './postgresql/open.ts'
import { parseSqlCall } from './postgresql/parse-sql-call.ts'
import type { Answered } from './postgresql/session.ts'
import type { SqlCall } from './postgresql/sql-call.ts'
import { requestOf } from './request.ts'
import { rehearsed } from './test-mode.ts'
import { timeLimit } from './time-limit.ts'

/** The way out for all HTTP of jobs, and for their questions to databases. Closing it ends what is under way, as `EGRESS_CLOSED`. */
export type Egress = AsyncDisposable &
  Readonly<{
    /**
     * Makes the call (`HttpCall`; anything else fails as `INVALID_CALL`). Whatever the network, the server or the rules do is an answer or a
     * failure; it rejects only with the signal's reason.
     */
    request(call: unknown, context: CallContext): Promise<Called>
    /**
     * Asks a database (`SqlCall`), with the same promise. All questions with one signal to one database, as one user, go by one connection, which is
     * closed when the signal is aborted. `text` is the JSON of a `SqlAnswer`, or of a failure (`{ error }`).
     */
    query(call: unknown, context: CallContext): Promise<CalledSql>
  }>

/** `open`: whether a transaction goes on after it; null after a failure, which leaves it as it was. */
export type CalledSql = Readonly<{ text: string; record: RunCall; open: boolean | null }>

/** On whose behalf a call is made. */
export type CallContext = Readonly<{
  policy: EgressPolicy
  run: RunId
  /** Counts the calls of the run, from 1; the same on every execution. */
  number: number
  /** The run's own place in its trace: the parent of the call. */
  traceparent: Traceparent
  testMode: boolean
  /** The run's: a call that it cuts off closes its connection. */
  signal: AbortSignal
  /** What is left of the run's time. */
  timeoutMs: number
}>

export type EgressOptions = Readonly<{
  /** Of Penstock, for `User-Agent`. */
  version: string
  /** Where Penstock, its broker and its store listen: nobody may call that. */
  own: readonly HostPort[]
  /** For the demo: every project may call the machine that it runs on. */
  loopbackAllowed?: boolean
  lookup?: Lookup
  /** Authorities (PEM) that are trusted instead of those that Node knows. */
  ca?: readonly string[]
  limits?: Partial<EgressLimits>
  /** Told of errors that nobody foresaw: the call fails as `EGRESS_FAILED`, for no server may be able to end a runner. */
  onBug?: (error: unknown) => void
}>

export type EgressLimits = typeof egressLimits

/** Sizes in bytes, times in milliseconds. */
export const egressLimits = {
  requestBytes: 10_000_000,
  /** As received, and once more when decoded. */
  responseBytes: 10_000_000,
  headerBytes: 65_536,
  redirects: 5,
  timeMs: 100_000,
  connectMs: 10_000,
  /** Of one run, in all. */
  calls: 10_000,
  callsOfRun: 16,
  callsAtOnce: 256,
  /** Bodies of one run that are being received, decoded: past that all but the oldest wait. */
  heldBytesOfRun: 20_000_000,
  /** Those of all runs together. */
  heldBytes: 200_000_000,
  /** How long the addresses of a name are taken for known. */
  namesMs: 5_000,
  /** To databases: of one run, and of all. */
  sessionsOfRun: 4,
  sessionsAtOnce: 64,
  loginMs: 30_000,
}

/**
 * Opens the way out. Host names are resolved here, every address is checked, and connections go to the checked addresses only; each redirect is a
 * request of its own. No proxy is asked, whatever the environment says.
 */
export const openEgress = (options: EgressOptions): Egress => {
  const { version, own, loopbackAllowed = false, lookup = lookUp, ca } = options
  const limits: EgressLimits = { ...egressLimits, ...options.limits }
  const names = openNames({ lookup, keepMs: limits.namesMs })
  const admit = admission({ names, own, loopbackAllowed })
  const places = openPlaces(limits)
  const pools = openPools({ ca, maxHeaderBytes: limits.headerBytes, connectMs: limits.connectMs })
  const databases = openDatabases({ admit, ca, limits })

  const exchanged = async (call: HttpCall, context: CallContext, signal: AbortSignal): Promise<Exchanged> => {
    const request = requestOf(call, {
      ...context,
      version,
      maxBodyBytes: limits.requestBytes,
      maxHeaderBytes: limits.headerBytes,
    })
    if (context.testMode) return rehearsed(request)
    return places.run(context.run, (hold) =>
      exchange(request, {
        pools,
        admit: (url) => admit(url, context),
        redirects: Math.min(call.redirects, limits.redirects),
        maxBodyBytes: limits.responseBytes,
        hold,
        signal,
      }),
    )
  }

  const question = async (call: SqlCall, context: CallContext, signal: AbortSignal): Promise<Answered> => {
    if (context.testMode) return databases.rehearsed(call)
    return places.run(context.run, (hold) => databases.ask(call, { ...context, hold, until: signal }))
  }

  /** What comes of a call within its time, or why nothing does. */
  const within = async <T>(
    context: CallContext,
    { timeMs, make }: Readonly<{ timeMs: number; make: (signal: AbortSignal) => Promise<T> }>,
  ): Promise<T | CallFailure> => {
    if (context.number > limits.calls)
      return new CallFailure('TOO_MANY_CALLS', `A run may make ${limits.calls} calls at most`)
    using time = timeLimit(context.signal, timeMs)
    try {
      return await unlessAborted(make(time.signal), time.signal)
    } catch (error) {
      context.signal.throwIfAborted()
      if (error instanceof CallFailure) return error
      options.onBug?.(error)
      return new CallFailure(
        'EGRESS_FAILED',
        'The call could not be made, for a reason that Penstock should have known',
      )
    }
  }

  return {
    async request(asked, context) {
      context.signal.throwIfAborted()
      const began = performance.now()
      const call = parseCall(asked)
      const came =
        call instanceof CallFailure
          ? call
          : await within(context, {
              timeMs: Math.min(call.timeoutMs || limits.timeMs, context.timeoutMs),
              make: (signal) => exchanged(call, context, signal),
            })
      const failed = came instanceof CallFailure
      const end = failed ? came : { status: came.answer.status, bytes: came.bytes }
      const record = recordOf(asked, { context, end, ms: since(began) })
      return { answer: failed ? { error: errorOf(came) } : came.answer, record }
    },
    async query(asked, context) {
      context.signal.throwIfAborted()
      const began = performance.now()
      const call = parseSqlCall(asked)
      const came =
        call instanceof CallFailure
          ? call
          : await within(context, {
              timeMs: context.timeoutMs + graceMs,
              make: (signal) => question(call, context, signal),
            })
      const failed = came instanceof CallFailure
      const end = failed ? came : { status: 200, bytes: came.bytes }
      const record = recordOf(asked, { context, end, ms: since(began) })
      if (failed) return { text: JSON.stringify({ error: errorOf(came) }), record, open: null }
      return { text: came.text, record, open: came.transaction !== 'none' }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([pools[Symbol.asyncDispose](), databases[Symbol.asyncDispose]()])
    },
  }
}

/** A statement has all the time of its run, whose own end cuts it off: this is for a run of whose end nobody hears. */
const graceMs = 10_000

const since = (began: number): number => Math.round(performance.now() - began)

const errorOf = ({ code, message, facts }: CallFailure): HttpFailure => ({ code, message, ...facts })
