import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { HttpAnswer, HttpCall, HttpFailure } from '../../../../../processors/runner/egress/http-call.ts'
import {
  type CallContext,
  type Egress,
  type EgressOptions,
  openEgress,
} from '../../../../../processors/runner/egress/open.ts'
import { parseAllowedHost } from '../../../../../topology/project/allowed-host.ts'
import type { EgressPolicy } from '../../../../../topology/project/project.ts'
import type { RunId } from '../../../../../topology/words/ids.ts'
import type { Identity } from '../../../../fixtures/certificates.ts'

export const run = '018f2b1c-0000-7000-8000-0123456789ab' as RunId
export const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** What a project says; in the words of its document. */
export const policyOf = (allow: readonly string[] = [], allowPrivate = false): EgressPolicy => ({
  allow: allow.map((written) => {
    const host = parseAllowedHost(written)
    if (!host) throw new Error(`${written} is no host`)
    return host
  }),
  allowPrivate,
})

export const callOf = (url: string, changes: Partial<HttpCall> = {}): HttpCall => ({
  method: 'GET',
  url,
  headers: [],
  body: null,
  encoding: 'utf8',
  redirects: 5,
  timeoutMs: null,
  ...changes,
})

export const contextOf = (changes: Partial<CallContext> = {}): CallContext => ({
  policy: policyOf(),
  run,
  number: 1,
  traceparent,
  testMode: false,
  signal: new AbortController().signal,
  timeoutMs: 30_000,
  ...changes,
})

/** An egress that may call this machine, and knows the names of a small table. */
export const openAt = (options: Partial<EgressOptions> = {}): Egress =>
  openEgress({ version: '1.2.3', own: [], loopbackAllowed: true, lookup: lookupIn({}), ...options })

/** Answers from a table; a list of lists is answered one after another, the last one for ever. */
export const lookupIn = (table: Readonly<Record<string, readonly (readonly string[])[]>>) => {
  const asked: string[] = []
  const lookup = async (host: string): Promise<readonly string[]> => {
    asked.push(host)
    const answers = table[host] ?? []
    const answer = answers[Math.min(asked.filter((name) => name === host).length, answers.length) - 1]
    if (!answer) throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
    return answer
  }
  return Object.assign(lookup, { asked })
}

export const answerOf = async (egress: Egress, call: HttpCall, context = contextOf()): Promise<HttpAnswer> => {
  const { answer } = await egress.request(call, context)
  if ('error' in answer) throw new Error(`${answer.error.code}: ${answer.error.message}`)
  return answer
}

export const failureOf = async (egress: Egress, call: HttpCall, context = contextOf()): Promise<HttpFailure> => {
  const { answer } = await egress.request(call, context)
  if (!('error' in answer)) throw new Error(`it was answered: ${answer.status}`)
  return answer.error
}

export type TestServer = AsyncDisposable &
  Readonly<{ url: string; port: number; host: string; server: Server; connections: () => number }>

/** A server on this machine, and how many connections it was given. */
export const serve = async (
  answer: RequestListener,
  identity?: Identity,
  { host = '127.0.0.1', port: wanted = 0 }: Readonly<{ host?: string; port?: number }> = {},
): Promise<TestServer> => {
  const server = identity
    ? createTlsServer({ cert: identity.certificate, key: identity.key }, answer)
    : createServer({ maxHeaderSize: 200_000 }, answer)
  let connections = 0
  server.on(identity ? 'secureConnection' : 'connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(wanted, host, resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http${identity ? 's' : ''}://${host}:${port}`,
    port,
    host: `${host}:${port}`,
    server,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Says in JSON what it was asked. */
export const echo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  const { method, url, headers, httpVersion } = request
  const body = Buffer.concat(pieces).toString('base64')
  response
    .setHeader('content-type', 'application/json')
    .end(JSON.stringify({ method, url, headers, httpVersion, body }))
}

export type Echoed = Readonly<{
  method: string
  url: string
  headers: Readonly<Record<string, string>>
  httpVersion: string
  body: string
}>

export const echoed = async (egress: Egress, call: HttpCall, context = contextOf()): Promise<Echoed> =>
  JSON.parse((await answerOf(egress, call, context)).body) as Echoed
