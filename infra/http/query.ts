import { type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { problem, type Reply, type Route } from '../../topology/http.ts'

export type QueryRead = Readonly<
  { kind: 'read'; values: Readonly<Record<string, unknown>> } | { kind: 'refused'; reply: Reply }
>

/** What a query may hold. At the doors it is the sender's own; elsewhere a parameter that is not named is a mistake. */
export const queryOf = ({ query, access }: Pick<Route, 'query' | 'access'>): TSchema | undefined =>
  query ?? (access === 'token' ? noQuery : undefined)

const noQuery = Type.Object({}, { additionalProperties: false })

/** Checks a query by its schema and turns texts into the schema's types. The refusal names the parameter, what was wrong and what is allowed. */
export const queryReader = (schema: TSchema | undefined): ((query: Readonly<Record<string, unknown>>) => QueryRead) => {
  if (schema === undefined) return (values) => ({ kind: 'read', values })
  const checker = Compile(schema)
  const parameters = (schema as QuerySchema).properties ?? {}
  return (query) => {
    const values = Object.fromEntries(
      Object.entries(query).map(([name, value]) => [name, typed(value, parameters[name])]),
    )
    if (checker.Check(values)) return { kind: 'read', values }
    const problems = [...new Set([...checker.Errors(values)].map(parameterOf))].filter((name) => name !== '')
    const detail = problems.map((name) => complaint(name, query[name], parameters)).join(' ')
    return { kind: 'refused', reply: problem(400, 'Bad Request', detail) }
  }
}

type QuerySchema = TSchema & { properties?: Readonly<Record<string, ParameterSchema>> }
type ParameterSchema = Readonly<{
  description?: string
  type?: string
  minimum?: number
  maximum?: number
  anyOf?: readonly { const?: unknown }[]
}>

/** Only what is written as such becomes a number or a truth value: 1.5 is not cut to 1, and 1 is not true. */
const typed = (value: unknown, schema: ParameterSchema | undefined): unknown => {
  if (typeof value !== 'string') return value
  if (schema?.type === 'integer' && /^-?\d{1,15}$/.test(value)) return Number(value)
  if (schema?.type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

const parameterOf = (error: { instancePath: string }): string =>
  (error.instancePath.split('/')[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~')

const complaint = (name: string, value: unknown, parameters: Readonly<Record<string, ParameterSchema>>): string => {
  const shown = JSON.stringify(name.slice(0, 100))
  const schema = Object.hasOwn(parameters, name) ? parameters[name] : undefined
  if (schema === undefined) {
    return `The query parameter ${shown} is not known here; there are: ${Object.keys(parameters).join(', ') || 'none'}.`
  }
  if (Array.isArray(value)) return `The query parameter ${shown} is given ${value.length} times; once is allowed.`
  const given = value === undefined ? 'is missing' : `is ${JSON.stringify(String(value).slice(0, 100))}`
  return `The query parameter ${shown} ${given}; allowed: ${allowedBy(schema)}.`
}

const allowedBy = (schema: ParameterSchema): string => {
  if (schema.description !== undefined) return schema.description
  if (schema.anyOf !== undefined) return schema.anyOf.map(({ const: value }) => String(value)).join(', ')
  if (schema.type === 'boolean') return 'true, false'
  if (schema.type === 'integer') return `a whole number${from(schema.minimum)}${to(schema.maximum)}`
  return `a ${schema.type ?? 'value'}`
}

const from = (minimum: number | undefined): string => (minimum === undefined ? '' : ` from ${minimum}`)
const to = (maximum: number | undefined): string => (maximum === undefined ? '' : ` to ${maximum}`)
