import { isExactNumber, isJsonArray, isJsonObject, type Json } from '../../topology/words/json.ts'
import { contains } from './contains.ts'

/** The first thing that a filter says and that is not so. `found` is undefined where there is nothing. */
export type Difference = Readonly<{
  problem: 'missing' | 'other-type' | 'other-value' | 'no-element'
  path: Path
  wanted: Json
  found: Json | undefined
}>

/** Keys of objects, and indexes of the elements of arrays that came nearest. `no-element` is said of the array itself. */
export type Path = readonly (string | number)[]

/**
 * Where `whole` first falls short of `part`, in the order of `part`; undefined exactly when `contains(whole, part)`. Of an array without a
 * fitting element, the element that meets most of what is wanted is looked into; of equals, the first.
 */
export const differenceOf = (whole: Json, part: Json): Difference | undefined =>
  (isJsonArray(whole) && !isContainer(part) ? among(whole, part, []) : compare(whole, part, [])).difference

/** The smallest place in `whole` that holds all of `part`. For what `contains` has found to be there. */
export const placeOf = (whole: Json, part: Json): Readonly<{ path: Path; found: Json }> => {
  const path: (string | number)[] = []
  let [found, wanted] = [whole, part]
  for (;;) {
    const inner = innerOf(wanted, isJsonArray(found))
    if (inner === undefined) return { path, found }
    const step = inner.key ?? (found as readonly Json[]).findIndex((element) => holds(element, inner.value))
    found = (found as Readonly<Record<string | number, Json>>)[step] as Json
    wanted = inner.value
    path.push(step)
  }
}

/** How much of what was wanted is there, and what is the first thing that is not. */
type Comparison = Readonly<{ met: number; difference: Difference | undefined }>

const compare = (found: Json, wanted: Json, path: Path): Comparison => {
  if (kindOf(found) !== kindOf(wanted)) return failed({ problem: 'other-type', path, wanted, found })
  if (isJsonArray(wanted)) return sum(wanted.map((element) => among(found as readonly Json[], element, path)))
  if (isJsonObject(wanted)) {
    return sum(Object.entries(wanted).map(([key, value]) => at(found as Keyed, { key, value, path: [...path, key] })))
  }
  return contains(found, wanted) ? met : failed({ problem: 'other-value', path, wanted, found })
}

type Keyed = Readonly<Record<string, Json>>

// `hasOwn`, because `__proto__` and `constructor` are names like any other.
const at = (found: Keyed, { key, value, path }: Readonly<{ key: string; value: Json; path: Path }>): Comparison =>
  Object.hasOwn(found, key)
    ? sum([met, compare(found[key] as Json, value, path)])
    : failed({ problem: 'missing', path, wanted: value, found: undefined })

const among = (array: readonly Json[], wanted: Json, path: Path): Comparison => {
  const nowhere = failed({ problem: 'no-element', path, wanted, found: array })
  if (!isContainer(wanted)) return array.some((element) => holds(element, wanted)) ? met : nowhere
  let nearest: Comparison | undefined
  for (const [index, element] of array.entries()) {
    if (kindOf(element) !== kindOf(wanted)) continue
    const comparison = compare(element, wanted, [...path, index])
    if (comparison.difference === undefined) return comparison
    if (nearest === undefined || comparison.met > nearest.met) nearest = comparison
  }
  return nearest ?? nowhere
}

const holds = (element: Json, wanted: Json): boolean => kindOf(element) === kindOf(wanted) && contains(element, wanted)

const sum = (parts: readonly Comparison[]): Comparison => ({
  met: parts.reduce((all, part) => all + part.met, 0),
  difference: parts.find(({ difference }) => difference !== undefined)?.difference,
})

const met: Comparison = { met: 1, difference: undefined }
const failed = (difference: Difference): Comparison => ({ met: 0, difference })

/** What a piece of one key or one element is about; `key` is undefined for the element of an array. */
const innerOf = (piece: Json, inArray: boolean): Readonly<{ key?: string; value: Json }> | undefined => {
  if (isJsonArray(piece)) return piece.length === 1 ? { value: piece[0] as Json } : undefined
  if (!isJsonObject(piece)) return inArray ? { value: piece } : undefined // only at the root: an array contains a bare scalar
  const [entry, ...others] = Object.entries(piece)
  return entry !== undefined && others.length === 0 ? { key: entry[0], value: entry[1] } : undefined
}

/** In JSON's own words, as people say them. */
export const kindOf = (value: Json): 'null' | 'true or false' | 'a number' | 'text' | 'an array' | 'an object' => {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return 'true or false'
  if (typeof value === 'number' || isExactNumber(value)) return 'a number'
  if (typeof value === 'string') return 'text'
  return isJsonArray(value) ? 'an array' : 'an object'
}

const isContainer = (value: Json): boolean => isJsonArray(value) || isJsonObject(value)
