import { isExactNumber, isJsonArray, isJsonObject, type Json } from '../../topology/words/json.ts'
import {
  arrayFact,
  type Branch,
  type Fact,
  itemsOf,
  knownNumber,
  memberOf,
  newCondition,
  newPlace,
  nowhere,
  objectFact,
  type Place,
  scalarFact,
} from './facts.ts'

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

/** A list that is shorter is gone through quicker than looked up. */
const fewNames = 8

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

const letGo = (facts: readonly Fact[]): void => {
  for (const fact of facts) fact.holds = false
}
