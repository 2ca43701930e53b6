import { CallFailure } from './call-failure.ts'
import { type Header, type Request, urlOf, withDefaults } from './request.ts'
import { isSecretHeader } from './secret-names.ts'

/**
 * The request that a redirect asks for (Fetch standard, HTTP-redirect fetch), or undefined when the answer is none. Another origin is not told
 * what was meant for this one: headers whose names speak of secrets stay behind.
 */
export const redirectOf = (
  request: Request,
  { status, headers }: Readonly<{ status: number; headers: readonly Header[] }>,
): Request | undefined => {
  const location = headers.find(([name]) => name === 'location')?.[1]
  if (!redirects.has(status) || location === undefined) return undefined
  const { url, login } = targetOf(location, request.url)
  const toGet =
    status === 303 ? request.method !== 'GET' && request.method !== 'HEAD' : status < 303 && request.method === 'POST'
  const kept = request.headers.filter(
    ([name]) =>
      (url.origin === request.url.origin || !isSecretHeader(name)) && !(toGet && ofBody.has(name.toLowerCase())),
  )
  const next = { ...request, url, headers: withDefaults(kept, login) }
  return toGet ? { ...next, method: 'GET', body: null } : next
}

const targetOf = (location: string, base: URL): ReturnType<typeof urlOf> => {
  try {
    return urlOf(Buffer.from(location, 'latin1').toString(), base) // servers write UTF-8 there
  } catch (error) {
    if (error instanceof CallFailure && error.code === 'INVALID_CALL') {
      throw new CallFailure('BAD_ANSWER', `${base.hostname} redirects to what is no URL`)
    }
    throw error
  }
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const ofBody: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
])
