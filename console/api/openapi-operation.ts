import { STATUS_CODES } from 'node:http'
import type { TSchema } from 'typebox'
import type { Route } from '../../topology/http.ts'
import { type Answer, type Answers, problemType } from '../../topology/http-answers.ts'
import type { Json, JsonObject } from '../../topology/words/json.ts'
import { operationIdOf, parametersOf, tagOf } from './openapi-names.ts'
import { pathParameters } from './openapi-parameters.ts'

export type OperationOptions = Readonly<{
  path: string
  refusals: Answers
  /** Puts a schema into the document. */
  place: (schema: object) => JsonObject
}>

/** One route at one of its paths, as an Operation Object (OpenAPI 3.1.1 section 4.8.10). */
export const operationOf = (route: Route, { path, refusals, place }: OperationOptions): JsonObject => {
  const parameter = (where: string, name: string, schema: TSchema): JsonObject => {
    const { description, ...rest } = schema as { description?: string }
    return {
      name,
      in: where,
      required: where === 'path' || !('~optional' in schema),
      ...(description !== undefined && { description }),
      schema: place(rest),
    }
  }
  const contentOf = (content: Readonly<Record<string, TSchema>>): JsonObject =>
    Object.fromEntries(Object.entries(content).map(([mediaType, schema]) => [mediaType, { schema: place(schema) }]))
  const headersOf = (headers: Readonly<Record<string, TSchema>>): JsonObject =>
    Object.fromEntries(
      Object.entries(headers).map(([name, schema]) => {
        const { in: _in, name: _name, ...header } = parameter('header', name, schema)
        return [name, header]
      }),
    )
  const responseOf = (status: number, { description, or, content, headers }: Told): JsonObject => {
    const shown = { ...(status < 400 && constants(route.headers)), ...headersOf(headers ?? {}) }
    return {
      description: or === undefined ? description : `${description} Or: ${or}`,
      ...(Object.keys(shown).length > 0 && { headers: shown }),
      ...(content?.[problemType]
        ? {
            content: {
              [problemType]: {
                schema: place(content[problemType]),
                example: { ...problemOf(status, description), ...shownIn(content[problemType]) },
              },
            },
          }
        : content && { content: contentOf(content) }),
    }
  }

  const { accepts, query } = route
  const answers = merged(refusals, route.answers ?? {})
  return {
    operationId: operationIdOf(route.method, path),
    summary: route.summary,
    ...(route.description !== undefined && { description: route.description }),
    tags: [tagOf(path)],
    security: route.access === 'token' ? [{ bearer: [] }] : [],
    parameters: [
      ...parametersOf(path).map((name) => parameter('path', name, pathParameters[name] ?? {})),
      ...Object.entries(propertiesOf(query)).map(([name, schema]) => parameter('query', name, schema)),
      ...Object.entries(accepts?.headers ?? {}).map(([name, schema]) => parameter('header', name, schema)),
    ],
    ...(accepts?.body && {
      requestBody: { required: accepts.bodyOptional !== true, content: contentOf(accepts.body) },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, responseOf(Number(status), answer)]),
      ),
      default: { $ref: '#/components/responses/Otherwise' },
    },
  }
}

const propertiesOf = (schema: TSchema | undefined): Readonly<Record<string, TSchema>> =>
  (schema as { properties?: Record<string, TSchema> } | undefined)?.properties ?? {}

/** What the parts of an object show of themselves. */
const shownIn = (schema: TSchema): JsonObject =>
  Object.fromEntries(
    Object.entries(propertiesOf(schema)).flatMap(([name, { examples }]: [string, { examples?: readonly Json[] }]) =>
      examples?.[0] === undefined ? [] : [[name, examples[0]]],
    ),
  )

/** A refusal as it may look. */
export const problemOf = (status: number, description: string): JsonObject => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? '',
  status,
  detail: description,
})

/** A status may have two reasons: one of the route, and one of those that every route has. */
type Told = Answer & Readonly<{ or?: string }>

const merged = (refusals: Answers, answers: Answers): Readonly<Record<string, Told>> => {
  const all = new Map<string, Told>(Object.entries(refusals))
  for (const [status, answer] of Object.entries(answers)) {
    const other = all.get(status)
    all.set(status, other === undefined ? answer : either(answer, other))
  }
  return Object.fromEntries(all)
}

const either = (one: Answer, other: Answer): Told => ({
  description: one.description,
  or: other.description,
  headers: { ...other.headers, ...one.headers },
  content: { ...other.content, ...one.content },
})

const constants = (headers: Route['headers'] = {}): JsonObject =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, { schema: { type: 'string', const: value } }]),
  )
