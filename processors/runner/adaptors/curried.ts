import type { State } from '../language/operation.ts'

/**
 * A maker of operations that may be called as in OpenFn v1, too: with the state as one more argument, `create('Visit__c', attributes, state)`, it
 * does its work at once. It is a function of its own for each call of `curried`, so it can be given to one run.
 */
export const curried =
  (arity: number, make: (...given: never[]) => (state: State) => unknown) =>
  (...given: readonly unknown[]): unknown => {
    const operation = make(...(given.slice(0, arity) as never[]))
    return given.length > arity ? operation(given[arity] as State) : operation
  }
