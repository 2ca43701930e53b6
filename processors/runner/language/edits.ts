import { type Insert, placesIn } from './positions.ts'

/** A change to a text: `removed` characters from the offset `at` on become `text`, which is no shorter and changes no line end. */
export type Edit = Readonly<{ at: number; removed: number; text: string }>

/** What is put around a piece of the text, which may hold other such pieces. */
export type Wrap = Readonly<{ start: number; end: number; before: string; after: string }>

/** The text with all changes, and what they inserted. Of two pieces that begin or end together the one named first is around the other. */
export const edited = (
  code: string,
  { wraps, edits }: Readonly<{ wraps: readonly Wrap[]; edits: readonly Edit[] }>,
): Readonly<{ text: string; inserts: readonly Insert[] }> => {
  const opened = wraps.map(({ start, before }) => ({ at: start, removed: 0, text: before }))
  const closed = wraps.toReversed().map(({ end, after }) => ({ at: end, removed: 0, text: after }))
  const place = placesIn(code)
  const parts: string[] = []
  const inserts: Insert[] = []
  let done = 0
  for (const { at, removed, text } of [...opened, ...edits, ...closed].sort((a, b) => a.at - b.at)) {
    parts.push(code.slice(done, at), text)
    done = at + removed
    if (text.length > removed) inserts.push({ ...place(at), length: text.length - removed })
  }
  return { text: parts.join('') + code.slice(done), inserts }
}

/** Takes a piece out of the text and leaves a statement that does nothing, so that no statement grows together with the next one. */
export const blanked = (code: string, { start, end }: Readonly<{ start: number; end: number }>): Edit => ({
  at: start,
  removed: end - start,
  text: `;${code.slice(start + 1, end).replace(/[^\r\n\u2028\u2029]/g, ' ')}`,
})
