import { lacking } from './assertions.ts'
import { type Breach, fragmentOf, isObject, type Rule, type Verdict, type Visit } from './rule.ts'

/** The rules that ask other schemas about the same value, in the order in which they are asked. */
export const sameValueRules: Readonly<Record<string, Rule>> = {
  not: (schema: unknown, { check }) =>
    check(schema, '/not').errors.length === 0 ? { params: {}, message: 'must NOT be valid' } : undefined,
  anyOf: (schemas: readonly unknown[], visit) => {
    const verdicts = schemas.map((schema, at) => visit.check(schema, `/anyOf/${at}`))
    const passing = verdicts.filter((verdict) => taken(visit, verdict))
    if (passing.length > 0) return
    return { params: {}, message: 'must match a schema in anyOf', errors: verdicts.flatMap(({ errors }) => errors) }
  },
  oneOf: (schemas: readonly unknown[], visit) => {
    const verdicts = schemas.map((schema, at) => visit.check(schema, `/oneOf/${at}`))
    const passing = verdicts.flatMap((verdict, at) => (taken(visit, verdict) ? [at] : []))
    if (passing.length === 1) return
    const message = 'must match exactly one schema in oneOf'
    if (passing.length > 1) return { params: { passingSchemas: passing.slice(0, 2) }, message }
    return { params: { passingSchemas: null }, message, errors: verdicts.flatMap(({ errors }) => errors) }
  },
  allOf: (schemas: readonly unknown[], visit) =>
    firstOf([...schemas.entries()], ([at, schema]) => broken(visit, visit.check(schema, `/allOf/${at}`))),
  if: (condition: unknown, visit) => {
    const branch = taken(visit, visit.check(condition, '/if')) ? 'then' : 'else'
    if (!Object.hasOwn(visit.schema, branch)) return
    return broken(visit, visit.check(visit.schema[branch], `/${branch}`))
  },
}

/** The rules that ask other schemas about parts of the value. What is not evaluated comes last. */
export const partRules: Readonly<Record<string, Rule>> = {
  prefixItems: (schemas: readonly unknown[], visit) => tuple(visit, { schemas, where: '/prefixItems' }),
  items: (schema: unknown, visit) => {
    if (Array.isArray(schema)) return tuple(visit, { schemas: schema, where: '/items' })
    const { prefixItems } = visit.schema
    return rest(visit, { schema, where: '/items', from: Array.isArray(prefixItems) ? prefixItems.length : 0 })
  },
  additionalItems: (schema: unknown, visit) => {
    const { items } = visit.schema
    return Array.isArray(items) ? rest(visit, { schema, where: '/additionalItems', from: items.length }) : undefined
  },
  contains: (schema: unknown, { value, check, seen, schema: { minContains = 1, maxContains } }) => {
    if (!Array.isArray(value)) return
    const verdicts = value.map((item, at) => check(schema, '/contains', { value: item, key: String(at) }))
    const hits = verdicts.flatMap(({ errors }, at) => (errors.length === 0 ? [String(at)] : []))
    for (const hit of hits) seen.add(hit)
    const [tooFew, tooMany] = [hits.length < Number(minContains), hits.length > Number(maxContains ?? hits.length)]
    if (!tooFew && !tooMany) return
    const most = maxContains === undefined ? '' : ` and no more than ${maxContains}`
    return {
      params: { minContains, ...(maxContains !== undefined && { maxContains }) },
      message: `must contain at least ${minContains}${most} valid item(s)`,
    }
  },

  dependentSchemas: (schemas: Readonly<Record<string, unknown>>, visit) =>
    firstOf(Object.entries(schemas), ([key, schema]) =>
      dependent(visit, { schema, where: `/dependentSchemas${fragmentOf(key)}`, key }),
    ),
  dependencies: (needs: Readonly<Record<string, unknown>>, visit) =>
    firstOf(Object.entries(needs), ([key, need]) =>
      Array.isArray(need)
        ? lacking(key, { names: need, value: visit.value })
        : dependent(visit, { schema: need, where: `/dependencies${fragmentOf(key)}`, key }),
    ),
  propertyNames: (schema: unknown, visit) =>
    firstOf(keysOf(visit.value), (propertyName) => {
      const { errors } = visit.check(schema, '/propertyNames', { value: propertyName })
      if (errors.length === 0) return
      const message = 'property name must be valid'
      return { params: { propertyName }, message, errors: errors.map((error) => ({ ...error, propertyName })) }
    }),
  additionalProperties: (schema: unknown, visit) =>
    firstOf(
      keysOf(visit.value).filter((key) => !isNamed(key, visit.schema)),
      (key) => {
        if (schema !== false) return at(visit, { schema, where: '/additionalProperties', key })
        return { params: { additionalProperty: key }, message: 'must NOT have additional properties' }
      },
    ),
  properties: (schemas: Readonly<Record<string, unknown>>, visit) =>
    firstOf(
      Object.entries(schemas).filter(([key]) => isObject(visit.value) && Object.hasOwn(visit.value, key)),
      ([key, schema]) => at(visit, { schema, where: `/properties${fragmentOf(key)}`, key }),
    ),
  patternProperties: (schemas: Readonly<Record<string, unknown>>, visit) =>
    firstOf(Object.entries(schemas), ([pattern, schema]) =>
      firstOf(
        keysOf(visit.value).filter((key) => new RegExp(pattern, 'u').test(key)),
        (key) => at(visit, { schema, where: `/patternProperties${fragmentOf(pattern)}`, key }),
      ),
    ),

  unevaluatedItems: (schema: unknown, visit) => {
    if (!Array.isArray(visit.value)) return
    const rest = keysOf(visit.value).filter((key) => !visit.seen.has(key))
    if (schema !== false) return firstOf(rest, (key) => at(visit, { schema, where: '/unevaluatedItems', key }))
    const limit = visit.value.length - rest.length
    return rest.length > 0 ? { params: { limit }, message: `must NOT have more than ${limit} items` } : undefined
  },
  unevaluatedProperties: (schema: unknown, visit) =>
    firstOf(isObject(visit.value) ? keysOf(visit.value).filter((key) => !visit.seen.has(key)) : [], (key) => {
      if (schema !== false) return at(visit, { schema, where: '/unevaluatedProperties', key })
      return { params: { unevaluatedProperty: key }, message: 'must NOT have unevaluated properties' }
    }),
}

