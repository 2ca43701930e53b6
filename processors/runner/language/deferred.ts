import type { Operation } from './operation.ts'

/** The name under which the compiled job asks for `deferred`. No job can speak it, so none can mean it or hide it. */
export const deferredName = '.then'

/**
 * What `.then(…)` and `.catch(…)` after an operation mean: the operation that does it, and lets the rest of the chain go on with the promise of
 * its outcome. A `catch` right after the operation is given the error and the state that the operation was given. What is no operation but a
 * promise goes through the chain at once.
 */
export const deferred = (made: unknown, chain: (promise: unknown) => unknown): unknown => {
  if (typeof made !== 'function') return chain(made)
  const operation = made as Operation
  return ((state) => {
    const outcome = new Promise((resolve) => resolve(operation(state)))
    const caught = (handle: unknown): Promise<unknown> =>
      outcome.then(undefined, typeof handle === 'function' ? (error) => handle(error, state) : undefined)
    return chain(Object.defineProperty(outcome, 'catch', { value: caught }))
  }) satisfies Operation
}
