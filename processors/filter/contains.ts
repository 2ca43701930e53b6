import { type ExactNumber, isExactNumber, isJsonArray, isJsonObject, type Json } from '../../topology/words/json.ts'
import { decimalOf } from './decimal.ts'

/**
 * JSON containment exactly as PostgreSQL's `whole @> part`: all that `part` says is true of `whole`. Numbers compare as decimals, so values
 * from `parseExact` keep every digit. The cost is at most the product of the two sizes.
 */
export const contains = (whole: Json, part: Json): boolean =>
  isJsonArray(whole) && !isContainer(part)
    ? whole.some((found) => sameScalar(found, part)) // only at the root: an array contains a bare scalar
    : within(whole, part)

const within = (whole: Json, part: Json): boolean => {
  if (isJsonArray(part)) {
    return isJsonArray(whole) && part.every((wanted) => whole.some((found) => within(found, wanted)))
  }
  if (!isJsonObject(part)) return sameScalar(whole, part)
  return isJsonObject(whole) && Object.keys(part).every((key) => hasWithin(whole, key, part[key] as Json))
}

// `hasOwn`, because `__proto__` and `constructor` are names like any other.
const hasWithin = (whole: { readonly [key: string]: Json }, key: string, wanted: Json): boolean =>
  Object.hasOwn(whole, key) && within(whole[key] as Json, wanted)

const sameScalar = (found: Json, wanted: Json): boolean =>
  found === wanted ||
  (isNumber(found) &&
    isNumber(wanted) &&
    (typeof found !== 'number' || typeof wanted !== 'number') &&
    decimalOf(found) === decimalOf(wanted))

const isNumber = (value: unknown): value is number | ExactNumber => typeof value === 'number' || isExactNumber(value)

const isContainer = (value: Json): boolean => isJsonArray(value) || isJsonObject(value)
