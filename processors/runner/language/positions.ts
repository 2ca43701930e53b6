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

/** Tells the places of offsets of a text. Lines end where ECMAScript says so. */
export const placesIn = (text: string): ((offset: number) => Place) => {
  const starts = [0]
  for (const end of text.matchAll(lineEnd)) starts.push(end.index + end[0].length)
  return (offset) => {
    let [line, next] = [0, starts.length]
    while (next - line > 1) {
      const middle = (line + next) >> 1
      if (offset < (starts[middle] ?? 0)) next = middle
      else line = middle
    }
    return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 }
  }
}

export const lineEnd = /\r\n|[\n\r\u2028\u2029]/g
