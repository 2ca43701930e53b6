import { type Credential, CredentialError } from '../../../topology/words/credential.ts'
import type { JsonObject } from '../../../topology/words/json.ts'
import type { HttpAnswer, HttpCall } from '../egress/http-call.ts'
import { tokenCall, tokenIn } from './token-request.ts'

/** An OAuth2 credential's body with a token in it; `expires_at` is in seconds since 1970. */
export type Token = Readonly<{ body: JsonObject; freshUntil: number }>

export type TokenDeps = Readonly<{
  /** Makes the request as a job of the project would. */
  request(call: HttpCall, of: Readonly<{ project: string }>): Promise<HttpAnswer>
  /** The body as its owner, or the last refresh, left it. */
  bodyOf(credential: Credential): JsonObject
  /** Keeps a body with a new refresh token, so that others use that one; never rejects. */
  save(credential: Credential, body: JsonObject): Promise<void>
  /** A later version of the credential, if there is one. */
  newerOf(credential: Credential): Promise<Credential | undefined>
  now(): number
}>

/** Gives tokens of OAuth2 credentials: the one in hand until shortly before it expires, then a new one, asked for once for all who wait. */
export const openTokens = (deps: TokenDeps): ((credential: Credential, project: string) => Promise<Token>) => {
  const tokens = new WeakMap<Credential, Promise<Token>>()
  const isFresh = ({ freshUntil }: Token): boolean => deps.now() < freshUntil

  const tokenOf = async (credential: Credential, project: string): Promise<Token> => {
    const held = tokens.get(credential)
    const before = held === undefined ? stored(deps.bodyOf(credential)) : await held
    if (isFresh(before)) return before
    if (tokens.get(credential) !== held) return tokenOf(credential, project) // somebody was quicker
    const next = renewed(credential, { before, project })
    tokens.set(credential, next)
    next.catch(() => tokens.set(credential, Promise.resolve(before)))
    return next
  }

  const renewed = async (
    credential: Credential,
    { before, project }: Readonly<{ before: Token; project: string }>,
  ): Promise<Token> => {
    try {
      const token = await asked(credential.name, { body: before.body, project })
      if (token.body['refresh_token'] !== deps.bodyOf(credential)['refresh_token'])
        await deps.save(credential, token.body)
      return token
    } catch (error) {
      const newer = error instanceof CredentialError ? await deps.newerOf(credential) : undefined
      if (newer === undefined) throw error
      return tokenOf(newer, project) // another runner may have used up the refresh token
    }
  }

  const asked = async (
    name: string,
    { body, project }: Readonly<{ body: JsonObject; project: string }>,
  ): Promise<Token> => {
    const answer = await deps.request(tokenCall(body), { project }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : 'it cannot be reached'
      throw new CredentialError(`The credential "${name}" got no answer from its token_url: ${why}`)
    })
    const given = tokenIn(answer, { name, body })
    const seconds = Number(given['expires_in'] ?? usualSeconds)
    const lifeMs = (seconds > 0 ? seconds : usualSeconds) * 1_000
    const ours = Object.fromEntries(
      Object.entries(body).filter(([key]) => hostOnly.has(key) && key !== 'refresh_token'),
    )
    return {
      body: { ...body, ...given, ...ours, expires_at: Math.floor((deps.now() + lifeMs) / 1_000) },
      freshUntil: deps.now() + lifeMs - margin(lifeMs),
    }
  }

  /** The token that a body holds, which is used up unless the body says that it is not. */
  const stored = (body: JsonObject): Token => {
    const expiresMs = typeof body['access_token'] === 'string' ? Number(body['expires_at'] ?? 0) * 1_000 : 0
    return { body, freshUntil: expiresMs - margin(expiresMs - deps.now()) }
  }

  return tokenOf
}

/** What asks for tokens: no job needs it. */
export const hostOnly: ReadonlySet<string> = new Set([
  'token_url',
  'grant',
  'client_id',
  'client_secret',
  'auth',
  'refresh_token',
])

/** What a token that does not say how long it lives is trusted for. */
const usualSeconds = 600

const margin = (lifeMs: number): number => Math.min(60_000, Math.max(0, lifeMs / 10))
