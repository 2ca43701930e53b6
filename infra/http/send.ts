import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Reply } from '../../topology/http.ts'
import { discardRest } from './body.ts'

/** Sends an answer of a room, or of ours. A problem without an `instance` gets the path that was asked for (without its query: that may hold secrets). */
export const sendReply = (request: FastifyRequest, reply: FastifyReply, answer: Reply): FastifyReply => {
  discardRest(request.raw, reply.raw)
  reply.code(answer.status).header('x-content-type-options', 'nosniff')
  if (!reply.server.server.listening) reply.header('connection', 'close') // we are on our way out
  reply.headers(answer.headers ?? {})
  const { body } = answer
  if (body === undefined) return reply.send()
  if (typeof body === 'string' || Buffer.isBuffer(body)) return reply.send(body)
  if (isStream(body)) return reply.send(request.method === 'HEAD' ? undefined : Readable.from(body)) // its error cuts the connection
  if (!reply.hasHeader('content-type')) reply.header('content-type', 'application/json')
  reply.serializer(JSON.stringify) // its own would add a charset, which JSON has not
  return reply.send(isProblem(answer) ? { ...answer.body, instance: pathOf(request.url) } : body)
}

const isStream = (body: unknown): body is AsyncIterable<Uint8Array> =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body

const isProblem = (answer: Reply): answer is Reply & { body: object } =>
  answer.headers?.['content-type'] === 'application/problem+json'

const pathOf = (url: string): string => url.split('?', 1)[0] ?? url
