import type { Tried } from '../words/run.ts'

/**
 * Records that are to be tried again: when the last of them is due, in seconds since 1970, then how far each lies behind the one before, how many
 * attempts it had, how many starts, how long it waited, and how long before the last one it is due, all in base 36: `!tgbq0k,0010100u00`. Times are
 * full seconds; who is due long before the last was due long before that was noted, so it makes no difference how long.
 */
export const triedIn = (lowest: bigint, tried: ReadonlyMap<bigint, Tried>): string => {
  if (tried.size === 0) return ''
  const inOrder = [...tried].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const last = Math.max(...inOrder.map(([, { dueAt }]) => secondsOf(dueAt)))
  let at = lowest
  let text = triedMark + last.toString(36)
  for (const [offset, { attempts, starts, waitedMs, dueAt }] of inOrder) {
    const facts = [attempts, starts, secondsOf(waitedMs), last - secondsOf(dueAt)].map(twoDigits).join('')
    text += `,${(offset - at).toString(36)}${facts}`
    at = offset
  }
  return text
}

/** As many as find room, those first that had the most attempts. */
export const triedWithin = (
  bytes: number,
  { from, tried }: Readonly<{ from: bigint; tried: ReadonlyMap<bigint, Tried> }>,
): string => {
  const whole = triedIn(from, tried)
  if (whole.length <= bytes) return whole
  const kept = [...tried].toSorted(([, a], [, b]) => b.attempts - a.attempts)
  while (triedIn(from, new Map(kept)).length > bytes) kept.pop()
  return triedIn(from, new Map(kept))
}

/** What so many take at most. */
export const triedAtMost = (count: number, span: number): number =>
  count === 0 ? 0 : 1 + secondsDigits + count * (1 + span.toString(36).length + factsDigits)

/** What stands behind the mark, up to the first comma and from there on. */
export const triedOut = (start: bigint, last: string | undefined, entries = ''): ReadonlyMap<bigint, Tried> => {
  const tried = new Map<bigint, Tried>()
  const lastDue = Number.parseInt(last ?? '', 36)
  let at = start
  for (const entry of entries.split(',').slice(1)) {
    const digits = entry.length - factsDigits
    const fact = (n: number): number => Number.parseInt(entry.slice(digits + 2 * n, digits + 2 * n + 2), 36)
    at += BigInt(Number.parseInt(entry.slice(0, digits), 36))
    tried.set(at, {
      attempts: fact(0),
      starts: fact(1),
      waitedMs: 1_000 * fact(2),
      dueAt: 1_000 * (lastDue - fact(3)),
    })
  }
  return tried
}

/** The form of it, with the two groups that `triedOut` takes. */
export const triedForm = '!([0-9a-z]{1,7})((?:,[0-9a-z]{9,18})+)'
const triedMark = '!'
const factsDigits = 8
const secondsDigits = 7

const secondsOf = (ms: number): number => Math.ceil(ms / 1_000)
const twoDigits = (count: number): string => Math.min(count, mostInTwo).toString(36).padStart(2, '0')
const mostInTwo = 36 ** 2 - 1
