import { isBurial } from '../../topology/flow/fault.ts'
import type { Explain, Mismatch, Wish } from '../../topology/project/mismatch.ts'
import { isExactNumber, isJsonArray, isJsonObject, type Json } from '../../topology/words/json.ts'
import { contains } from './contains.ts'
import { comparer, type Difference, kindOf, type Path, TooManySteps } from './difference.ts'
import { filterIndex } from './filter-index.ts'
import { readBody } from './read-body.ts'

/**
 * Makes what says why, where the matcher only says no (`semantics.md` 3). A body is read once for all triggers, and compared with them in at
 * most `steps`, of which each may take half of what is left; whether it matches is said of all of them.
 */
export const explainWithin =
  (steps: number): Explain =>
  (triggers) => {
    const indexed = indexedLater(triggers)
    return (message) => {
      try {
        const body = readBody(message)
        const met = indexed(body)
        let left = steps
        return triggers.map((trigger) => {
          const own = { left: Math.ceil(left / 2) }
          left -= own.left
          const mismatch = mismatchOf(trigger, message.source, { body, met, steps: own })
          left += Math.max(0, own.left)
          return mismatch
        })
      } catch (error) {
        if (!isBurial(error)) throw error
        const why = `The body cannot be read, so no filter was asked: ${error.message}.`
        return triggers.map(() => ({ ...nothing, problem: 'unreadable', message: why }))
      }
    }
  }

/** As many steps as take a fraction of a second; a message and a trigger of usual size need less than a hundred. */
export const explain: Explain = explainWithin(2_000_000)

/** Whether the body has a piece, at a cost that is not the product of their sizes: how the matcher knows. */
type Met = (piece: Json) => boolean

/** The index is made when it is first needed, for hardly anybody needs it; a body is asked about all pieces at once. */
const indexedLater = (triggers: readonly Wish[]): ((body: Json) => Met) => {
  const make = () => {
    const index = filterIndex()
    const pieces = triggers.flatMap(({ filter, not }) => [filter, not]).filter((piece) => piece !== undefined)
    return { index, conditions: new Map(pieces.map((piece) => [piece, index.add(piece)])) }
  }
  let made: ReturnType<typeof make> | undefined
  return (body) => {
    let held: ReadonlySet<unknown> | undefined
    return (piece) => {
      if (isJsonArray(body) && !isJsonArray(piece) && !isJsonObject(piece)) return contains(body, piece)
      made ??= make()
      held ??= made.index.ask(body, (conditions) => new Set(conditions))
      return held.has(made.conditions.get(piece))
    }
  }
}

type Looked = Readonly<{ body: Json; met: Met; steps: { left: number } }>

const mismatchOf = ({ sources, filter, not }: Wish, source: string | null, looked: Looked): Mismatch | null => {
  if (sources !== null && (source === null || !sources.includes(source))) return otherSource(sources, source)
  const difference = filter === undefined ? null : differenceIn(looked, filter)
  if (difference !== null) return difference === 'unknown' ? unexplained : differs(difference)
  return not !== undefined && differenceIn(looked, not) === null ? excluded(looked, not) : null
}

/** What of a piece the body lacks; null if nothing; `unknown` if something, which cannot be told in the steps that there are. */
const differenceIn = ({ body, met, steps }: Looked, piece: Json): Difference | 'unknown' | null => {
  try {
    return comparer(steps).differenceOf(body, piece) ?? null
  } catch (error) {
    if (!(error instanceof TooManySteps)) throw error
    return met(piece) ? null : 'unknown'
  }
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

const unexplained: Mismatch = {
  ...nothing,
  problem: 'unexplained',
  message: 'It does not match; the filter and the message are too large to say in short time where they differ.',
}

const excluded = ({ body, steps }: Looked, not: Json): Mismatch => {
  const { path, found } = comparer(steps).placeOf(body, not)
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
const shown = (value: Json | readonly string[]): string => {
  if (typeof value === 'string') return cut(JSON.stringify(value.slice(0, maxShown)), maxShown)
  if (typeof value !== 'object' || value === null) return cut(JSON.stringify(value), maxDigits)
  const text = texts.get(value) ?? cut(JSON.stringify(value), isExactNumber(value) ? maxDigits : maxShown)
  texts.set(value, text)
  return text
}

/** Many triggers may fail at the same large value: it is written once. */
const texts = new WeakMap<object, string>()

const maxShown = 200
const maxDigits = 2_000

const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`
