import { type Json, parseExact } from '../words/json.ts'
import { type Path, quote } from './problems.ts'

/** Where the parts of a document stand in its text: for each container, the offset of each key (or item, by its number as text). */
export type Places = WeakMap<object, ReadonlyMap<string, number>>

/** A place in a text. Lines and columns count from 1, columns in UTF-16 units as editors do. */
export type Place = Readonly<{ offset: number; line: number; column: number }>

/** A document as it was read: plain data, where its parts stand, and what was wrong with the text. */
export type Reading = Readonly<{ value: Json; places: Places; flaws: readonly Flaw[] }>

/** Something wrong with the text itself. */
export type Flaw = Readonly<{ offset: number; path: Path; message: string }>

/** What ends a reading. */
export class Unreadable extends Error {
  readonly flaw: Flaw
  constructor(flaw: Flaw) {
    super(flaw.message)
    this.flaw = flaw
  }
}

/** How deep a document may nest. */
export const maxNesting = 200
export const tooDeep = `Nested deeper than ${maxNesting}: flatten it.`

/** The sentence for a key that comes twice, in either format. */
export const twice = (key: string): string => `The key ${quote(key)} comes twice: keep one.`

/** A number, true, false or null, from its JSON text. The sign of a zero is dropped: JSON would not write it again. */
export const literalOf = (text: string): Json => {
  const value = parseExact(text)
  return value === 0 ? 0 : value
}

/** The offset of the value at the path, or of the nearest thing above it that is there. */
export const offsetOf = (reading: Reading, path: Path): number => {
  let offset = 0
  let value: unknown = reading.value
  for (const step of path) {
    if (typeof value !== 'object' || value === null) break
    const here = reading.places.get(value)?.get(String(step))
    if (here === undefined) break
    offset = here
    value = (value as Readonly<Record<string, unknown>>)[step]
  }
  return offset
}

/** Turns offsets into lines and columns. The text is looked through once, at the first question. */
export const placesIn = (text: string): ((offset: number) => Place) => {
  let starts: readonly number[] | undefined
  return (offset) => {
    starts ??= lineStarts(text)
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { offset, line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}

const lineStarts = (text: string): readonly number[] => {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}
