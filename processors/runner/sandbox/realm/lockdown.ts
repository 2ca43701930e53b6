import { standardGlobals } from '../../language/globals.ts'

/** Makes the intrinsics fit to be frozen. All of it can be kept in a snapshot. */
export const repair = (): void =>
  ses.repairIntrinsics({
    errorTaming: 'unsafe',
    evalTaming: 'no-eval',
    overrideTaming: 'severe',
    localeTaming: 'unsafe',
    regExpTaming: 'unsafe',
    consoleTaming: 'unsafe',
  })

/**
 * Freezes the repaired realm for good: every intrinsic, the global, what `scope` adds to it and what else all runs share, so that no run leaves
 * a trace for the next.
 * `ses` alone leaves gaps (Intl, Error's own settings, the segmenter's results, the global's prototype, what it does not know); they are closed here.
 * No snapshot can hold the result: V8 adds to `Error` and to the global whenever it makes a context.
 */
export const lockDown = (scope: Readonly<Record<string, unknown>>, shared: () => readonly unknown[]): void => {
  Error.stackTraceLimit = 30
  for (const name of ['prepareStackTrace', 'stackTraceLimit']) {
    const value: unknown = Reflect.get(Error, name)
    Object.defineProperty(Error, name, { get: () => value, set: () => {}, configurable: false })
  }
  ses.hardenIntrinsics()
  const segments = new Intl.Segmenter().segment('')
  for (const rest of [Intl, protoOf(segments), protoOf(segments[Symbol.iterator]())]) ses.harden(rest)

  const kept = new Set<PropertyKey>([...standardGlobals, ...Object.keys(scope), 'global'])
  for (const [name, value] of Object.entries({ ...scope, global: globalThis })) {
    Object.defineProperty(globalThis, name, { value, enumerable: false })
    if (name !== 'global') ses.harden(value)
  }
  for (const value of shared()) ses.harden(value)
  const others = Reflect.ownKeys(globalThis).filter((name) => !kept.has(name))
  for (const name of others) ses.harden(Reflect.get(globalThis, name)) // syntax still reaches some: `using` throws a SuppressedError
  for (const name of others) Reflect.deleteProperty(globalThis, name)
  Object.freeze(protoOf(globalThis))
  Object.freeze(globalThis)
}

const protoOf = (value: object): object => Object.getPrototypeOf(value)

const ses = globalThis as unknown as Readonly<{
  repairIntrinsics(options: Readonly<Record<string, string>>): void
  hardenIntrinsics(): void
  harden(value: unknown): void
}>
