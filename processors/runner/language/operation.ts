/** A function of state: what a job is made of. Whatever it returns, or the promise of it, is the next operation's state. */
export type Operation = (state: State) => unknown

// What a state holds is the user's business.
export type State = Readonly<Record<string, unknown>>

/** Where a list comes from: a JSONPath into the state, a function of the state, or the list itself (anything that can be iterated). */
export type Items = string | Iterable<unknown> | ((state: State) => unknown)

/** Goes on with a value at once, or with what a promise gives when it does: what needs no promise stays without. */
export const after = <T>(value: unknown, next: (value: unknown) => T): T | Promise<Awaited<T>> =>
  isThenable(value) ? (Promise.resolve(value).then(next) as Promise<Awaited<T>>) : next(value)

/** What is called in vain: its body only runs for whoever asks it for values. */
export const isGenerator = (value: unknown): boolean =>
  typeof value === 'function' && /^(?:Async)?GeneratorFunction$/.test(String(Reflect.get(value, Symbol.toStringTag)))

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
