import { valuesAt } from '../json-path.ts'
import type { Items, Operation, State } from '../operation.ts'
import { mustBePath, wrong } from './arguments.ts'
import { listFrom } from './items.ts'
import { resolved } from './resolve.ts'

/** A key and its value, which may be a function of the state. */
export type Field = readonly [key: string, value: unknown]

/** `field('Name', value)`: one field for `fields`. The value may be a function of the state, such as `dataValue('name')`. */
export const field = (key: string, value: unknown): Field => {
  if (typeof key !== 'string' && typeof key !== 'number')
    throw wrong('field', { takes: 'a name, and a value', got: key })
  return [key, value]
}

/** `fields(field(…), …)`: an object of the given fields; of two with one name the last wins. */
export const fields = (...pairs: readonly Field[]): Readonly<Record<string, unknown>> => {
  for (const pair of pairs) if (!Array.isArray(pair)) throw wrong('fields', { takes: 'what field(…) gives', got: pair })
  return Object.fromEntries(pairs as readonly (readonly [string, unknown])[])
}

/**
 * `merge(path, fields)`: a function of the state that gives each object that the path points to, with the fields added; a field wins over what the
 * object has. For use as the items of `each`.
 */
export const merge = (items: Items, added: unknown): ((state: State) => readonly unknown[]) => {
  const list = listFrom('merge', items)
  return (state) => {
    const more = resolved(state, added) as object
    return list(state).map((item) => ({ ...(item as object), ...more }))
  }
}

/**
 * `join(targetPath, sourcePath, key)`: a function of the state that gives each object at the first path, with what the second points to under the
 * key; an object that has the key keeps its own. For use as the items of `each`.
 */
export const join = (target: Items, path: string, key: string): ((state: State) => readonly unknown[]) => {
  const list = listFrom('join', target)
  mustBePath('join', path)
  if (typeof key !== 'string') throw wrong('join', { takes: 'a key as its third argument', got: key })
  return (state) => {
    const value = valuesAt(path, state)[0]
    return list(state).map((item) => ({ [key]: value, ...(item as object) }))
  }
}

/** `index()`: a function of the state that gives the place, from 0, of the item that `each` is at. */
export const index = (): Operation => (state) => state['index']
