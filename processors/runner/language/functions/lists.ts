import type { Operation } from '../operation.ts'
import { kindOf, mustBeFunction, wrong } from './arguments.ts'
import { dataFrom } from './items.ts'
import { resolved } from './resolve.ts'

/** `arrayToString(list, separator)`: its items as one text, joined by the separator (`,`). */
export const arrayToString = (list: readonly unknown[], separator?: string): string => {
  if (list === null || list === undefined) return ''
  if (!Array.isArray(list)) throw wrong('arrayToString', { takes: 'a list', got: list })
  return list.join(separator)
}

/** `toArray(value)`: a list as it is, anything else as the only item of one. */
export const toArray = (value: unknown): readonly unknown[] => ([] as unknown[]).concat(value)

/** `splitKeys(object, keys)`: `[rest, picked]`, the object without the keys, and those. */
export const splitKeys = (
  object: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): readonly [rest: Readonly<Record<string, unknown>>, picked: Readonly<Record<string, unknown>>] => {
  if (typeof object !== 'object' || object === null) throw wrong('splitKeys', { takes: 'an object', got: object })
  if (!Array.isArray(keys)) throw wrong('splitKeys', { takes: 'a list of keys', got: keys })
  const entries = Object.entries(object)
  const picked = ([key]: readonly [string, unknown]): boolean => keys.includes(key)
  return [Object.fromEntries(entries.filter((entry) => !picked(entry))), Object.fromEntries(entries.filter(picked))]
}

/** `chunk(list, size)`: the list, or text, in pieces of that many; the last may be shorter. */
export const chunk = <T extends readonly unknown[] | string>(list: T, size: number): readonly T[] => {
  if (!Array.isArray(list) && typeof list !== 'string') throw wrong('chunk', { takes: 'a list', got: list })
  if (!(Number.isInteger(size) && size > 0) && size !== Number.POSITIVE_INFINITY)
    throw new TypeError(`chunk takes a size that is a whole number from 1, not ${String(size)}`)
  const pieces: T[] = []
  for (let at = 0; at < list.length; at += size) pieces.push(list.slice(at, at + size) as T)
  return pieces
}

/**
 * `group(list, 'a.b', callback)`: an operation that leaves in `data` an object with a list of items for each value at that key of theirs; items
 * without it are dropped. The list, or a JSONPath of its items, and the key may be functions of the state. The callback gets the new state.
 */
export const group = (list: unknown, key: unknown, callback: Operation = (state) => state): Operation => {
  mustBeFunction('group', callback)
  return (state) => {
    const items = dataFrom(resolved(state, list), state) ?? []
    const keys = keysOf(resolved(state, key))
    if (typeof items !== 'object') throw wrong('group', { takes: 'a list of objects', got: items })
    const groups = new Map<string, unknown[]>()
    for (const item of Object.values(items)) {
      const name = keys(item)
      if (name === undefined) continue
      const members = groups.get(String(name))
      if (members) members.push(item)
      else groups.set(String(name), [item])
    }
    return callback({ ...state, data: Object.fromEntries(groups) })
  }
}

/** What stands at `a.b[0]["c.d"]` of a value, or at the whole text where the value has such a key. */
const keysOf = (key: unknown): ((item: unknown) => unknown) => {
  if (typeof key !== 'string' && typeof key !== 'number' && !Array.isArray(key))
    throw new TypeError(`group takes a key such as 'address.city', not ${kindOf(key)}`)
  const steps: readonly unknown[] = Array.isArray(key) ? key : namesIn(String(key))
  return (item) => {
    const whole = Array.isArray(key) ? undefined : ownValue(item, String(key))
    if (whole !== undefined) return whole
    return steps.reduce<unknown>((value, step) => ownValue(value, String(step)), item)
  }
}

const ownValue = (value: unknown, key: string): unknown =>
  value !== null && value !== undefined && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined

const namesIn = (path: string): readonly string[] =>
  [...path.matchAll(/\[(["'])(.*?)\1\]|[^.[\]]+/g)].map(([whole, , quoted]) => quoted ?? whole)
