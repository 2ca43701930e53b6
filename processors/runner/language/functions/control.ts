import { after, type Operation, type State } from '../operation.ts'
import { answerOf, mustBeFunction, stateAfter, wrong } from './arguments.ts'
import { resolved } from './resolve.ts'

/**
 * `execute(operation, …)`: an operation that does the given ones in order and gives a promise of the last state. Lists of operations are taken
 * apart, as adaptors of OpenFn v1 did.
 */
export const execute = (...operations: readonly (Operation | readonly Operation[])[]): Operation => {
  const steps = operations.flat(Number.POSITIVE_INFINITY) as readonly Operation[]
  for (const step of steps) mustBeFunction('execute', step)
  return async (state) => {
    let current: unknown = state
    for (const step of steps) current = await step(current as State)
    return current
  }
}

/** `fn(state => …)`: the operation that the user writes. */
export const fn = (operation: Operation): Operation => {
  mustBeFunction('fn', operation)
  return (state) => operation(state)
}

/** The name that `fn` had in OpenFn v1. */
export const alterState = (operation: Operation): Operation => {
  mustBeFunction('alterState', operation)
  return (state) => operation(state)
}

/** `fnIf(condition, operation)`: does the operation if the condition, a value or a function of the state, is truthy; else the state stays as it is. */
export const fnIf = (condition: unknown, operation: Operation): Operation => {
  mustBeFunction('fnIf', operation)
  return (state) => (answerOf('fnIf', resolved(state, condition)) ? operation(state) : state)
}

/** `combine(operation, …)`: one operation out of several, done in order, each with a copy of what the one before gave. Without promises it stays without. */
export const combine = (...operations: readonly Operation[]): Operation => {
  for (const operation of operations) mustBeFunction('combine', operation)
  return (state) =>
    operations.reduce<unknown>(
      (current, operation) => after(current, (given) => operation({ ...stateAfter('combine', given) })),
      state,
    )
}

/**
 * `as(key, operation)`: does the operation, keeps the `data` that it leaves under `key` of the state, and gives `data` back what it was before.
 * Gives a promise.
 */
export const as = (key: string | ((state: State) => string), operation: Operation): Operation => {
  mustBeFunction('as', operation)
  return async (state) => {
    const name = resolved(state, key)
    if (typeof name !== 'string') throw wrong('as', { takes: 'the name of a key of the state', got: name })
    const { data, ...rest } = stateAfter('as', await operation(state))
    return { ...state, ...rest, [name]: data, data: state['data'] }
  }
}

/** `assert(condition, message)`: fails the run with the message unless the condition is truthy. Both may be functions of the state. */
export const assert = (condition: unknown, message?: unknown): Operation => {
  return (state) => {
    const answer = answerOf('assert', resolved(state, condition))
    if (!answer) throw new Error(String(resolved(state, message) || `The assertion failed: it gave ${String(answer)}`))
    return state
  }
}
