import {
  type ExactNumber,
  exactSource,
  isExactNumber,
  isJsonArray,
  isJsonObject,
  type Json,
} from '../../topology/words/json.ts'
import { decimalOf } from './decimal.ts'

/**
 * Many filters, asked at once. Each is taken apart into facts: that a value at a path is this scalar, an object, an array, or an array of
 * which an item meets a filter (which is taken apart in the same way, for the items of that array). All filters share their facts. A value
 * is walked once, along the paths of facts only; of the facts that hold, the rarest leads to a filter.
 */
export type FilterIndex = Readonly<{
  /** The condition that a filter is: the same one for filters that say the same. */
  add(filter: Json): Condition
  /**
   * Gives all conditions that hold of a value, by the rules of `contains`, but for an array as the root, which contains no bare scalar
   * here. Only until `read` returns, `holds` says it of every condition, too. `byNumber`: the answer depends on a number of the value.
   */
  ask<T>(value: Json, read: (met: readonly Condition[], byNumber: boolean) => T): T
}>

/** Holds when all its facts do. */
export type Condition = Readonly<{ holds: boolean }>

/** A fact about the value at one place; a condition on the items of an array is a fact about that array. */
type Fact = {
  holds: boolean
  /** In how many conditions it is. */
  uses: number
  /** The one condition of which this fact leads the way, or the branch of several. */
  only: Fact | undefined
  branch: Branch | undefined
  /** What a condition consists of besides the fact that leads to it, in the order in which branches are made of it. */
  readonly rest: readonly Fact[]
}

/** Conditions that have their first facts in common: few as a list, more by their next fact. */
type Branch = { readonly conditions: Fact[]; next: Map<Fact, Branch> | undefined }

