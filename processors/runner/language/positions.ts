/** A place in a text; both count from 1. */
export type Place = Readonly<{ line: number; column: number }>

/** What the compiler put into a line of the user's: `length` characters before the user's `column`. */
export type Insert = Place & Readonly<{ length: number }>

/** The user's own place for one in the compiled script. `inserts` are in the order of the text. */
export const userPlace = (inserts: readonly Insert[], { line, column }: Place): Place => {
  let shift = 0
  for (const insert of inserts) {
    if (insert.line !== line) continue
    const begin = insert.column + shift
    if (column < begin) break
    if (column < begin + insert.length) return { line, column: insert.column }
    shift += insert.length
  }
  return { line, column: column - shift }
}
