import { isName } from '../words/ids.ts'
import { exactSource, isExactNumber, isJsonArray, isJsonObject, type Json, type JsonObject } from '../words/json.ts'
import { quote } from './problems.ts'

/** Reads one value of a document, or says in a sentence why it will not do. */
export type Read<T> = (value: Json) => Readonly<{ ok: T }> | Unfit

/** `items`: of a list that will not do because of them, what is wrong with each. */
export type Unfit = Readonly<{ problem: string; items?: readonly Readonly<{ at: number; problem: string }>[] }>

export const text: Read<string> = (value) => (typeof value === 'string' ? { ok: value } : mustBe('text', value))

export const flag: Read<boolean> = (value) =>
  typeof value === 'boolean' ? { ok: value } : mustBe('true or false', value)

/** One of a few words. */
export const oneOf =
  <const Word extends string>(...words: readonly Word[]): Read<Word> =>
  (value) => {
    const word = words.find((known) => known === value)
    return word === undefined ? mustBe(listed(words.map(quote)), value) : { ok: word }
  }

export const integer =
  (min: number, max: number): Read<number> =>
  (value) => {
    const number = numberOf(value)
    return Number.isInteger(number) && number >= min && number <= max
      ? { ok: number }
      : mustBe(`a whole number from ${min} to ${max}`, value)
  }

/** `[a-z0-9][a-z0-9-]{0,62}` (semantics.md 10). */
export const name: Read<string> = (value) =>
  typeof value === 'string' && isName(value) ? { ok: value } : mustBe(nameRule, value)

/** One name or a list of them; a name that comes twice counts once. */
export const names: Read<readonly string[]> = (value) => {
  if (typeof value === 'string') return { ok: [value] }
  if (isJsonArray(value) && value.every((item) => typeof item === 'string')) return { ok: [...new Set(value)] }
  return mustBe('a name or a list of names', value)
}

/** A list of what `read` reads; what is wrong with an item is said of that item. */
export const listOf =
  <T>(read: Read<T>, what: string): Read<readonly T[]> =>
  (value) => {
    if (!isJsonArray(value)) return mustBe(what, value)
    const found = value.map(read)
    const items = found.flatMap((one, at) => ('ok' in one ? [] : [{ at, problem: one.problem }]))
    return items.length > 0
      ? { problem: items.map(({ problem }) => problem).join(' '), items }
      : { ok: found.flatMap((one) => ('ok' in one ? [one.ok] : [])) }
  }

/** `20s`, `5m`, `1h`, `7d` in milliseconds. */
export const duration =
  (max: string): Read<number> =>
  (value) => {
    const ms = typeof value === 'string' ? durationMs(value) : undefined
    return ms !== undefined && ms > 0 && ms <= (durationMs(max) ?? 0)
      ? { ok: ms }
      : mustBe(`a duration like 20s or 5m, at most ${max}`, value)
  }

/** Bytes as a number, or `500kb`, `10mb` (a kilobyte is 1,000 bytes). */
export const size =
  (max: string): Read<number> =>
  (value) => {
    const bytes = typeof value === 'string' ? sizeBytes(value) : numberOf(value)
    return bytes !== undefined && Number.isInteger(bytes) && bytes > 0 && bytes <= (sizeBytes(max) ?? 0)
      ? { ok: bytes }
      : mustBe(`a size in bytes or like 500kb, at most ${max}`, value)
  }

export const object: Read<JsonObject> = (value) => (isJsonObject(value) ? { ok: value } : mustBe('an object', value))

/** Any JSON at all. */
export const json: Read<Json> = (value) => ({ ok: value })

export const mustBe = (what: string, value: Json): Unfit => ({
  problem: `Must be ${what}, not ${shown(value)}.`,
})

export const nameRule = '1 to 63 of the letters a-z, digits and "-", the first no "-"'

/** `a, b or c`. */
export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`

const shown = (value: Json): string => {
  if (typeof value === 'string') return quote(value)
  if (isJsonArray(value)) return 'a list'
  if (isExactNumber(value)) return exactSource(value).slice(0, 60)
  return value !== null && typeof value === 'object' ? 'an object' : String(value)
}

/** NaN for what is no number. */
const numberOf = (value: Json): number =>
  isExactNumber(value) ? Number(exactSource(value)) : typeof value === 'number' ? value : Number.NaN

const durationMs = (written: string): number | undefined => measured(written, /^(\d{1,9})([smhd])$/, milliseconds)
const sizeBytes = (written: string): number | undefined =>
  measured(written.toLowerCase(), /^(\d{1,9})(b|kb|mb)$/, bytes)

const measured = (written: string, form: RegExp, units: ReadonlyMap<string, number>): number | undefined => {
  const [, count, unit] = form.exec(written) ?? []
  return count === undefined ? undefined : Number(count) * (units.get(unit ?? '') ?? Number.NaN)
}

const milliseconds: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])
const bytes: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['kb', 1_000],
  ['mb', 1_000_000],
])
