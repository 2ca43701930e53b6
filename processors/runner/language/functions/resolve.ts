import type { State } from '../operation.ts'

/**
 * The value with every function in it replaced by what it gives for the state, again and again until there is none. Lists and plain objects are
 * rebuilt; all else (dates, maps, regular expressions, bytes, instances of classes) is left as it is.
 */
export const resolved = (state: State, value: unknown): unknown => {
  const at = (part: unknown, depth: number): unknown => {
    if (depth > maxDepth) throw new TypeError(`A value nests more than ${maxDepth} deep, or holds itself`)
    if (typeof part === 'function') return at(part(state), depth + 1)
    if (Array.isArray(part)) return part.map((one) => at(one, depth + 1))
    if (!isPlain(part)) return part
    return Object.fromEntries(Object.entries(part).map(([key, one]) => [key, at(one, depth + 1)]))
  }
  return at(value, 0)
}

/** Bodies may be 500 deep (`semantics.md` 1), and a state holds them a little deeper. */
const maxDepth = 1_000

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
