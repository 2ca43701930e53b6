import { absent } from './absent.ts'
import { refuseCertificates } from './certificates.ts'
import { IncomingMessage } from './http-answer.ts'
import { ClientRequest, type RequestOptions } from './http-request.ts'

type Answered = (answer: IncomingMessage) => void
type Given = [where: string | URL | RequestOptions, options?: RequestOptions | Answered, answered?: Answered]

/** What connections are kept by; they are the egress's business. */
export class Agent {
  readonly options: unknown
  readonly protocol: string = 'http:'
  constructor(options?: unknown) {
    refuseCertificates(options)
    this.options = options
  }
  destroy(): void {}
}
class SecureAgent extends Agent {
  override readonly protocol: string = 'https:'
}

const requesting = (protocol: string) => {
  const request = (...[where, second, third]: Given): ClientRequest => {
    const [options, answered] = typeof second === 'function' ? [undefined, second] : [second, third]
    const made = new ClientRequest({ protocol, ...optionsIn(where), ...options })
    return answered ? made.once('response', answered) : made
  }
  return { request, get: (...given: Given): ClientRequest => request(...given).end() }
}

const optionsIn = (where: string | URL | RequestOptions): RequestOptions => {
  if (typeof where !== 'string' && !(where instanceof URL)) return where
  const { protocol, hostname, port, pathname, search, username, password } = new URL(where)
  const auth = username === '' ? null : decodeURIComponent(`${username}:${password}`)
  return { protocol, hostname, port, path: `${pathname}${search}`, auth }
}

/** Node's module `http`, as far as it asks and does not answer: requests leave by the run's one way out. `https` is `secure`. */
export const { request, get } = requesting('http:')
export const globalAgent: Agent = new Agent()
export const METHODS: readonly string[] = 'DELETE GET HEAD MERGE MKCOL OPTIONS PATCH POST PROPFIND PUT REPORT'.split(
  ' ',
)
export const maxHeaderSize = 65_536
export const { createServer, Server, ServerResponse } = absent('http') as Readonly<Record<string, unknown>>
export { ClientRequest, IncomingMessage }

/** Node's module `https`. */
export const secure: object = {
  ...{ Agent: SecureAgent, globalAgent: new SecureAgent(), createServer, Server, ...requesting('https:') },
}
