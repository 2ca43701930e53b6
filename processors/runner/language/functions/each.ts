import { after, type Items, isThenable, type Operation, type State } from '../operation.ts'
import { mustBeFunction, stateAfter } from './arguments.ts'
import { listFrom } from './items.ts'

/**
 * `each(items, operation)`: does the operation for each item, one after another, with `data` = the item and `index` = its place from 0. State flows
 * from item to item and nothing is restored (`semantics.md` 7): afterwards `data` is the last item. An operation without promises stays without.
 */
export const each = (items: Items, operation: Operation): Operation => {
  const list = listFrom('each', items)
  mustBeFunction('each', operation)
  return (state) => throughAll(list(state), operation)(state)
}

/** What OpenFn keeps in a namespace of its own: `beta.each` is `each`, and gives `data` back what it was before. */
export const beta: Readonly<{ each: (items: Items, operation: Operation) => Operation }> = {
  each: (items, operation) => {
    const list = listFrom('beta.each', items)
    mustBeFunction('beta.each', operation)
    return (state) =>
      after(throughAll(list(state), operation)(state), (last) => ({
        ...stateAfter('beta.each', last),
        data: state['data'],
      }))
  },
}

/** With a loop and no chain of promises, so that a long list makes no deep stack. */
const throughAll = (list: readonly unknown[], operation: Operation): Operation => {
  let index = 0
  const rest = (before: unknown): unknown => {
    let current = before
    while (index < list.length) {
      const next = operation({ ...stateAfter('each', current), data: list[index], index: index++ })
      if (isThenable(next)) return Promise.resolve(next).then(rest)
      current = next
    }
    return current
  }
  return rest
}

/** What `map` does with an item: its place counts from 0. */
export type ItemFunction = (item: unknown, index: number, state: State) => unknown

/**
 * `map(items, (item, index, state) => …)` (3.x): an operation that calls the function for each item, one after another, and leaves the list of what
 * it gave in `data`. Gives a promise.
 *
 * `map(path, operation, state)` (1.x): does the operation for each item with no more than `{ data, references }`, forgets what it gives, and gives
 * the state as it was, once all are done. `map(path)` alone waits for the rest.
 */
export const map = (items: Items, action?: ItemFunction | Operation, state?: State): unknown => {
  const list = listFrom('map', items)
  if (action === undefined) return (later: ItemFunction, given?: State) => map(items, later, given)
  mustBeFunction('map', action)
  if (state !== undefined) return forEachOf(list(state), action as Operation)(state)
  return async (given: State) => {
    const data: unknown[] = []
    for (const [index, item] of list(given).entries()) data.push(await (action as ItemFunction)(item, index, given))
    return { ...given, data }
  }
}

const forEachOf =
  (list: readonly unknown[], operation: Operation): Operation =>
  (state) => {
    const { references } = state
    const all = list.reduce<unknown>((before, data) => after(before, () => operation({ data, references })), undefined)
    return after(all, () => state)
  }
