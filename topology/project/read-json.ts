import type { Json } from '../words/json.ts'
import { type Path, quote } from './problems.ts'
import { type Flaw, literalOf, maxNesting, type Places, type Reading, tooDeep, twice, Unreadable } from './reading.ts'

/**
 * Reads JSON (RFC 8259) and remembers where everything stands, which `JSON.parse` does not tell. What cannot be read ends the reading;
 * a key that comes twice does not.
 */
export const readJson = (text: string): Reading => {
  const places: Places = new WeakMap()
  const flaws: Flaw[] = []
  let at = 0

  const fail = (path: Path, message: string, offset = at): never => {
    throw new Unreadable({ offset, path, message })
  }

  /** The next character that is not white space; '' at the end. */
  const peek = (): string => {
    space.lastIndex = at
    space.test(text)
    at = space.lastIndex
    return text[at] ?? ''
  }

  const value = (path: Path): Json => {
    const first = peek()
    if (path.length > maxNesting) fail([], tooDeep)
    if (first === '{') return object(path)
    if (first === '[') return array(path)
    if (first === '"') return string(path)
    literal.lastIndex = at
    const found = literal.exec(text)?.[0] ?? fail(path, `A JSON value must stand here, not ${shown(first)}.`)
    at += found.length
    return literalOf(found)
  }

  const object = (path: Path): Json => {
    const entries = new Map<string, Json>()
    const offsets = new Map<string, number>()
    at++
    for (let next = peek(); next !== '}'; next = peek()) {
      if (entries.size > 0) {
        if (next !== ',') fail(path, `A comma or a closing brace must stand here, not ${shown(next)}.`)
        at++
        next = peek()
      }
      if (next !== '"') fail(path, `A key in double quotes must stand here, not ${shown(next)}.`)
      const offset = at
      const key = string(path)
      if (entries.has(key)) flaws.push({ offset, path: [...path, key], message: twice(key) })
      if (peek() !== ':') fail([...path, key], `A colon must stand after the key, not ${shown(peek())}.`)
      at++
      entries.set(key, value([...path, key]))
      offsets.set(key, offset)
    }
    at++
    const data = Object.fromEntries(entries)
    places.set(data, offsets)
    return data
  }

  const array = (path: Path): Json => {
    const items: Json[] = []
    const offsets = new Map<string, number>()
    at++
    for (let next = peek(); next !== ']'; next = peek()) {
      if (items.length > 0) {
        if (next !== ',') fail(path, `A comma or a closing bracket must stand here, not ${shown(next)}.`)
        at++
        peek()
      }
      offsets.set(String(items.length), at)
      items.push(value([...path, items.length]))
    }
    at++
    places.set(items, offsets)
    return items
  }

  const string = (path: Path): string => {
    const start = at
    do {
      at = text.indexOf('"', at + 1)
      if (at < 0) fail(path, 'The text that begins here has no closing quote.', start)
    } while (isEscaped(text, at))
    at++
    try {
      return JSON.parse(text.slice(start, at)) as string
    } catch {
      return fail(path, 'The text that begins here holds a control character or an unknown escape.', start)
    }
  }

  try {
    if (text.startsWith(byteOrderMark)) at++
    const data = value([])
    if (peek() !== '') fail([], `Nothing may follow the end of the document, but here is ${shown(peek())}.`)
    return { value: data, places, flaws }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return { value: null, places, flaws: [...flaws, error.flaw] }
  }
}

const isEscaped = (text: string, at: number): boolean => {
  let backslashes = 0
  while (text[at - 1 - backslashes] === '\\') backslashes++
  return backslashes % 2 === 1
}

const shown = (character: string): string => (character === '' ? 'the end of the text' : quote(character))
const byteOrderMark = '\ufeff'
const space = /[ \t\n\r]*/y
const literal = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
