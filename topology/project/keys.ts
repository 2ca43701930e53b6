import type { JsonObject } from '../words/json.ts'
import { remedyFor } from './nearest.ts'
import { type Path, quote, type Report } from './problems.ts'
import type { Read, Unfit } from './values.ts'

/** A key of an object: how its value is read, and what stands in when it is absent or will not do. */
export type Key<T> = Readonly<{ read: Read<T>; standIn: T; need?: string }>

/** A key that may be left out. */
export const optional = <T, const D = T>(read: Read<T>, standIn: D): Key<T | D> => ({ read, standIn })

/** A key that must be there; `need` says what it holds. */
export const required = <T>(read: Read<T>, standIn: NoInfer<T>, need: string): Key<T> => ({ read, standIn, need })

export type ValuesOf<Keys> = { readonly [Name in keyof Keys]: Keys[Name] extends Key<infer T> ? T : never }

/** Reads an object by the table of its keys. Every other key is a problem, and so is every value that will not do. */
export const readKeys = <Keys extends Readonly<Record<string, Key<unknown>>>>(
  object: JsonObject,
  keys: Keys,
  { path, report }: Spot,
): ValuesOf<Keys> => {
  for (const key of Object.keys(object)) {
    if (!Object.hasOwn(keys, key)) {
      report([...path, key], `The key ${quote(key)} is unknown; ${remedyFor(key, Object.keys(keys))}`)
    }
  }
  const values = Object.entries(keys).map(([key, { read, standIn, need }]) => {
    const value = Object.hasOwn(object, key) ? object[key] : undefined
    if (value === undefined) {
      if (need !== undefined) report(path, `Add the key ${quote(key)}: ${need}.`)
      return [key, standIn]
    }
    const result = value === null ? forgotten : read(value)
    if ('ok' in result) return [key, result.ok]
    if (!('items' in result)) report([...path, key], result.problem)
    for (const { at, problem } of result.items ?? []) report([...path, key, at], problem)
    return [key, standIn]
  })
  return Object.fromEntries(values) as ValuesOf<Keys>
}

/** Where an object stands, and whom to tell what is wrong with it. */
export type Spot = Readonly<{ path: Path; report: Report }>

// Null is what YAML makes of a value that somebody forgot; no key has a use for it.
const forgotten: Unfit = { problem: 'Has no value: write one, or leave the key out.' }
