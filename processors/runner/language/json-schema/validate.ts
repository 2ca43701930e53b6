import { URL } from '../web/url.ts'
import { partRules, sameValueRules } from './applicators.ts'
import { containerRules, scalarRules } from './assertions.ts'
import { isObject, type Part, pointerOf, type Rule, type Schema, type SchemaError, type Verdict } from './rule.ts'

/**
 * What is wrong with a value by a JSON Schema (drafts 6 to 2020-12), none being nothing: the first rule that it breaks, after those that led to it,
 * as ajv tells it. The schema is read, never compiled. Throws TypeError for what is no schema, and for a reference that leads out of it.
 */
export const schemaErrors = (schema: unknown, value: unknown): readonly SchemaError[] => {
  const targets = targetsIn(schema)
  const check = ({ schema: here, value: it, path, where, base, depth }: Place): Verdict => {
    const seen = new Set<string>()
    if (typeof here === 'boolean') return { errors: here ? [] : [refusal(path, where)], seen }
    if (!isObject(here))
      throw new TypeError(`The JSON Schema has no schema at ${where}: it must be an object, true or false`)
    if (depth > maxDepth) throw new TypeError(`The JSON Schema refers to itself without end at ${where}`)
    const inside = typeof here['$id'] === 'string' ? resolve(here['$id'], base) : base
    const below = (next: unknown, at: string, { value: part = it, key }: Part = { value: it }): Verdict => {
      const deeper = key === undefined ? path : `${path}${pointerOf(key)}`
      return check({ schema: next, value: part, path: deeper, where: at, base: inside, depth: depth + 1 })
    }
    for (const keyword of ['$ref', '$dynamicRef', '$recursiveRef']) {
      if (typeof here[keyword] !== 'string') continue
      const target = targetAt(targets, resolve(here[keyword], inside))
      const local = here[keyword].startsWith('#') ? here[keyword] : `${where}/${keyword}`
      const verdict = check({ ...target, value: it, path, where: local, depth: depth + 1 })
      if (verdict.errors.length > 0) return verdict
      for (const key of verdict.seen) seen.add(key)
    }
    const visit = {
      schema: here,
      value: it,
      seen,
      check: (next: unknown, at: string, of?: Part) => below(next, `${where}${at}`, of),
    }
    for (const [keyword, rule] of rules) {
      if (!Object.hasOwn(here, keyword)) continue
      const breach = rule(here[keyword] as never, visit)
      if (!breach) continue
      const { params = {}, message, errors = [] } = breach
      const own = { instancePath: path, schemaPath: `${where}/${keyword}`, keyword, params, message: message ?? '' }
      return { errors: message === undefined ? errors : [...errors, own], seen }
    }
    return { errors: [], seen }
  }
  return check({ schema, value, path: '', where: '#', base: nowhere, depth: 0 }).errors
}

type Place = Readonly<{ schema: unknown; value: unknown; path: string; where: string; base: string; depth: number }>
type Target = Readonly<{ schema: unknown; base: string }>

const rules: readonly (readonly [keyword: string, rule: Rule])[] = Object.entries({
  ...scalarRules,
  ...sameValueRules,
  ...containerRules,
  ...partRules,
})

const maxDepth = 1_000

/** The address of a schema that does not say its own. */
const nowhere = 'schema://here/'

const refusal = (instancePath: string, where: string): SchemaError => {
  const keyword = 'false schema'
  return { instancePath, schemaPath: `${where}/${keyword}`, keyword, params: {}, message: 'boolean schema is false' }
}

const resolve = (reference: string, base: string): string => {
  try {
    return new URL(reference, base).href.replace(/#$/, '')
  } catch {
    throw new TypeError(`The JSON Schema says "${reference}" where a URL belongs`)
  }
}

/** Every schema that has a name of its own, by its address. */
const targetsIn = (schema: unknown): ReadonlyMap<string, Target> => {
  const targets = new Map<string, Target>([[nowhere, { schema, base: nowhere }]])
  const walk = (part: unknown, outer: string, depth: number): void => {
    if (typeof part !== 'object' || part === null || depth > maxDepth) return
    const { $id, $anchor, $dynamicAnchor } = part as Schema
    const base = typeof $id === 'string' ? resolve($id, outer) : outer
    if (typeof $id === 'string') targets.set(base, { schema: part, base: base.replace(/#.*/, '') })
    for (const anchor of [$anchor, $dynamicAnchor])
      if (typeof anchor === 'string') targets.set(`${base}#${anchor}`, { schema: part, base })
    for (const [key, one] of Object.entries(part)) if (key !== 'enum' && key !== 'const') walk(one, base, depth + 1)
  }
  walk(schema, nowhere, 0)
  return targets
}

const targetAt = (targets: ReadonlyMap<string, Target>, address: string): Target => {
  const [document = '', pointer] = address.split('#')
  const found = targets.get(address) ?? targets.get(document)
  if (!found) throw new TypeError(`The JSON Schema refers to ${address}, which is not in it. Put it under "$defs"`)
  if (targets.has(address) || pointer === undefined) return found
  let part: unknown = found.schema
  for (const name of pointer.split('/').slice(1)) {
    const key = decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')
    part = typeof part === 'object' && part !== null && Object.hasOwn(part, key) ? (part as Schema)[key] : undefined
  }
  if (part === undefined || !(pointer === '' || pointer.startsWith('/')))
    throw new TypeError(`The JSON Schema refers to #${pointer}, and there is nothing`)
  return { schema: part, base: found.base }
}
