/** Node's modules `http` and `https`, as far as adaptors touch them while they load: agents that do nothing. Requests go by `fetch`. */
export class Agent {
  readonly options: unknown
  constructor(options?: unknown) {
    this.options = options
  }
  destroy(): void {}
}
export const globalAgent: Agent = new Agent()
export const METHODS: readonly string[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']
export const STATUS_CODES: object = {}
export class IncomingMessage {}
export class ServerResponse {}
export class ClientRequest {}

const refuse = (): never => {
  throw new Error(
    'http.request is not available in a job: its requests go by fetch, or by the http functions of the language',
  )
}

export { refuse as createServer, refuse as get, refuse as request }
