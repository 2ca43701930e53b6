import type { RunHost } from '../host.ts'
import { AdaptorError } from './failure.ts'
import type { Response } from './send.ts'

/** A line for the log of the run: what was asked, and what came of it, or the code when nothing did; of an error the body, too. No query: there may be keys in it. */
export const logResponse = <T>({ console }: Pick<RunHost, 'console'>, response: T): T => {
  const { method, url, statusCode, code, duration, body } = response as Partial<Response & { code: string }>
  const came = statusCode ?? code
  if (!method || !url || !came) return response
  const line = `${method} ${url.replace(/[?#].*$/s, '')} - ${came} in ${duration} ms`
  if (!(response instanceof Error)) console.log(line)
  else {
    console.error(line)
    const shown = response instanceof AdaptorError ? response.details['body'] : body
    if (shown !== undefined) console.error('Body of the answer:', shown)
  }
  return response
}
