/**
 * What an HTTP function throws. `code` is for programs, `details` is what is stored of it; all else is for the job that catches it. `body` is
 * the answer as it was read.
 */
export class AdaptorError extends Error {
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message)
    Object.defineProperty(this, 'name', { value: 'AdaptorError', configurable: true, writable: true })
    this.code = code
    Object.assign(this, facts)
    const { headers: _, body, ...told } = facts
    this.details = { code, ...told, ...(body === undefined ? {} : { body: cut(body) }) }
  }
}

/** Of a long answer the beginning tells what is wrong. */
const cut = (body: unknown): unknown => {
  const text = typeof body === 'string' ? body : (JSON.stringify(body) ?? '')
  return text.length <= maxBody ? body : `${text.slice(0, maxBody)}…`
}

const maxBody = 4_000
