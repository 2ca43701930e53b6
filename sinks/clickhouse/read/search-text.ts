/** A mistake in what a person searches for: what it is, and at which character, from 1. */
export class BadSearch extends Error {
  override readonly name = 'BadSearch'
}

/**
 * A part of a search; all parts must be found. `text` holds words that follow each other, in this order, whatever punctuation stands between;
 * with `prefix` the last of them is only the beginning of a word. `path`: where in the JSON; without it, anywhere in the text.
 */
export type Term = Readonly<{ text: string; prefix: boolean; path: readonly Step[] | undefined }>

/** A key of an object, the place of an item in an array from 0, or every item. */
export type Step = Readonly<{ kind: 'key'; key: string } | { kind: 'item'; at: number } | { kind: 'each' }>

/** How much one search may ask for. */
export const searchLimits = { characters: 1_000, parts: 20, steps: 40 } as const

/**
 * Reads `words "a phrase" begin* path.to[0].items[*]:value path:"a phrase" path:begin*`. What only looks like a path is quoted
 * (`"error:timeout"`); `https://…` needs no quotes. Throws `BadSearch`.
 */
export const parseSearch = (search: string): readonly Term[] => {
  if (search.length > searchLimits.characters)
    throw new BadSearch(`it has ${search.length} characters; ${searchLimits.characters} are allowed`)
  const parts = [...search.matchAll(/(?:"[^"]*(?:"|$)|[^\s"])+/g)]
  if (parts.length === 0) throw new BadSearch('it is empty; at least one word is needed')
  if (parts.length > searchLimits.parts)
    throw new BadSearch(`it has ${parts.length} words and phrases; ${searchLimits.parts} are allowed`)
  const terms = parts.map((match) => termOf(match[0], match.index + 1))
  const steps = terms.reduce((sum, { path = [] }) => sum + path.length, 0)
  if (steps > searchLimits.steps)
    throw new BadSearch(`its paths have ${steps} steps; ${searchLimits.steps} are allowed`)
  return terms
}

/** Whether an index of words does not answer it alone: phrases, beginnings, paths, scripts without spaces. */
export const looksAtRows = (search: string | undefined): boolean =>
  search !== undefined && parseSearch(search).some(({ text, prefix, path }) => prefix || path || !oneWord.test(text))

const termOf = (part: string, at: number): Term => {
  const [whole, path] = pathAndColon.exec(part) ?? ['']
  const value = part.slice(whole.length)
  const valueAt = at + whole.length
  const { text, prefix } = value.startsWith('"') ? quoted(value, valueAt) : bare(value, valueAt)
  if (!wordCharacter.test(text))
    throw new BadSearch(
      prefix && text === ''
        ? `the * at character ${valueAt} has no beginning of a word before it`
        : `${JSON.stringify(value)} at character ${valueAt} holds no letter and no digit`,
    )
  return { text, prefix: prefix || day.test(text), path: path === undefined ? undefined : stepsOf(path) }
}

const quoted = (value: string, at: number): Omit<Term, 'path'> => {
  const end = value.indexOf('"', 1)
  if (end < 0) throw new BadSearch(`the quote at character ${at} is not closed`)
  const rest = value.slice(end + 1)
  if (rest !== '' && rest !== '*') throw new BadSearch(`a space is missing after the quote at character ${at + end}`)
  return { text: value.slice(1, end), prefix: rest === '*' }
}

const bare = (value: string, at: number): Omit<Term, 'path'> => {
  const quote = value.indexOf('"')
  if (quote >= 0) throw new BadSearch(`a space is missing before the quote at character ${at + quote}`)
  const star = value.indexOf('*')
  if (star >= 0 && star < value.length - 1)
    throw new BadSearch(`the * at character ${at + star} does not stand at the end of a word`)
  return { text: star < 0 ? value : value.slice(0, -1), prefix: star >= 0 }
}

const stepsOf = (path: string): readonly Step[] =>
  [...path.replace(/^\$/, '').matchAll(step)].map(([, name, place, quotedKey]) =>
    place === undefined
      ? { kind: 'key', key: name ?? quotedKey ?? '' }
      : place === '*'
        ? { kind: 'each' }
        : { kind: 'item', at: Number(place) },
  )

/** `$` is the whole document. Nothing after the colon, or `//`: then it was no path. */
const pathAndColon =
  /^((?:\$|[\p{L}_@][\p{L}\p{N}\p{M}_@$-]*|\["[^"]*"\])(?:\.[\p{L}\p{N}\p{M}_@$-]+|\[(?:\d{1,9}|\*|"[^"]*")\])*):(?!$|\/\/)/u
const step = /\.?([^.[\]"]+)|\[(\d+|\*)\]|\["([^"]*)"\]/g

/** A day is found in times, too: the word of 2026-11-21T09:00 is `21T09`. */
const day = /(?<!\d)\d{4}-\d\d-\d\d$/

const wordCharacter = /[\p{L}\p{N}\p{M}\p{So}]/u
const oneWord =
  /^(?:(?![\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Tibetan}])[\p{L}\p{N}\p{M}])+$/u
