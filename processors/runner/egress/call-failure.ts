/** Why a call has no answer, thrown within the egress only: what leaves it is an `HttpFailure` (`http-call.ts`), with the facts if there are any. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure'
  readonly code: string
  readonly facts: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.facts = facts
  }
}

/**
 * What is said of an error of the network; `port` is told with the host where a connection is what failed. Sentences are ours: those of others may hold parts of a request. An error without a code is a bug
 * and is thrown on.
 */
export const failureOf = (error: unknown, { host, port }: Place): CallFailure => {
  if (error instanceof CallFailure) return error
  const given = codeIn(error)
  if (given === undefined) throw error
  const code = renamed.get(given) ?? given
  const place = port === undefined || unfound.has(code) ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`
  return new CallFailure(code, sentenceOf(code, { host: place, given }))
}

/** Who was called; an IPv6 address has no brackets. */
type Place = Readonly<{ host: string; port?: number }>

/** Of names, which have no port. */
const unfound: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN'])

const codeIn = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined
  if (error.name === 'HTTPParserError') return 'BAD_ANSWER' // most of them have no code
  return 'code' in error && typeof error.code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(error.code)
    ? error.code
    : undefined
}

const renamed: ReadonlyMap<string, string> = new Map([
  ['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'],
  ['UND_ERR_SOCKET', 'ECONNRESET'],
  ['UND_ERR_HEADERS_OVERFLOW', 'HEADERS_TOO_LARGE'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'BAD_ANSWER'],
  ['UND_ERR_DESTROYED', 'EGRESS_CLOSED'],
  ['UND_ERR_CLOSED', 'EGRESS_CLOSED'],
  ['UND_ERR_INVALID_ARG', 'INVALID_CALL'],
])

const sentenceOf = (code: string, { host, given }: Readonly<{ host: string; given: string }>): string => {
  const sentence = sentences.get(code)
  if (sentence !== undefined) return `${host} ${sentence}`
  if (/CERT|TLS|SSL|SIGNATURE|ISSUER|EPROTO/.test(code))
    return `${host} has no certificate that can be trusted (${given})`
  return `${host} could not be called (${given})`
}

const sentences: ReadonlyMap<string, string> = new Map([
  ['ENOTFOUND', 'is no host that can be found'],
  ['EAI_AGAIN', 'cannot be looked up at the moment'],
  ['ECONNREFUSED', 'refused the connection'],
  ['ECONNRESET', 'closed the connection before it had answered'],
  ['EPIPE', 'closed the connection before it had answered'],
  ['EHOSTUNREACH', 'cannot be reached'],
  ['ENETUNREACH', 'cannot be reached'],
  ['ETIMEDOUT', 'could not be connected to in time'],
  ['HEADERS_TOO_LARGE', 'answered with larger headers than are taken'],
  ['BAD_ANSWER', 'answered what is not HTTP'],
  ['EGRESS_CLOSED', 'was not asked to the end: Penstock is stopping'],
  ['INVALID_CALL', 'was not asked: the request is not valid'],
])
