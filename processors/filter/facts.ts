import { type ExactNumber, exactSource, isExactNumber, type Json } from '../../topology/words/json.ts'
import { decimalOf } from './decimal.ts'

/** A fact about the value at one place; a condition on the items of an array is a fact about that array. */
export type Fact = {
  holds: boolean
  /** In how many conditions it is. */
  uses: number
  /** The one condition of which this fact leads the way, or the branch of several. */
  only: Fact | undefined
  branch: Branch | undefined
  /** Of which facts a condition consists when they are several, in the order in which branches are made of them. */
  readonly parts: readonly Fact[]
  /** While an array is looked at: at which of its items the fact holds, from first to last. */
  places: number[]
}

/** Conditions that have their first facts in common: few as a list, more by their next fact. */
export type Branch = { readonly conditions: Fact[]; next: Map<Fact, Branch> | undefined }

/** What filters say of the value at one path. */
export type Place = {
  members: Map<string, Place> | undefined
  /** By value; 1 and 1.0 are one. */
  scalars: Map<Json, Fact> | undefined
  /** Numbers that no double spells, by their decimals. */
  decimals: Map<string, Fact> | undefined
  object: Fact | undefined
  array: Fact | undefined
  /** Where the conditions on the items of an array begin. */
  items: Place | undefined
}

/** The rarest fact leads, so that a value which lacks it costs nothing. Facts become less rare later: that costs time, never an answer. */
export const newCondition = (facts: readonly Fact[]): Fact => {
  const parts = facts.toSorted((a, b) => a.uses - b.uses)
  const [lead] = parts as [Fact, ...Fact[]]
  for (const fact of facts) fact.uses++
  const condition = newFact(parts.length === 1 ? none : parts)
  if (lead.branch !== undefined) settle(lead.branch, condition)
  else if (lead.only === undefined) lead.only = condition
  else {
    lead.branch = { conditions: [lead.only, condition], next: undefined }
    lead.only = undefined
  }
  return condition
}

const settle = (from: Branch, condition: Fact): void => {
  let branch = from
  let depth = 1
  for (let part = condition.parts[1]; branch.next !== undefined && part !== undefined; part = condition.parts[depth]) {
    branch = entryOf(branch.next, part, newBranch)
    depth++
  }
  branch.conditions.push(condition)
  if (branch.conditions.length > fewConditions) split(branch, depth)
}

const split = (branch: Branch, depth: number): void => {
  const next = new Map<Fact, Branch>()
  branch.next = next
  for (const condition of branch.conditions.splice(0)) {
    const part = condition.parts[depth]
    const home = part === undefined ? branch : entryOf(next, part, newBranch)
    home.conditions.push(condition)
  }
}

/** A list that is shorter is gone through quicker than looked up. */
const fewConditions = 8

/** That the value at the place is an object; like the other makers here, made when it is asked for first. */
export const objectFact = (place: Place): Fact => {
  place.object ??= newFact()
  return place.object
}

/** That it is an array. */
export const arrayFact = (place: Place): Fact => {
  place.array ??= newFact()
  return place.array
}

/** Where the items of arrays at the place are. */
export const itemsOf = (place: Place): Place => {
  place.items ??= newPlace()
  return place.items
}

/** Where the member of objects at the place is. */
export const memberOf = (place: Place, name: string): Place => {
  place.members ??= new Map()
  return entryOf(place.members, name, newPlace)
}

/** That it is this scalar, however a number is spelled. */
export const scalarFact = (place: Place, scalar: Json): Fact => {
  const double = isExactNumber(scalar) ? doubleOf(scalar) : scalar
  if (double === undefined) {
    place.decimals ??= new Map()
    return entryOf(place.decimals, decimalOf(scalar as ExactNumber), newFact)
  }
  place.scalars ??= new Map()
  return entryOf(place.scalars, double, newFact)
}

/** The fact that a number at the place is this one, when a filter asks for it. */
export const knownNumber = ({ scalars, decimals }: Place, number: ExactNumber): Fact | undefined => {
  const near = scalars?.get(Number(exactSource(number)))
  if (near !== undefined && doubleOf(number) !== undefined) return near
  return decimals?.get(decimalOf(number))
}

/** The double that, written out, is this number. */
const doubleOf = (number: ExactNumber): number | undefined => {
  const double = Number(exactSource(number))
  return Number.isFinite(double) && decimalOf(double) === decimalOf(number) ? double : undefined
}

const entryOf = <Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value => {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

const newFact = (parts: readonly Fact[] = none): Fact => ({
  holds: false,
  uses: 0,
  only: undefined,
  branch: undefined,
  parts,
  places: nowhere,
})
const none: readonly Fact[] = []
/** For all facts that were not looked for; nobody writes to it. */
export const nowhere: number[] = []
const newBranch = (): Branch => ({ conditions: [], next: undefined })
/** A place of which nothing is asked yet. */
export const newPlace = (): Place => ({
  members: undefined,
  scalars: undefined,
  decimals: undefined,
  object: undefined,
  array: undefined,
  items: undefined,
})
