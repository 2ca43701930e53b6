import { isGenerator, isThenable, type State } from '../operation.ts'

/** What a value is, in words for whoever reads the error. */
export const kindOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (isThenable(value)) return 'a promise'
  if (isGenerator(value)) return 'a generator function, whose body would never run'
  return typeof value === 'object' ? 'an object' : `a value of type ${typeof value}`
}

/** A `TypeError` that says which function was given the wrong thing, what it was and what it takes. */
export const wrong = (name: string, { takes, got }: Readonly<{ takes: string; got: unknown }>): TypeError =>
  new TypeError(`${name} takes ${takes}, not ${kindOf(got)}`)

export function mustBeFunction(name: string, value: unknown): asserts value is (...args: never[]) => unknown {
  if (typeof value !== 'function' || isGenerator(value))
    throw wrong(name, { takes: 'an operation: a function of state', got: value })
}

export function mustBePath(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw wrong(name, { takes: "a JSONPath such as '$.data.name'", got: value })
}

/** The state that an operation gave to the one after it; an operation that returned nothing has lost it. */
export const stateAfter = (name: string, value: unknown): State => {
  if (value === undefined || value === null)
    throw new TypeError(`An operation in ${name} returned ${kindOf(value)}, so the state is lost. Return a state`)
  return value as State
}

/** A yes or no. A promise would always be a yes, so it is refused. */
export const answerOf = (name: string, value: unknown): unknown => {
  if (isThenable(value))
    throw new TypeError(`The condition of ${name} gave a promise, which is always true. Wait for it in an fn before`)
  return value
}
