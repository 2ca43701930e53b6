import { type Condition, conditions, type Query } from './page.ts'
import { parseSearch, type Step, type Term } from './search-text.ts'

/** Where a path looks: columns with JSON. `inText`: whether `search_text` holds what stands in them. */
export type Documents = Readonly<{ columns: readonly string[]; inText: boolean }>

/**
 * The rows in which all parts of a search are found (`semantics.md` 8). The index of words only narrows down; what stands in order, and at a
 * path, is looked at row by row. Throws `BadSearch`.
 */
export const textSearch = (search: string | undefined, documents: Documents): Condition =>
  search !== undefined &&
  conditions(...parseSearch(search).map((term, n) => found(term, { name: `text_${n}`, documents })))

type Named = Readonly<{ name: string; documents: Documents }>

const found = (term: Term, { name, documents }: Named): Query => {
  const words = `tokens(${folded(`{${name}:String}`)})`
  const pattern = `concat('(?:^|${gap})', arrayStringConcat(${words}, '${gap}+'), '${term.prefix ? '' : `(?:$|${gap})`}')`
  const indexed = term.prefix
    ? `search_text LIKE concat('%', ${words}[-1], '%')
  AND (length(${words}) = 1 OR hasAllTokens(search_text, arrayPopBack(${words})))`
    : `hasAllTokens(search_text, ${words})`
  const params = { [name]: term.text }
  if (term.path === undefined) {
    const inOrder = `match(search_text, ${pattern})`
    return { sql: `${indexed} AND ${term.prefix ? inOrder : `(length(${words}) = 1 OR ${inOrder})`}`, params }
  }
  const { values, keys } = valuesAt(term.path, { name, documents })
  return {
    sql: `${documents.inText ? `${indexed} AND ` : ''}arrayExists(text -> match(${folded('text')}, ${pattern}),
    arrayMap(value -> ${unescaped('value')}, ${values}))`,
    params: { ...params, ...keys },
  }
}

/** What stands at a path of the documents, as JSON texts: an array of SQL. */
const valuesAt = (path: readonly Step[], { name, documents }: Named): { values: string; keys: Query['params'] } => {
  const keys: Record<string, string> = {}
  const wholes = documents.columns.map((column) => withoutHalves(`ifNull(${column}, '')`)).join(', ')
  const values = path.reduce((found, step, n) => {
    switch (step.kind) {
      case 'key':
        keys[`${name}_${n}`] = step.key
        return `arrayMap(value -> JSONExtractRaw(value, {${name}_${n}:String}), ${found})`
      case 'item':
        return `arrayMap(value -> arrayElement(JSONExtractArrayRaw(value), ${step.at + 1}), ${found})`
      case 'each':
        return `arrayFlatten(arrayMap(value -> JSONExtractArrayRaw(value), ${found}))`
      default:
        return step satisfies never
    }
  }, `[${wholes}]`)
  return { values, keys }
}

/** As schema/002-search.sql makes `search_text` of a text: small letters, and words parted by ASCII. */
const folded = (text: string): string => `if(isValidASCII(${text}), lower(${text}), replaceRegexpAll(replaceRegexpAll(
    replaceRegexpAll(normalizeUTF8NFKCCasefold(${text}), '${unwritten}+', ''), '[^\\\\x00-\\\\x7f\\\\p{L}\\\\p{N}\\\\p{M}\\\\p{So}]+', ' '),
    '[\\\\p{Han}\\\\p{Hiragana}\\\\p{Katakana}ー\\\\p{Thai}\\\\p{Lao}\\\\p{Khmer}\\\\p{Myanmar}\\\\p{Tibetan}\\\\p{So}]', ' \\\\0 '))`
const unwritten =
  '[\\\\x{0307}\\\\x{0591}-\\\\x{05BD}\\\\x{05BF}\\\\x{05C1}\\\\x{05C2}\\\\x{05C4}\\\\x{05C5}\\\\x{05C7}\\\\x{0640}\\\\x{064B}-\\\\x{065F}\\\\x{0670}]'

/** As there: JSON without its quotes and escapes, and without halves of surrogates. */
const unescaped = (json: string): string =>
  `JSONExtractString(concat('["', replaceRegexpAll(${json}, '\\\\\\\\[^u]|["\\\\x00-\\\\x1f]', ' '), '"]'), 1)`
const withoutHalves = (json: string): string =>
  `replaceRegexpAll(${json}, '(\\\\\\\\u[dD][89abAB]..\\\\\\\\u[dD][c-fC-F]..)|\\\\\\\\u[dD][89a-fA-F]..', '\\\\1')`

/** A character that parts words in `search_text`. */
const gap = '[\\\\x00-/:-`{-\\\\x7f]'
