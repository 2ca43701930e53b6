import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from '../../topology/flow/ports.ts'
import { hasBody, problem, type Reply, type RequestHead, type Route } from '../../topology/http.ts'
import { readBody } from './body.ts'
import { queryOf, queryReader } from './query.ts'
import { refuseBug } from './refusals.ts'
import { sendReply } from './send.ts'
import { tokenCheck } from './token.ts'

export type ServeDeps = Readonly<{ adminToken?: string; logger: Logger }>

/** Mounts one route: the token, the query, `admit`, encoding and size are decided on the head; then the body is read; then the room is asked. */
export const serveRoute = (app: FastifyInstance, route: Route, deps: ServeDeps): void => {
  const refuseToken = route.access === 'token' ? tokenCheck(needToken(deps, route)) : () => undefined
  const readQuery = queryReader(queryOf(route))

  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<Reply | undefined> => {
    const stranger = refuseToken(request.headers.authorization)
    if (stranger !== undefined) return stranger
    const query = readQuery(request.query as Record<string, unknown>)
    if (query.kind === 'refused') return query.reply
    const head = headOf(request, query.values)
    const limit = typeof route.bodyLimit === 'function' ? route.bodyLimit(head) : route.bodyLimit
    const refusal = route.admit?.(head) ?? (hasBody(head.headers) ? refuseBody(head, limit) : undefined)
    if (refusal !== undefined) return refusal

    const body = await readBody(request.raw, reply.raw, limit)
    switch (body.kind) {
      case 'read':
        return route.handle({
          ...head,
          body: body.bytes,
          get signal() {
            return goneSignal(reply)
          },
        })
      case 'too-large':
        return tooLarge(limit)
      case 'gone':
        return undefined
      default:
        return body satisfies never
    }
  }

  app.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      const found = await answer(request, reply).catch((error: unknown) => refuseBug(error, request, deps.logger))
      if (found === undefined) return reply.hijack() // nobody is there to be answered
      return sendReply(request, reply.headers(route.headers ?? {}), found)
    },
  })
}

/** A route that asks for a token is not served where none is known. */
const needToken = ({ adminToken }: ServeDeps, { path }: Route): string => {
  if (adminToken === undefined) throw new Error(`${path} asks for a token, and there is none`)
  return adminToken
}

const headOf = (request: FastifyRequest, query: Readonly<Record<string, unknown>>): RequestHead => ({
  method: request.method,
  url: request.url,
  params: request.params as Record<string, string>,
  query,
  headers: request.headers as Record<string, string>,
})

const refuseBody = (head: RequestHead, limit: number): Reply | undefined => {
  const encoding = head.headers['content-encoding']?.toLowerCase() ?? 'identity'
  if (encoding !== 'identity') {
    return problem(
      415,
      'Unsupported Media Type',
      `A body with content-encoding ${JSON.stringify(encoding)} is not taken: send it uncompressed.`,
      { headers: { 'accept-encoding': 'identity' } },
    )
  }
  return Number(head.headers['content-length'] ?? 0) > limit ? tooLarge(limit) : undefined
}

const tooLarge = (limit: number): Reply =>
  problem(
    413,
    'Content Too Large',
    limit === 0 ? 'This address takes no body.' : `The body is larger than the ${limit} bytes that are taken here.`,
  )

const goneSignal = (reply: FastifyReply): AbortSignal => {
  const gone = new AbortController()
  reply.raw.once('close', () => reply.raw.writableFinished || gone.abort())
  return gone.signal
}
