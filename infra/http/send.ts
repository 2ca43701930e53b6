import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Reply } from '../../topology/http.ts'
import { discardRest } from './body.ts'

/**
 * Sends an answer of a room, or of ours, with the headers that all answers of its route have. A problem without an `instance` gets the path
 * that was asked for (without its query: that may hold secrets), and has lines, since people read it in a terminal. What is in hand whole
 * goes past fastify, whose hooks nobody uses here.
 */
export const sendReply = (reply: FastifyReply, answer: Reply, always?: Reply['headers']): void => {
  const { request, raw } = reply
  discardRest(request.raw, raw)
  const headers: Record<string, string | number> = { 'x-content-type-options': 'nosniff', ...always, ...answer.headers }
  if (!reply.server.server.listening) headers['connection'] = 'close' // we are on our way out
  const { body } = answer
  if (isStream(body) && request.method !== 'HEAD') {
    reply.code(answer.status).headers(headers).send(Readable.from(body)) // its error cuts the connection
    return
  }
  const bytes = bytesOf(answer, request.url)
  if (isData(body)) headers['content-type'] ??= 'application/json' // no charset: JSON has none
  if (!isStream(body) && answer.status !== 204) headers['content-length'] = Buffer.byteLength(bytes)
  reply.hijack()
  raw.writeHead(answer.status, headers)
  raw.end(bytes)
}

const bytesOf = ({ headers, body }: Reply, url: string): string | Buffer => {
  if (body === undefined || isStream(body)) return ''
  if (!isData(body)) return body as string | Buffer
  const isProblem = headers?.['content-type'] === 'application/problem+json'
  return isProblem
    ? `${JSON.stringify({ ...(body as object), instance: pathOf(url) }, null, 2)}\n`
    : JSON.stringify(body)
}

/** Neither text nor bytes, but what is to be written as JSON. */
const isData = (body: unknown): boolean =>
  body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body) && !isStream(body)

const isStream = (body: unknown): body is AsyncIterable<Uint8Array> =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body

const pathOf = (url: string): string => url.split('?', 1)[0] ?? url
