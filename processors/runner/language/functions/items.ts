import { valuesAt } from '../json-path.ts'
import type { Items, State } from '../operation.ts'
import { kindOf, wrong } from './arguments.ts'

/** How a function that goes through a list comes by it. Refuses at once what can be no source of a list. */
export const listFrom = (name: string, items: Items): ((state: State) => readonly unknown[]) => {
  if (!isSource(items)) throw wrong(name, { takes: 'a JSONPath, a list, or a function that gives one', got: items })
  return (state) => {
    const found = dataFrom(items, state)
    if (isIterable(found)) return [...found]
    const said = typeof items === 'function' ? 'and its function gave' : 'not'
    throw new TypeError(`${name} needs a list, ${said} ${kindOf(found)}`)
  }
}

/** A text is a JSONPath into the state, a function is called with it, all else is the data itself. */
export const dataFrom = (data: unknown, state: State): unknown => {
  if (typeof data === 'string') return valuesAt(data, state)
  return typeof data === 'function' ? data(state) : data
}

const isSource = (items: unknown): boolean =>
  (typeof items === 'string' && items !== '') || typeof items === 'function' || isIterable(items)

const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value
