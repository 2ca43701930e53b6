import { Errors } from 'typebox/schema'
import type { CredentialContent } from '../words/credential.ts'
import { exactSource, isExactNumber, isJsonArray, isJsonObject, type Json, type JsonObject } from '../words/json.ts'
import { type Path, quote, type Report } from './problems.ts'

/** Checks the body of a typed credential by its JSON Schema. What is reported names places and rules, no values. */
export const checkBody = (body: JsonObject, schema: JsonObject, report: Report): void => {
  try {
    const plain = JSON.parse(JSON.stringify(body)) as unknown // exact numbers are numbers to a schema
    const [, errors] = Errors(schema, plain)
    const told = errors.filter(({ keyword }) => keyword !== 'boolean') // which says no more than the rule that it is of
    for (const error of told) report(placeOf(error), `By the schema it ${error.message}${keysIn(error)}.`)
    if (told.length > 0) return
    for (const error of errors)
      report(placeOf(error), 'By the schema it is refused: by false, or by a $ref that leads nowhere.')
  } catch (error) {
    report(['schema'], `Cannot be used: ${(error as Error).message}.`)
  }
}

type SchemaError = ReturnType<typeof Errors>[1][number]

const placeOf = ({ instancePath }: SchemaError): Path => ['body', ...stepsOf(instancePath)]

const keysIn = (error: SchemaError): string => {
  if (error.keyword === 'additionalProperties') return `: ${error.params.additionalProperties.map(quote).join(', ')}`
  return error.keyword === 'unevaluatedProperties'
    ? `: ${error.params.unevaluatedProperties.map(String).map(quote).join(', ')}`
    : ''
}

/** A text in a credential's body: where it stands, the name that it goes by, and what the schema makes of it. A marked number counts as the text of it. */
export type BodyText = Readonly<{
  path: readonly (string | number)[]
  name: string
  text: string
  /** `marked`: as secret. `open`: the schema marks others and speaks of this. `unsaid`: only the name can tell. */
  by: 'marked' | 'open' | 'unsaid'
}>

/** All texts of a credential's body. A schema that marks nothing says nothing. */
export const textsOf = ({ body, schema }: CredentialContent): readonly BodyText[] => {
  const root = schema !== null && marksAny(schema) ? schema : null
  const within = (value: Json, at: At): readonly BodyText[] => {
    const marked = at.marked || at.schemas.some(marksSecret)
    const text = textOf(value, marked)
    const by = marked ? 'marked' : at.schemas.length > 0 ? 'open' : 'unsaid'
    if (text !== undefined) return [{ path: at.path, name: at.name, text, by }]
    const below = (member: Json, step: string | number): readonly BodyText[] => {
      const key = typeof step === 'string' ? step : null
      const schemas = root === null ? [] : memberSchemas(at.schemas, { key, root })
      return within(member, { path: [...at.path, step], name: key ?? at.name, schemas, marked })
    }
    if (isJsonArray(value)) return value.flatMap(below)
    return isJsonObject(value) ? Object.entries(value).flatMap(([key, member]) => below(member, key)) : []
  }
  return within(body, { path: [], name: '', schemas: root === null ? [] : schemasAt(root, root), marked: false })
}

type At = Pick<BodyText, 'path' | 'name'> & Readonly<{ schemas: readonly JsonObject[]; marked: boolean }>

const textOf = (value: Json, marked: boolean): string | undefined => {
  if (typeof value === 'string') return value
  if (marked && isExactNumber(value)) return exactSource(value)
  return marked && typeof value === 'number' ? String(value) : undefined
}

const marksAny = (schema: Json): boolean => {
  if (isJsonArray(schema)) return schema.some(marksAny)
  return isJsonObject(schema) && (marksSecret(schema) || Object.values(schema).some(marksAny))
}

/** The fewest characters of a text that can be found and replaced where it is not wanted: shorter ones stand in texts by chance. */
export const shortestMarked = 4

/** Refuses what the schema marks as secret and nobody could keep so. */
export const checkMarked = (content: CredentialContent, report: Report): void => {
  for (const { path, text, by } of textsOf(content))
    if (by === 'marked' && text.length > 0 && text.length < shortestMarked)
      report(
        ['body', ...path],
        `Is secret by the schema and too short to be kept so in logs and states: give it ${shortestMarked} characters or more, or take the mark (writeOnly, or the format password) from the schema.`,
      )
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
