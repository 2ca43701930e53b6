import { Errors } from 'typebox/schema'
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../words/json.ts'
import type { Report } from './problems.ts'

/** Checks the body of a typed credential by its JSON Schema. What is reported names places and rules, no values. */
export const checkBody = (body: JsonObject, schema: JsonObject, report: Report): void => {
  try {
    const plain = JSON.parse(JSON.stringify(body)) as unknown // exact numbers are numbers to a schema
    for (const { instancePath, message, keyword } of Errors(schema, plain)[1]) {
      if (keyword !== 'boolean') report(['body', ...stepsOf(instancePath)], `By the schema it ${message}.`)
    }
  } catch (error) {
    report(['schema'], `Cannot be used: ${(error as Error).message}.`)
  }
}

/** The parts of a schema that speak about one value: itself, what it combines, and what it refers to within itself. */
export const schemasAt = (schema: Json | undefined, root: JsonObject): readonly JsonObject[] => {
  const found = new Set<JsonObject>()
  const take = (part: Json | undefined): void => {
    if (!isJsonObject(part) || found.has(part)) return
    found.add(part)
    const { $ref, ...rest } = part
    if (typeof $ref === 'string') take(referredTo($ref, root))
    for (const key of ['allOf', 'anyOf', 'oneOf']) for (const each of listAt(rest[key])) take(each)
    for (const key of ['then', 'else']) take(rest[key])
  }
  take(schema)
  return [...found]
}

/** What it says of a member (or of the items of a list). */
export const memberSchemas = (
  schemas: readonly JsonObject[],
  { key, root }: Readonly<{ key: string | null; root: JsonObject }>,
): readonly JsonObject[] =>
  schemas.flatMap(({ properties, items }) =>
    schemasAt(key === null ? items : isJsonObject(properties) ? own(properties, key) : undefined, root),
  )

/** Whether it marks what it speaks of as secret. */
export const marksSecret = ({ writeOnly, format }: JsonObject): boolean => writeOnly === true || format === 'password'

const referredTo = (ref: string, root: JsonObject): Json | undefined =>
  ref.startsWith('#')
    ? stepsOf(ref.slice(1)).reduce<Json | undefined>((at, step) => (isJsonObject(at) ? own(at, step) : undefined), root)
    : undefined

/** The steps of a JSON Pointer (RFC 6901). */
const stepsOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))

const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined
const listAt = (value: Json | undefined): readonly Json[] => (isJsonArray(value) ? value : [])
