import { unlessAborted } from '../../../topology/flow/stop.ts'
import type { EgressPolicy } from '../../../topology/project/project.ts'
import type { RunId } from '../../../topology/words/ids.ts'
import type { Traceparent } from '../../../topology/words/trace.ts'
import { CallFailure } from './call-failure.ts'
import { type Called, recordOf } from './call-record.ts'
import { type Exchanged, exchange } from './exchange.ts'
import type { HttpCall } from './http-call.ts'
import { type Lookup, lookUp, openNames } from './names.ts'
import { type HostPort, ownPorts } from './own-ports.ts'
import { parseCall } from './parse-call.ts'
import { openPlaces } from './places.ts'
import { hostOf, refusedByAddress, refusedByName } from './policy.ts'
import { openPools } from './pools.ts'
import { requestOf } from './request.ts'
import { rehearsed } from './test-mode.ts'
import { timeLimit } from './time-limit.ts'

/** The way out for all HTTP of jobs. Closing it ends what is under way, as `EGRESS_CLOSED`. */
export type Egress = AsyncDisposable &
  Readonly<{
    /**
     * Makes the call (`HttpCall`; anything else fails as `INVALID_CALL`). Whatever the network, the server or the rules do is an answer or a
     * failure; it rejects only with the signal's reason.
     */
    request(call: unknown, context: CallContext): Promise<Called>
  }>

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
}

/**
 * Opens the way out. Host names are resolved here, every address is checked, and connections go to the checked addresses only; each redirect is a
 * request of its own. No proxy is asked, whatever the environment says.
 */
export const openEgress = (options: EgressOptions): Egress => {
  const { version, own, loopbackAllowed = false, lookup = lookUp, ca } = options
  const limits: EgressLimits = { ...egressLimits, ...options.limits }
  const names = openNames({ lookup, keepMs: limits.namesMs })
  const isOwn = ownPorts({ own, names })
  const places = openPlaces(limits)
  const pools = openPools({ ca, maxHeaderBytes: limits.headerBytes, connectMs: limits.connectMs })

  const admit = async (url: URL, { policy, run }: CallContext): Promise<readonly string[]> => {
    const unlisted = refusedByName(url, policy)
    if (unlisted) throw refused(unlisted)
    const addresses = await names.addressesOf(hostOf(url), run)
    const closed = refusedByAddress({ url, addresses }, { policy, loopbackAllowed })
    if (closed) throw refused(closed)
    if (await isOwn({ url, addresses })) throw refused(`${url.host} is a port of Penstock's own, which nobody may call`)
    return addresses
  }

  const make = async (call: HttpCall, context: CallContext, signal: AbortSignal): Promise<Exchanged> => {
    if (context.number > limits.calls) {
      throw new CallFailure('TOO_MANY_CALLS', `A run may make ${limits.calls} calls at most`)
    }
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

  const within = async (call: HttpCall, context: CallContext): Promise<Exchanged | CallFailure> => {
    using time = timeLimit(context.signal, Math.min(call.timeoutMs || limits.timeMs, context.timeoutMs))
    try {
      return await unlessAborted(make(call, context, time.signal), time.signal)
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
      const came = call instanceof CallFailure ? call : await within(call, context)
      const record = recordOf(call, { context, came, ms: Math.round(performance.now() - began) })
      if (came instanceof CallFailure) return { answer: { error: { code: came.code, message: came.message } }, record }
      return { answer: came.answer, record }
    },
    [Symbol.asyncDispose]: () => pools[Symbol.asyncDispose](),
  }
}

const refused = (why: string): CallFailure => new CallFailure('EGRESS_REFUSED', why)
