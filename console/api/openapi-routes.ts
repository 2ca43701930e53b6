import { Type } from 'typebox'
import type { Route } from '../../topology/http.ts'
import { jsonAnswer } from '../../topology/http-answers.ts'
import { docsRoutes } from './docs.ts'
import { type OpenApiOptions, openApiOf } from './openapi.ts'

/** The routes, and two more that describe all of them: `/openapi.json` for programs, `/docs` for people. */
export const withDocument = (routes: readonly Route[], options: OpenApiOptions): readonly Route[] => {
  const all: readonly Route[] = [
    ...routes,
    {
      method: 'GET',
      path: '/openapi.json',
      access: 'open',
      summary: 'This document',
      answers: {
        200: jsonAnswer('OpenAPI 3.1', Type.Unsafe<object>({ type: 'object', required: ['openapi', 'info', 'paths'] })),
      },
      bodyLimit: 0,
      handle: () => ({ status: 200, body: document }),
    },
    ...docsRoutes,
  ]
  const document = openApiOf(all, options)
  return all
}
