import type { Route } from '../../topology/http.ts'
import { type Answers, problemSchema, problemType } from '../../topology/http-answers.ts'
import type { JsonObject } from '../../topology/words/json.ts'
import { collectComponents } from './openapi-components.ts'
import { pathsOf, tagOf, tagTexts } from './openapi-names.ts'
import { operationOf, problemOf } from './openapi-operation.ts'

export type OpenApiOptions = Readonly<{
  version: string
  /** What a route answers that it does not know of: the refusals of the one who serves it. */
  refusalsOf: (route: Route) => Answers
}>

/** An OpenAPI 3.1 document of the routes, made of nothing but them: what validates a request is what describes it. */
export const openApiOf = (routes: readonly Route[], { version, refusalsOf }: OpenApiOptions): JsonObject => {
  const { place, schemas } = collectComponents()
  const otherwise = {
    description: byHttp,
    content: {
      [problemType]: {
        schema: place(problemSchema),
        example: problemOf(405, 'PATCH is not possible here; there is GET, HEAD.'),
      },
    },
  }
  const paths = new Map<string, Record<string, JsonObject>>()
  for (const route of routes) {
    for (const path of pathsOf(route)) {
      const operation = operationOf(route, { path, refusals: refusalsOf(route), place })
      paths.set(path, { ...paths.get(path), [route.method.toLowerCase()]: operation })
    }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Penstock',
      version,
      summary: 'Messages in, jobs run, every run can be found again.',
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: tagsOf([...paths.keys()]),
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'The admin token: `ADMIN_TOKEN`, or what lies in `DATA_DIR/admin-token`.',
        },
      },
      responses: { Otherwise: otherwise },
      schemas: schemas(),
    },
  }
}

const tagsOf = (paths: readonly string[]): readonly JsonObject[] => {
  const used = new Set(paths.map(tagOf))
  const known = Object.keys(tagTexts).filter((name) => used.has(name))
  return [...new Set([...known, ...used])].map((name) => ({ name, description: tagTexts[name] ?? '' }))
}

const description = `Every refusal is \`application/problem+json\` (RFC 9457): \`detail\` says what is wrong, where, and how to mend it.
Times are RFC 3339 in UTC. Lists answer \`{ "items": [...], "next": ... }\`, newest first: \`next\` goes into \`after\` of the next question, and is null at the end.
A query parameter that is not known is a 400 that lists those that are. What answers GET answers HEAD.`

const byHttp =
  'What HTTP refuses by itself: 405 for another method, 408 for a request that came too slowly, 413 for a body where none is taken, 431 for too large headers.'
