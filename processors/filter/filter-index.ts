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
  /** Of which facts a condition consists when they are several, in the order in which branches are made of them. */
  readonly parts: readonly Fact[]
  /** While an array is looked at: at which of its items the fact holds, from first to last. */
  places: number[]
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
  /** Whether it is an item of an array that has to have all facts of a condition, and not the message. */
  let amongItems = false

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

  /** What holds of some item is found first, and of that, which conditions one item may meet; so a long array costs no more than its facts. */
  const lookAtItems = ({ array, items }: Place, value: readonly Json[]): void => {
    hold(array)
    if (items === undefined) return
    const outer = held
    const facts: Fact[] = []
    for (let at = 0; at < value.length; at++) {
      held = []
      look(items, value[at] as Json)
      for (const fact of held) {
        fact.holds = false
        if (fact.places.length === 0) {
          facts.push(fact)
          fact.places = [at]
        } else fact.places.push(at)
      }
    }
    held = outer
    amongItems = true
    conclude(facts)
    amongItems = false
    for (const fact of facts) fact.places = nowhere
  }

  /** Holds the conditions of which all facts are among these. */
  const conclude = (facts: readonly Fact[]): void => {
    for (const fact of facts) fact.holds = true
    for (const { only, branch } of facts) {
      if (only !== undefined) consider(only)
      else if (branch !== undefined) gather(branch, facts)
    }
    letGo(facts)
  }

  const consider = (condition: Fact): void => {
    if (condition.holds) return
    for (const fact of condition.parts) if (!fact.holds) return
    if (!amongItems || meetSomewhere(condition.parts)) hold(condition)
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
    conclude(facts)
    const condition = held.find(({ parts }) => Math.max(1, parts.length) === facts.length)
    letGo(held)
    held = []
    return condition
  }

  return {
    add: (filter) => conditionOf(root, filter),
    ask: (value, read) => {
      byNumber = false
      look(root, value)
      const facts = held
      held = []
      conclude(facts)
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
  if (branch.conditions.length > fewConditions && depth < deepest) split(branch, depth)
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

const knownNumber = ({ scalars, decimals }: Place, number: ExactNumber): Fact | undefined => {
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

/** Whether one item has all these facts: each in turn says where it comes next. */
const meetSomewhere = (facts: readonly Fact[]): boolean => {
  for (let at = 0, agreed = 0, turn = 0; agreed < facts.length; turn = (turn + 1) % facts.length) {
    const next = nextPlace((facts[turn] as Fact).places, at)
    if (next === undefined) return false
    agreed = next === at ? agreed + 1 : 1
    at = next
  }
  return true
}

/** The first place that is not before another, found by halves. */
const nextPlace = (places: readonly number[], from: number): number | undefined => {
  let [low, high] = [0, places.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((places[middle] as number) < from) low = middle + 1
    else high = middle
  }
  return places[low]
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
const nowhere: number[] = []
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
