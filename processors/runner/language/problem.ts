import { lineEnd, type Place } from './positions.ts'

/**
 * Why a job cannot be used, and where; `line` and `column` count from 1. `caret` is the source line with a mark under the place, `name` that of the
 * error with which a run would end.
 */
export type Problem = Readonly<{
  kind: 'problem'
  name: 'SyntaxError' | 'ImportError'
  message: string
  line: number
  column: number
  caret: string
}>

/** A problem at an offset of the source text. */
export const problemAt = (code: string, offset: number, message: string): Problem => {
  const { line, column, text } = placeAt(code, offset)
  return { kind: 'problem', name: 'SyntaxError', message, line, column, caret: caretUnder(text, column) }
}

/** Line and column (both from 1) of an offset, and the text of that line. Lines end where ECMAScript says so. */
export const placeAt = (code: string, offset: number): Readonly<{ line: number; column: number; text: string }> => {
  let line = 1
  let start = 0
  for (const end of code.matchAll(lineEnd)) {
    if (end.index >= offset) return { line, column: offset - start + 1, text: code.slice(start, end.index) }
    line++
    start = end.index + end[0].length
  }
  return { line, column: offset - start + 1, text: code.slice(start) }
}

/** The offset of a place, or of the end of the text where the text is shorter. */
export const offsetOf = (code: string, { line, column }: Place): number => {
  let start = 0
  let current = 1
  for (const end of code.matchAll(lineEnd)) {
    if (current++ === line) break
    start = end.index + end[0].length
  }
  return Math.min(code.length, start + Math.max(0, column - 1))
}

/** Long lines are shown around the place only. Tabs stay tabs, so that the mark stands under its character. */
const caretUnder = (text: string, column: number): string => {
  const from = Math.max(0, column - 1 - shownBefore)
  const shown = text.slice(from, from + shownWidth)
  return `${shown}\n${shown.slice(0, column - 1 - from).replace(/[^\t]/g, ' ')}^`
}

const shownBefore = 80
const shownWidth = 120
