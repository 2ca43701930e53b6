import { valuesAt } from './json-path.ts'

/** A function of state: what a job is made of. Whatever it returns, or the promise of it, is the next operation's state. */
export type Operation = (state: State) => unknown
// What a state holds is the user's business.
export type State = Readonly<Record<string, unknown>>
/** Where a list comes from: a JSONPath into the state, a function of the state, or the list itself. */
export type Items = string | readonly unknown[] | ((state: State) => unknown)

/** `fn(state => …)`: the operation that the user writes. */
export const fn = (operation: Operation): Operation => {
  if (typeof operation !== 'function') throw new TypeError(`fn takes a function of state, not ${kindOf(operation)}`)
  return (state) => operation(state)
}

/** The name that `fn` had in OpenFn v1. */
export const alterState = (operation: Operation): Operation => fn(operation)

/**
 * Does the operation for each item, one after another, with `data` = the item and `index` = its place from 0. State flows from item to item
 * and nothing is restored (`semantics.md` 7): afterwards `data` is the last item. An operation without promises stays without.
 */
export const each = (items: Items, operation: Operation): Operation => {
  if (!items) throw new TypeError('each takes a JSONPath, a list, or a function that gives one, and an operation')
  if (typeof operation !== 'function') throw new TypeError(`each takes an operation, not ${kindOf(operation)}`)
  return (state) => {
    const list = itemsOf(items, state)
    let index = 0
    const rest = (before: unknown): unknown => {
      let current = before
      while (index < list.length) {
        const after = operation({ ...(current as State), data: list[index], index: index++ })
        if (isThenable(after)) return Promise.resolve(after).then(rest)
        current = after
      }
      return current
    }
    return rest(state)
  }
}

const itemsOf = (items: Items, state: State): readonly unknown[] => {
  const found = typeof items === 'string' ? valuesAt(items, state) : typeof items === 'function' ? items(state) : items
  if (Array.isArray(found)) return found
  const said = typeof items === 'function' ? 'and its function gave' : 'not'
  throw new TypeError(`each needs a list, ${said} ${kindOf(found)}`)
}

const isThenable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'

const kindOf = (value: unknown): string =>
  value === null ? 'null' : value === undefined ? 'nothing' : `a value of type ${typeof value}`