const firstOf = <T>(all: readonly T[], ask: (one: T) => Breach | undefined): Breach | undefined => {
  for (const one of all) {
    const found = ask(one)
    if (found) return found
  }
  return
}

/** Takes over what a schema that is kept has spoken of. */
const taken = ({ seen }: Visit, { errors, seen: more }: Verdict): boolean => {
  if (errors.length > 0) return false
  for (const key of more) seen.add(key)
  return true
}

/** The errors of a schema for the same value, as they are. */
const broken = (visit: Visit, verdict: Verdict): Breach | undefined =>
  taken(visit, verdict) ? undefined : { errors: verdict.errors }

type Below = Readonly<{ schema: unknown; where: string; key: string }>

/** The errors of a schema for a part of the value, as they are. */
const at = ({ value, seen, check }: Visit, { schema, where, key }: Below): Breach | undefined => {
  seen.add(key)
  const { errors } = check(schema, where, { value: (value as Readonly<Record<string, unknown>>)[key], key })
  return errors.length > 0 ? { errors } : undefined
}

const dependent = (visit: Visit, { schema, where, key }: Below): Breach | undefined =>
  isObject(visit.value) && Object.hasOwn(visit.value, key) ? broken(visit, visit.check(schema, where)) : undefined

/** Of a list its places as well. */
const keysOf = (value: unknown): readonly string[] =>
  typeof value === 'object' && value !== null ? Object.keys(value) : []

const isNamed = (key: string, { properties, patternProperties }: Visit['schema']): boolean =>
  Object.hasOwn(Object(properties), key) ||
  Object.keys(Object(patternProperties)).some((pattern) => new RegExp(pattern, 'u').test(key))

/** Each item with the schema at its place. */
const tuple = (visit: Visit, { schemas, where }: Readonly<{ schemas: readonly unknown[]; where: string }>) => {
  if (!Array.isArray(visit.value)) return
  const { length } = visit.value
  return firstOf([...schemas.entries()].slice(0, length), ([place, schema]) =>
    at(visit, { schema, where: `${where}/${place}`, key: String(place) }),
  )
}

/** The items from a place on. */
const rest = (visit: Visit, { schema, where, from }: Readonly<{ schema: unknown; where: string; from: number }>) => {
  if (!Array.isArray(visit.value)) return
  if (schema !== false) return firstOf(keysOf(visit.value).slice(from), (key) => at(visit, { schema, where, key }))
  const message = `must NOT have more than ${from} items`
  return visit.value.length > from ? { params: { limit: from }, message } : undefined
}
