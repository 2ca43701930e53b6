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

/** How many values may still be looked at. */
export type Steps = { left: number }

/** Two values are too large to be compared in the steps that there are. */
export class TooManySteps extends Error {
  override readonly name = 'TooManySteps'
}

export type Comparer = Readonly<{
  /**
   * Where `whole` first falls short of `part`, in the order of `part`; undefined exactly when `contains(whole, part)`. Of an array without a
   * fitting element, the element that meets most of what is wanted is looked into; of equals, the first. Throws `TooManySteps`.
   */
  differenceOf(whole: Json, part: Json): Difference | undefined
  /** The smallest place in `whole` that holds all of `part`, as far as the steps lead. For what is known to be there. */
  placeOf(whole: Json, part: Json): Readonly<{ path: Path; found: Json }>
}>

/** Compares no more than `steps` values, which it counts down: to look into arrays may cost the product of two sizes. */
export const comparer = (steps: Steps): Comparer => {
  const spend = (values: number): void => {
    steps.left -= values
    if (steps.left < 0) throw new TooManySteps()
  }

  const compare = (found: Json, wanted: Json, path: Trail): Comparison => {
    spend(1)
    if (kindOf(found) !== kindOf(wanted)) return failed({ problem: 'other-type', path, wanted, found })
    if (isJsonArray(wanted)) return sum(wanted.map((element) => among(found as readonly Json[], element, path)))
    if (isJsonObject(wanted)) {
      const keys = Object.entries(wanted)
      return sum(keys.map(([key, value]) => at(found as Keyed, { key, value, path: { up: path, step: key } })))
    }
    return contains(found, wanted) ? met : failed({ problem: 'other-value', path, wanted, found })
  }

  // `hasOwn`, because `__proto__` and `constructor` are names like any other.
  const at = (found: Keyed, { key, value, path }: Readonly<{ key: string; value: Json; path: Trail }>): Comparison => {
    if (Object.hasOwn(found, key)) return sum([met, compare(found[key] as Json, value, path)])
    spend(1)
    return failed({ problem: 'missing', path, wanted: value, found: undefined })
  }

  const among = (array: readonly Json[], wanted: Json, path: Trail): Comparison => {
    const nowhere = failed({ problem: 'no-element', path, wanted, found: array })
    if (!isContainer(wanted)) {
      spend(array.length)
      return array.some((element) => kindOf(element) === kindOf(wanted) && contains(element, wanted)) ? met : nowhere
    }
    let nearest: Comparison | undefined
    for (const [step, element] of array.entries()) {
      spend(1)
      if (kindOf(element) !== kindOf(wanted)) continue
      const comparison = compare(element, wanted, { up: path, step })
      if (comparison.difference === undefined) return comparison
      if (nearest === undefined || comparison.met > nearest.met) nearest = comparison
    }
    return nearest ?? nowhere
  }

  return {
    differenceOf(whole, part) {
      const bare = isJsonArray(whole) && !isContainer(part)
      const { difference } = bare ? among(whole, part, undefined) : compare(whole, part, undefined)
      return difference && { ...difference, path: pathOf(difference.path) }
    },
    placeOf(whole, part) {
      const path: (string | number)[] = []
      let [found, wanted] = [whole, part]
      try {
        for (;;) {
          const inner = innerOf(wanted, isJsonArray(found))
          if (inner === undefined) break
          const holds = (element: Json): boolean => compare(element, inner.value, undefined).difference === undefined
          const step = inner.key ?? (found as readonly Json[]).findIndex(holds)
          found = (found as Readonly<Record<string | number, Json>>)[step] as Json
          wanted = inner.value
          path.push(step)
        }
      } catch (error) {
        if (!(error instanceof TooManySteps)) throw error
      }
      return { path, found }
    },
  }
}

/** A path from its end: each step on the way costs the same, however deep it is. */
type Trail = Readonly<{ up: Trail; step: string | number }> | undefined

const pathOf = (trail: Trail): Path => {
  const path: (string | number)[] = []
  for (let at = trail; at !== undefined; at = at.up) path.push(at.step)
  return path.reverse()
}

type Found = Omit<Difference, 'path'> & Readonly<{ path: Trail }>

/** How much of what was wanted is there, and what is the first thing that is not. */
type Comparison = Readonly<{ met: number; difference: Found | undefined }>

type Keyed = Readonly<Record<string, Json>>

const sum = (parts: readonly Comparison[]): Comparison => ({
  met: parts.reduce((all, part) => all + part.met, 0),
  difference: parts.find(({ difference }) => difference !== undefined)?.difference,
})

const met: Comparison = { met: 1, difference: undefined }
const failed = (difference: Found): Comparison => ({ met: 0, difference })

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
