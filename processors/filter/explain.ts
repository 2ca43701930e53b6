import { isBurial } from '../../topology/flow/fault.ts'
import type { Explain, Mismatch, Wish } from '../../topology/project/mismatch.ts'
import { isExactNumber, type Json } from '../../topology/words/json.ts'
import { contains } from './contains.ts'
import { type Difference, differenceOf, kindOf, type Path, placeOf } from './difference.ts'
import { readBody } from './read-body.ts'

/** Says why, where the matcher only says no (`semantics.md` 3). The body is read once for all triggers. */
export const explain: Explain = (message, triggers) => {
  try {
    const body = readBody(message)
    return triggers.map((trigger) => mismatchOf(trigger, message.source, body))
  } catch (error) {
    if (!isBurial(error)) throw error
    const why = `The body cannot be read, so no filter was asked: ${error.message}.`
    return triggers.map(() => ({ ...nothing, problem: 'unreadable', message: why }))
  }
}

const mismatchOf = ({ sources, filter, not }: Wish, source: string | null, body: Json): Mismatch | null => {
  if (sources !== null && (source === null || !sources.includes(source))) return otherSource(sources, source)
  const difference = filter === undefined ? undefined : differenceOf(body, filter)
  if (difference !== undefined) return differs(difference)
  return not !== undefined && contains(body, not) ? excluded(body, not) : null
}

const nothing = { path: null, nearest: null, wanted: null, found: null }

const otherSource = (sources: readonly string[], source: string | null): Mismatch => {
  const [wanted, found] = [shown(sources), source === null ? null : shown(source)]
  const came = found === null ? 'The message names no source' : `The message came by the source ${found}`
  return { ...nothing, problem: 'other-source', wanted, found, message: `${came}; the trigger listens to ${wanted}.` }
}

const differs = (difference: Difference): Mismatch => {
  const { problem, path } = difference
  const [wanted, found] = shownBoth(difference.wanted, difference.found)
  const places = { path: pathText(problem === 'no-element' ? [...path, anyElement] : path), nearest: nearestIn(path) }
  const place = places.nearest ?? places.path
  const nearest = places.nearest === null ? '' : 'The element that comes nearest will not do: '
  const sentence = (): string => {
    switch (problem) {
      case 'missing':
        return `${place} is missing; wanted is ${wanted}.`
      case 'other-type':
        return `${place} is ${kindOf(difference.found ?? null)}, ${found}; wanted is ${kindOf(difference.wanted)}, ${wanted}.`
      case 'other-value':
        return `${place} is ${found}; wanted is ${wanted}.`
      case 'no-element':
        return `${pathText(path, 'exact')} has no element that is or contains ${wanted}; it is ${found}.`
      default:
        return problem satisfies never
    }
  }
  return {
    problem,
    ...places,
    wanted,
    found: difference.found === undefined ? null : found,
    message: nearest + sentence(),
  }
}

const excluded = (body: Json, not: Json): Mismatch => {
  const { path, found } = placeOf(body, not)
  const places = { path: pathText(path), nearest: nearestIn(path) }
  const held = shown(found)
  const message = `${places.nearest ?? places.path} is ${held}, which the trigger excludes by its \`not\`.`
  return { problem: 'excluded', ...places, wanted: null, found: held, message }
}

const anyElement = 0

/** `$.triage[*].level`, or with the index of the element. Keys that are no plain words are quoted, very long paths cut. */
const pathText = (path: Path, elements: 'any' | 'exact' = 'any'): string => {
  const steps = path.map((step) => {
    if (typeof step === 'number') return elements === 'any' ? '[*]' : `[${step}]`
    return plain.test(step) ? `.${step}` : `[${JSON.stringify(cut(step, 200))}]`
  })
  return cut(`$${steps.join('')}`, 2_000)
}

const nearestIn = (path: Path): string | null =>
  path.some((step) => typeof step === 'number') ? pathText(path, 'exact') : null

const plain = /^[\p{L}_][\p{L}\p{N}_]{0,199}$/u

/** Two texts that are equal for long are shown from just before the letter where they part. */
const shownBoth = (wanted: Json, found: Json | undefined): readonly [wanted: string, found: string] => {
  if (typeof wanted !== 'string' || typeof found !== 'string') return [shown(wanted), shown(found ?? null)]
  let same = 0
  while (same < wanted.length && wanted[same] === found[same]) same++
  if (same < maxShown / 2) return [shown(wanted), shown(found)]
  const from = same - 20
  return [`…${shown(wanted.slice(from))}`, `…${shown(found.slice(from))}`]
}

/** A value as JSON, cut when it is long; a number stays whole, for its last digit may be the one that differs. */
const shown = (value: Json | readonly string[]): string =>
  cut(JSON.stringify(value), typeof value === 'number' || isExactNumber(value) ? maxDigits : maxShown)

const maxShown = 200
const maxDigits = 2_000

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`
