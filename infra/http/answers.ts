import { Type } from 'typebox'
import type { Route } from '../../topology/http.ts'
import { type Answers, refusal, retryLater } from '../../topology/http-answers.ts'
import { queryOf } from './query.ts'

/** The refusals of a route that are given here, before or instead of what it answers itself. */
export const refusalsOf = (route: Route): Answers => ({
  ...(/[:*]/.test(route.path) && { 400: refusal('The address cannot be decoded.') }),
  ...(queryOf(route) !== undefined && { 400: refusal('A query parameter is unknown or will not do.') }),
  ...(route.access === 'token' && {
    401: refusal('The token is missing, or is not one that is known here.', {
      headers: { 'www-authenticate': Type.String({ description: 'the scheme: `Bearer`' }) },
    }),
  }),
  ...(route.bodyLimit !== 0 && {
    413: refusal('The body is too large.'),
    415: refusal('The body is compressed, or its content type is no media type.'),
    503: refusal('As much is being received as this process holds at once.', retryLater),
  }),
  500: refusal('Something broke; the log says what, under the request id.', {
    extra: { request_id: Type.String({ format: 'uuid', examples: ['3f0c52a8-6a3d-4c55-9d0e-1f2a7b7c1d90'] }) },
  }),
})
