import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from '../../topology/flow/ports.ts'
import type { Reply, Route } from '../../topology/http.ts'
import type { Meter } from '../../topology/metrics.ts'
import { StartProblem } from '../start-problem.ts'
import { openRoom } from './body.ts'
import { answerCounter } from './count.ts'
import { refuseBroken, refuseBug, refuseUnreadable, refuseUnrouted } from './refusals.ts'
import { sendReply } from './send.ts'
import { serveRoute } from './serve.ts'
import { urlOf } from './url-of.ts'

export type HttpOptions = Readonly<{
  host: string
  /** 0 takes any free port. */
  port: number
  /** Name of the setting that `port` came from, for the message when it is taken. */
  setting?: string
  routes: readonly Route[]
  /** What `Authorization: Bearer …` must hold for routes with `access: 'token'`; needless where there are none. */
  adminToken?: string
  meter: Meter
  logger: Logger
  /** Most bytes of bodies, of all requests together, from their first byte until they are answered; beyond that the answer is 503. */
  mostBodyBytes?: number
  farewell?: Farewell
}>

/** For how long those who still come are served when it closes; unless `always`, not at all when nobody is connected then. */
export type Farewell = Readonly<{ ms: number; always?: true; cutShort?: AbortSignal }>

export type Http = AsyncDisposable & Readonly<{ url: string; port: number }>

/**
 * Serves the routes; resolves when requests are accepted. Every refusal and every error is RFC 9457 problem+json.
 * Disposing has clients go elsewhere: for half a second (`farewell`) each answer ends its connection, so that no request is on its way into one
 * that is closed; then nothing more is accepted, requests in hand may finish for up to 2 s, and what is still open is closed.
 */
export async function openHttp(options: HttpOptions): Promise<Http> {
  const count = answerCounter(options.meter)
  const give = (reply: FastifyReply, answer: Reply): void => {
    const began = performance.now()
    sendReply(reply, answer)
    count(reply, began)
  }
  const refuse = (error: Error, request: FastifyRequest): Reply =>
    refuseUnreadable(error) ?? refuseBug(error, request, options.logger)
  const app = fastify({
    http: {
      headersTimeout: 10_000,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 16_384,
    },
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000, // longer than the 60 s of common proxies, so that it is not us who hang up
    return503OnClosing: false,
    routerOptions: { maxParamLength: 2_048, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => give(reply, refuse(error, request)),
    clientErrorHandler: refuseBroken,
  })

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null)) // of what no route takes; the others read theirs themselves
  app.server.on('checkContinue', (request, response) => app.server.emit('request', request, response))
  const serving = { ...options, hold: openRoom(options.mostBodyBytes ?? usualBodyBytes) }
  for (const route of options.routes) serveRoute(app, route, serving)
  app.setNotFoundHandler((request, reply) => give(reply, refuseUnrouted(request, options.routes)))
  app.setErrorHandler((error, request, reply) => give(reply, refuse(error as Error, request)))

  try {
    await app.listen({ host: options.host, port: options.port })
  } catch (error) {
    await app.close()
    throw startError(error as NodeJS.ErrnoException, options)
  }
  const port = (app.server.address() as AddressInfo).port
  return {
    port,
    url: urlOf(options.host, port),
    [Symbol.asyncDispose]: async () => {
      await sendElsewhere(app.server, options.farewell)
      const closed = new Promise((resolve) => app.server.close(resolve))
      const hangUp = setTimeout(() => app.server.closeAllConnections(), drainMs)
      await closed
      clearTimeout(hangUp)
      await app.close()
    },
  }
}

const usualFarewell: Farewell = { ms: 500 }
const drainMs = 2_000
const usualBodyBytes = 100_000_000

/** Those who talk to us now are told with their answer that it was the last one here. */
const sendElsewhere = async (server: Server, farewell: Farewell = usualFarewell): Promise<void> => {
  const connections = await promisify(server.getConnections.bind(server))()
  if (connections === 0 && !farewell.always) return
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    response.shouldKeepAlive = false
  })
  await pause(farewell)
}

const pause = ({ ms, cutShort }: Farewell): Promise<void> =>
  sleep(ms, undefined, cutShort && { signal: cutShort }).catch(() => {}) // rejects when it is cut short

const startError = (error: NodeJS.ErrnoException, { host, port, setting = 'PORT' }: HttpOptions): Error => {
  const place = `port ${port} on ${host}`
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartProblem(`${place} is taken by another program: set ${setting} to a free port`)
    case 'EACCES':
      return new StartProblem(`${place} may not be opened by this user: set ${setting} to a port above 1023`)
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EAI_AGAIN':
    case 'ENOTFOUND':
      return new StartProblem(`${host} is not an address of this machine: set HOST to one that is`)
    default:
      return error
  }
}
