import { isExactNumber, isJsonArray, isJsonObject, type Json } from '../words/json.ts'
import type { Spot } from './keys.ts'
import { remedyFor } from './nearest.ts'
import { quote } from './problems.ts'
import { flag, integer, listOf, mustBe, type Read, text } from './values.ts'

/**
 * Says what of a JSON Schema (drafts 6 to 2020-12) cannot be one, each at its place: types that there are not, keywords with values of another
 * shape. Validators pass over these, and then check nothing. What is no keyword is an annotation.
 */
export const checkSchema = (schema: Json, { path, report }: Spot): void => {
  if (isJsonObject(schema))
    for (const [keyword, value] of Object.entries(schema))
      rules.get(keyword)?.(value, { path: [...path, keyword], report })
  else if (typeof schema !== 'boolean') report(path, 'Must be a JSON Schema: an object, true or false.')
}

/** What the value of a keyword must be. */
type Rule = (value: Json, spot: Spot) => void

const schemas: Rule = (value, { path, report }) => {
  if (isJsonArray(value)) for (const [at, each] of value.entries()) checkSchema(each, { path: [...path, at], report })
  else report(path, 'Must be a list of JSON Schemas.')
}

const schemasByName: Rule = (value, { path, report }) => {
  if (isJsonObject(value))
    for (const [name, each] of Object.entries(value)) checkSchema(each, { path: [...path, name], report })
  else report(path, 'Must be an object of JSON Schemas.')
}

const schemaOrSchemas: Rule = (value, spot) => (isJsonArray(value) ? schemas : checkSchema)(value, spot)

const readBy =
  <T>(read: Read<T>): Rule =>
  (value, { path, report }) => {
    const given = read(value)
    if ('problem' in given) report(path, given.problem)
  }

const typeNames = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object']

const types: Rule = (value, { path, report }) => {
  for (const type of isJsonArray(value) ? value : [value]) {
    if (typeof type !== 'string') report(path, `Must be one of ${typeNames.join(', ')}, or a list of these.`)
    else if (!typeNames.includes(type)) report(path, `There is no type ${quote(type)}; ${remedyFor(type, typeNames)}`)
  }
}

const number: Read<Json> = (value) =>
  typeof value === 'number' || isExactNumber(value) ? { ok: value } : mustBe('a number', value)

const pattern: Read<RegExp> = (value) => {
  try {
    return typeof value === 'string' ? { ok: new RegExp(value, 'u') } : mustBe('a regular expression', value)
  } catch (error) {
    return { problem: `Must be a regular expression. ${(error as Error).message}.` }
  }
}

const anyList: Read<Json> = (value) => (isJsonArray(value) ? { ok: value } : mustBe('a list', value))

const count = readBy(integer(0, Number.MAX_SAFE_INTEGER))

const keywordsBy: readonly (readonly [rule: Rule, keywords: string])[] = [
  [types, 'type'],
  [schemasByName, 'properties patternProperties dependentSchemas $defs definitions'],
  [schemas, 'allOf anyOf oneOf prefixItems'],
  [schemaOrSchemas, 'items'],
  [checkSchema, 'additionalProperties unevaluatedProperties propertyNames additionalItems unevaluatedItems contains'],
  [checkSchema, 'not if then else'],
  [readBy(listOf(text, 'a list of names')), 'required'],
  [readBy(anyList), 'enum'],
  [count, 'minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains'],
  [readBy(number), 'minimum maximum exclusiveMinimum exclusiveMaximum multipleOf'],
  [readBy(pattern), 'pattern'],
  [readBy(text), 'format $ref'],
  [readBy(flag), 'uniqueItems writeOnly readOnly'],
]

const rules: ReadonlyMap<string, Rule> = new Map(
  keywordsBy.flatMap(([rule, keywords]) => keywords.split(' ').map((keyword): [string, Rule] => [keyword, rule])),
)
