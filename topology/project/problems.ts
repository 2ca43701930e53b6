import type { Document } from './document.ts'

/** Keys and positions from the root of a document down to a value. */
export type Path = readonly (string | number)[]

/** One thing that is wrong with a document: where, and one sentence that says what to do. Lines and columns count from 1. */
export type Problem = Readonly<{ path: string; message: string; line?: number; column?: number }>

/** Says that the value at the path will not do. */
export type Report = (path: Path, message: string) => void

/** Most problems that are told one by one; of the rest only their number is. */
export const maxProblems = 1_000

/** Collects problems of a document in the order of its text. */
export const collectProblems = (document: Document): Readonly<{ report: Report; problems(): readonly Problem[] }> => {
  const found: { at: number; problem: Problem }[] = []
  let untold = 0
  return {
    report: (path, message) => {
      if (found.length === maxProblems) untold++
      else {
        const { offset, line, column } = document.placeOf(path)
        found.push({ at: offset, problem: { path: pathText(path), message, line, column } })
      }
    },
    problems: () => [...found.sort((a, b) => a.at - b.at).map(({ problem }) => problem), ...moreProblems(untold)],
  }
}

/** The last line of a list of problems that was too long. */
export const moreProblems = (untold: number): readonly Problem[] =>
  untold > 0 ? [{ path: '', message: `And ${untold} more.` }] : []

/** `triggers.registration.source[1]`; keys that are no plain words are quoted, long ones cut. */
export const pathText = (path: Path): string =>
  path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`
      const key = plain.test(step) ? step : quote(step)
      return index === 0 ? key : `.${key}`
    })
    .join('')

/** Text of a document as a sentence shows it: in quotes, on one line, cut when it is long. */
export const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)

const plain = /^[\w-]{1,63}$/
