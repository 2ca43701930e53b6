import { distance } from 'fastest-levenshtein'
import { quote } from './problems.ts'

/** What to say after "… is unknown": the known word that was probably meant, or else the known words. */
export const remedyFor = (word: string, known: readonly string[]): string => {
  const near = nearest(word, known)
  if (near !== undefined) return `did you mean ${quote(near)}?`
  if (known.length === 0) return 'there is none yet.'
  const told = known.slice(0, maxTold).join(', ')
  return known.length > maxTold ? `known are ${told} and ${known.length - maxTold} more.` : `known are ${told}.`
}

/** The known word with the fewest changes to it: at most a third of the letters, and at most three. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  const lower = word.toLowerCase()
  let best: string | undefined
  let fewest = Math.min(3, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const changes = changesTo(candidate, { word: lower, enough: fewest })
    if (changes < fewest) [best, fewest] = [candidate, changes]
  }
  return best
}

/** Letters to change; letters in another order, or a word not written to its end, count as one. `enough` and more are not told apart. */
const changesTo = (candidate: string, { word, enough }: { word: string; enough: number }): number => {
  if (candidate === word) return 0
  if (word.length >= 3 && candidate.startsWith(word)) return 1
  if (Math.abs(candidate.length - word.length) >= enough) return enough // each letter more or less is a change
  if (candidate.length === word.length && sorted(candidate) === sorted(word)) return 1
  return distance(word, candidate)
}

const sorted = (word: string): string => [...word].sort().join('')

const maxTold = 16
