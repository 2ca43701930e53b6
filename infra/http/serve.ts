import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from '../../topology/flow/ports.ts'
import { hasBody, problem, type Reply, type RequestHead, type Route } from '../../topology/http.ts'
import type { Meter } from '../../topology/metrics.ts'
import { Asked } from './asked.ts'
import { type Held, readBody } from './body.ts'
import { answerCounter } from './count.ts'
import { queryOf, queryReader } from './query.ts'
import { refuseBug } from './refusals.ts'
import { sendReply } from './send.ts'
import { tokenCheck } from './token.ts'

export type ServeDeps = Readonly<{
  adminToken?: string
  meter: Meter
  logger: Logger
  /** Begins to count what a request holds of the bytes that all may hold. */
  hold: () => Held
}>

/** Mounts one route: the token, the query, `admit`, encoding and size are decided on the head; then the body is read; then the room is asked. */
export const serveRoute = (app: FastifyInstance, route: Route, deps: ServeDeps): void => {
  const { meter, logger, hold } = deps
  const refuseToken = route.access === 'token' ? tokenCheck(needToken(deps, route)) : () => undefined
  const readQuery = queryReader(queryOf(route))
  const count = answerCounter(meter, route.path)

  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<Reply | undefined> => {
    const stranger = refuseToken(request.raw.headers.authorization)
    if (stranger !== undefined) return stranger
    const query = readQuery(request.query as Record<string, unknown>)
    if (query.kind === 'refused') return query.reply
    const asked = new Asked(request, { query: query.values, reply })
    const limit = typeof route.bodyLimit === 'function' ? route.bodyLimit(asked) : route.bodyLimit
    const bodied = hasBody(asked.headers)
    const refusal = (bodied ? refuseMediaType(asked) : undefined) ?? route.admit?.(asked)
    if (refusal !== undefined) return refusal
    if (!bodied) return route.handle(asked)
    const held = hold()
    const tooMuch = refuseBody(asked, { limit, held })
    if (tooMuch !== undefined) return tooMuch
    try {
      const body = await readBody(request.raw, reply.raw, { limit, held })
      switch (body.kind) {
        case 'read':
          asked.body = body.bytes
          return await route.handle(asked)
        case 'too-large':
          return tooLarge(limit)
        case 'no-room':
          return noRoom
        case 'gone':
          return undefined
        default:
          return body satisfies never
      }
    } finally {
      held.release()
    }
  }

  const serve = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const began = performance.now()
    try {
      const found = await answer(request, reply)
      if (found === undefined) {
        reply.hijack() // nobody is there to be answered
        return
      }
      sendReply(reply, found, route.headers)
    } catch (error) {
      sendReply(reply, refuseBug(error, request, logger), route.headers)
    }
    count(reply, began)
  }

  // Answered in the first hook: what fastify would do until it called the handler, about a body above all, is not wanted.
  const onRequest = (request: FastifyRequest, reply: FastifyReply): void => void serve(request, reply)
  app.route({ method: route.method, url: route.path, onRequest, handler: () => {} })
}

/** A route that asks for a token is not served where none is known. */
const needToken = ({ adminToken }: ServeDeps, { path }: Route): string => {
  if (adminToken === undefined) throw new Error(`${path} asks for a token, and there is none`)
  return adminToken
}

/** A content type is `type/subtype`, with parameters or without (RFC 9110 section 8.3.1). */
const refuseMediaType = ({ headers }: RequestHead): Reply | undefined => {
  const type = headers['content-type']
  return type === undefined || type === 'application/json' || mediaType.test(type) ? undefined : noMediaType
}

const mediaType = /^\s*[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;|$)/
const noMediaType: Reply = problem(
  415,
  'Unsupported Media Type',
  'The header content-type is not a media type such as application/json.',
)

const refuseBody = (
  { headers }: RequestHead,
  { limit, held }: Readonly<{ limit: number; held: Held }>,
): Reply | undefined => {
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity'
  if (encoding !== 'identity') {
    return problem(
      415,
      'Unsupported Media Type',
      `A body with content-encoding ${JSON.stringify(encoding)} is not taken: send it uncompressed.`,
      { headers: { 'accept-encoding': 'identity' } },
    )
  }
  const declared = Number(headers['content-length'] ?? 0)
  if (declared > limit) return tooLarge(limit)
  return held.has(declared) ? undefined : noRoom
}

const tooLarge = (limit: number): Reply =>
  problem(
    413,
    'Content Too Large',
    limit === 0 ? 'This address takes no body.' : `The body is larger than the ${limit} bytes that are taken here.`,
  )

const noRoom: Reply = problem(
  503,
  'Service Unavailable',
  'As much is being received as this process holds at once. Send it again in a moment: nothing of it was kept.',
  { headers: { 'retry-after': '1' } },
)
