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
  let best: string | undefined
  let fewest = Math.min(3, Math.max(1, Math.floor(word.length / 3))) + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= fewest) continue // each letter more or less is a change
    const changes = distance(word.toLowerCase(), candidate)
    if (changes < fewest) [best, fewest] = [candidate, changes]
  }
  return best
}

const maxTold = 16
