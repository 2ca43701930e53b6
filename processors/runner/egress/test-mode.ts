import type { Exchanged } from './exchange.ts'
import type { Request } from './request.ts'
import { shownUrl } from './secret-names.ts'

/** The answer to a request of a job in test mode: 200, and JSON that says that nothing was sent. */
export const rehearsed = ({ method, url }: Request): Exchanged => {
  const body = JSON.stringify({
    test_mode: true,
    message: 'Nothing was sent: the job is in test mode.',
    method,
    url: shownUrl(url),
  })
  const headers = [['content-type', 'application/json']] as const
  const answer = { status: 200, statusText: 'OK', headers, url: url.href, body, encoding: 'utf8' } as const
  return { answer, bytes: Buffer.byteLength(body) }
}
