import { connect } from 'node:net'
import { Type } from 'typebox'
import { type HttpOptions, openHttp } from '../../../../infra/http/open.ts'
import { type OpenMeter, openMeter } from '../../../../infra/metrics/open.ts'
import type { Logger } from '../../../../topology/flow/ports.ts'
import type { Route } from '../../../../topology/http.ts'

export const adminToken = 'the-admin-token'

export type Said = Readonly<{ level: string; fields: object; text: string }>

/** Keeps what was logged. */
export const listeningLogger = (): Logger & { said: Said[] } => {
  const said: Said[] = []
  const at = (level: string) => (fields: object, text: string) => void said.push({ level, fields, text })
  return { said, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export type Serving = AsyncDisposable & { url: string; port: number; meter: OpenMeter; logger: { said: Said[] } }

/** A real server on a free port. */
export const serve = async (routes: readonly Route[], more: Partial<HttpOptions> = {}): Promise<Serving> => {
  const meter = openMeter()
  const logger = listeningLogger()
  const http = await openHttp({ host: '127.0.0.1', port: 0, routes, adminToken, meter, logger, ...more })
  return { url: http.url, port: http.port, meter, logger, [Symbol.asyncDispose]: () => http[Symbol.asyncDispose]() }
}

/** Sends bytes as they are and gives all that comes back until the server hangs up. */
export const exchange = (port: number, ...parts: readonly (string | Buffer)[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    for (const part of parts) socket.write(part)
    socket
      .on('data', (chunk) => (answer += chunk.toString('latin1')))
      .on('close', () => resolve(answer))
      .on('error', reject)
  })

export const echo: Route = {
  method: 'POST',
  path: '/echo/:name',
  access: 'open',
  summary: 'Says what it got',
  bodyLimit: 1_000,
  handle: ({ body, params, query }) => ({ status: 200, body: { body: body.toString('base64'), params, query } }),
}

export const guarded: Route = {
  method: 'GET',
  path: '/guarded',
  access: 'token',
  summary: 'Only with the token',
  bodyLimit: 0,
  query: Type.Object(
    {
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
      dry_run: Type.Optional(Type.Boolean()),
      status: Type.Optional(Type.Union([Type.Literal('success'), Type.Literal('failed')])),
      id: Type.Optional(Type.String({ pattern: '^x+$', description: 'one or more x' })),
    },
    { additionalProperties: false },
  ),
  handle: ({ query }) => ({ status: 200, body: query }),
}
