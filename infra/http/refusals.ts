import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Logger } from '../../topology/flow/ports.ts'
import { problem, type Reply, type Route } from '../../topology/http.ts'

/** For an address or a method that no route has: 404, or 405 with the methods that there are. */
export const refuseUnrouted = (request: FastifyRequest, routes: readonly Route[]): Reply => {
  const path = (request.url.split('?', 1)[0] ?? '').replace(/(?<=.)\/$/, '')
  const methods = new Set(routes.filter((route) => patternOf(route.path).test(path)).map((route) => route.method))
  if (methods.size === 0) return problem(404, 'Not Found', `There is nothing at ${path}.`)
  const allow = [...methods, ...(methods.has('GET') ? ['HEAD'] : [])].join(', ')
  return problem(405, 'Method Not Allowed', `${request.method} is not possible here; there is ${allow}.`, {
    headers: { allow },
  })
}

/** For what fastify refuses before a route is asked: an address that cannot be read, above all. */
export const refuseUnreadable = (error: Error & { code?: string; statusCode?: number }): Reply | undefined => {
  switch (error.code) {
    case 'FST_ERR_BAD_URL':
      return problem(
        400,
        'Bad Request',
        'The address holds a % that is not followed by a UTF-8 byte in two hex digits.',
      )
    default:
      return error.statusCode !== undefined && error.statusCode < 500
        ? problem(error.statusCode, STATUS_CODES[error.statusCode] ?? 'Refused', 'The request could not be read.')
        : undefined
  }
}

/** For what nobody expected. What went wrong is for the log; the caller gets the id to find it by. */
export const refuseBug = (error: unknown, request: FastifyRequest, logger: Logger): Reply => {
  const id = randomUUID()
  logger.error({ request: id, method: request.method, route: request.routeOptions.url, error }, 'a request broke')
  return problem(500, 'Internal Server Error', 'Something broke here; the log says what, under this request id.', {
    extra: { request_id: id },
  })
}

/** For bytes that are no HTTP, or that came too slowly. There is no request yet, so the answer is written by hand; then the line is cut. */
export const refuseBroken = (error: Error & { code?: string }, socket: Socket): void => {
  if (socket.writableEnded) return // it was told already, and still talks
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, detail } = brokenBy(error.code)
  const title = STATUS_CODES[status] ?? ''
  const body = JSON.stringify({ type: 'about:blank', title, status, detail })
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  setTimeout(() => socket.destroy(), lingerMs).unref() // what is still on its way must not make the client's system drop the answer
}

const lingerMs = 1_000

const brokenBy = (code: string | undefined): Readonly<{ status: number; detail: string }> => {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, detail: 'The headers are larger than 16384 bytes in all.' }
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { status: 413, detail: 'The chunk extensions of the body are too large.' }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, detail: 'The request did not arrive in time: its head within 10 s, all of it within 30 s.' }
    default:
      return {
        status: 400,
        detail:
          'This is not a readable HTTP/1.1 request. In its address all but ASCII stands percent-encoded (RFC 3986).',
      }
  }
}

const patternOf = (path: string): RegExp =>
  new RegExp(
    `^${path
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/:[^/]+/g, '[^/]+')
      .replace('*', '.*')}$`,
  )