/** What filters say of the value at one path. */
type Place = {
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

export const filterIndex = (): FilterIndex => {
  const root = newPlace()
  /** What was found to hold of the value that is looked at: of the message, or of one item of an array in it. */
  let held: Fact[] = []
  let byNumber = false

  const hold = (fact: Fact | undefined): void => {
    if (fact === undefined || fact.holds) return
    fact.holds = true
    held.push(fact)
  }

  /** Holds the facts of a place that are so. */
  const look = (place: Place, value: Json): void => {
    if (typeof value === 'object' && value !== null) {
      if (isJsonArray(value)) lookAtItems(place, value)
      else if (isExactNumber(value)) hold(knownNumber(place, value))
      else lookAtMembers(place, value)
      return
    }
    const fact = place.scalars?.get(value)
    if (typeof value === 'number' && (fact !== undefined || place.decimals !== undefined)) byNumber = true
    hold(fact)
  }

  const lookAtMembers = ({ object, members }: Place, value: { readonly [name: string]: Json }): void => {
    hold(object)
    if (members === undefined) return
    if (members.size <= fewNames) {
      for (const [name, member] of members) {
        const found = value[name]
        if (found !== undefined && Object.hasOwn(value, name)) look(member, found)
      }
      return
    }
    for (const name of Object.keys(value)) {
      const member = members.get(name)
      if (member !== undefined) look(member, value[name] as Json)
    }
  }

  const lookAtItems = ({ array, items }: Place, value: readonly Json[]): void => {
    hold(array)
    if (items !== undefined) for (const item of value) meet(items, item)
  }

  /** Holds the conditions on a value that are met. What holds of the value itself is nobody else's business. */
  const meet = (place: Place, value: Json): void => {
    const outer = held
    held = []
    look(place, value)
    const facts = held
    held = outer
    conclude(facts)
    letGo(facts)
  }

  /** Holds the conditions of which all facts are among these. */
  const conclude = (facts: readonly Fact[]): void => {
    for (const { only, branch } of facts) {
      if (only !== undefined) consider(only)
      else if (branch !== undefined) gather(branch, facts)
    }
  }

  const consider = (condition: Fact): void => {
    if (condition.holds) return
    for (const fact of condition.rest) if (!fact.holds) return
    hold(condition)
  }

  const gather = ({ conditions, next }: Branch, facts: readonly Fact[]): void => {
    for (const condition of conditions) consider(condition)
    if (next === undefined) return
    if (next.size < facts.length) {
      for (const [fact, branch] of next) if (fact.holds) gather(branch, facts)
      return
    }
    for (const fact of facts) {
      const branch = next.get(fact)
      if (branch !== undefined) gather(branch, facts)
    }
  }

  const factsOf = (place: Place, filter: Json): readonly Fact[] => {
    if (isJsonArray(filter)) {
      if (filter.length === 0) return [arrayFact(place)]
      const items = itemsOf(place)
      return filter.map((item) => conditionOf(items, item))
    }
    if (!isJsonObject(filter)) return [scalarFact(place, filter)]
    const names = Object.keys(filter)
    if (names.length === 0) return [objectFact(place)]
    return names.flatMap((name) => factsOf(memberOf(place, name), filter[name] as Json))
  }

  const conditionOf = (place: Place, filter: Json): Fact => {
    const facts = [...new Set(factsOf(place, filter))]
    return conditionWith(facts) ?? newCondition(facts)
  }

  /** A condition that has all these facts, and no others, is found as a value finds it: by what holds. */
  const conditionWith = (facts: readonly Fact[]): Fact | undefined => {
    for (const fact of facts) fact.holds = true
    conclude(facts)
    const condition = held.find(({ rest }) => rest.length === facts.length - 1)
    letGo(facts)
    letGo(held)
    held = []
    return condition
  }

  return {
    add: (filter) => conditionOf(root, filter),
    ask: (value, read) => {
      byNumber = false
      meet(root, value)
      const met = held
      held = []
      const answer = read(met, byNumber)
      letGo(met)
      return answer
    },
  }
}

/** The rarest fact leads, so that a value which lacks it costs nothing. Facts become less rare later: that costs time, never an answer. */
const newCondition = (facts: readonly Fact[]): Fact => {
  const [lead, ...rest] = facts.toSorted((a, b) => a.uses - b.uses) as [Fact, ...Fact[]]
  for (const fact of facts) fact.uses++
  const condition = newFact(rest)
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
  let depth = 0
  for (let fact = condition.rest[0]; branch.next !== undefined && fact !== undefined; fact = condition.rest[depth]) {
    branch = entryOf(branch.next, fact, newBranch)
    depth++
  }
  branch.conditions.push(condition)
  if (branch.next === undefined && branch.conditions.length > fewConditions && depth < deepest) split(branch, depth)
}

const split = (branch: Branch, depth: number): void => {
  const next = new Map<Fact, Branch>()
  branch.next = next
  for (const condition of branch.conditions.splice(0)) {
    const fact = condition.rest[depth]
    const home = fact === undefined ? branch : entryOf(next, fact, newBranch)
    home.conditions.push(condition)
  }
}

/** A list that is shorter is gone through quicker than looked up. */
const fewConditions = 8
const fewNames = 8
/** Branches are gone through by recursion; filters that have more facts than that in common are gone through as a list. */
const deepest = 100

const objectFact = (place: Place): Fact => {
  place.object ??= newFact()
  return place.object
}

const arrayFact = (place: Place): Fact => {
  place.array ??= newFact()
  return place.array
}

const itemsOf = (place: Place): Place => {
  place.items ??= newPlace()
  return place.items
}

const memberOf = (place: Place, name: string): Place => {
  place.members ??= new Map()
  return entryOf(place.members, name, newPlace)
}

const scalarFact = (place: Place, scalar: Json): Fact => {
  const double = isExactNumber(scalar) ? doubleOf(scalar) : scalar
  if (double === undefined) {
    place.decimals ??= new Map()
    return entryOf(place.decimals, decimalOf(scalar as ExactNumber), newFact)
  }
  place.scalars ??= new Map()
  return entryOf(place.scalars, double, newFact)
}

const knownNumber = (place: Place, number: ExactNumber): Fact | undefined => {
  if (place.scalars === undefined && place.decimals === undefined) return undefined
  const double = doubleOf(number)
  return double === undefined ? place.decimals?.get(decimalOf(number)) : place.scalars?.get(double)
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

const newFact = (rest: readonly Fact[] = none): Fact => ({
  holds: false,
  uses: 0,
  only: undefined,
  branch: undefined,
  rest: rest.length === 0 ? none : rest,
})
const none: readonly Fact[] = []
const newBranch = (): Branch => ({ conditions: [], next: undefined })
const newPlace = (): Place => ({
  members: undefined,
  scalars: undefined,
  decimals: undefined,
  object: undefined,
  array: undefined,
  items: undefined,
})

const letGo = (facts: readonly Fact[]): void => {
  for (const fact of facts) fact.holds = false
}
