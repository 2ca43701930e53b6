import type { TSchema } from 'typebox'
import type { Accepts, Answers } from './http-answers.ts'

/**
 * An HTTP route as data: rooms say what they answer, `infra/http` serves it.
 * `path` uses `:name` for a segment and `*` for the rest.
 */
export type Route = Readonly<{
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS'
  path: string
  /** `open`: the handler decides; `token`: only with `Authorization: Bearer <admin token>`. */
  access: 'open' | 'token'
  summary: string
  /** What the summary leaves open, in Markdown. */
  description?: string
  /** How `*` is meant, written out: `/i/:source`. Without it a path means what it says. */
  forms?: readonly string[]
  /** What may be sent and what comes back: `/openapi.json` is made of it, and a test holds it against what is served. */
  accepts?: Accepts
  answers?: Answers
  /** Checked before the handler; values arrive as the schema's types. */
  query?: TSchema
  /** Most bytes of a body, for all requests or for this one; 0 when none is read. More is answered 413. */
  bodyLimit: number | ((head: RequestHead) => number)
  /** Sent with every answer, also with the refusals that `infra/http` gives by itself. */
  headers?: Readonly<Record<string, string>>
  /** Looks at the head before the body is read; an answer ends the request. */
  admit?: (head: RequestHead) => Reply | undefined
  handle: (request: Request) => Promise<Reply> | Reply
}>

export type RequestHead = Readonly<{
  method: string
  /** As it was asked for, with the query. */
  url: string
  params: Readonly<Record<string, string>>
  query: Readonly<Record<string, unknown>>
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>
}>

export type Request = RequestHead & Readonly<{ body: Buffer; signal: AbortSignal }>

/** Whether the head announces a body (RFC 9112 section 6.3). */
export const hasBody = (headers: Readonly<Record<string, string | readonly string[] | undefined>>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/**
 * `body`: an object is sent as JSON, a string or bytes as they are; of an async iterable of bytes each is sent as it comes, as fast as the
 * client takes them, and when it throws, the connection is cut, so that nobody takes half an answer for a whole one.
 */
export type Reply = Readonly<{
  status: number
  headers?: Readonly<Record<string, string>>
  body?: unknown
}>

/** A refusal by RFC 9457. `type` is `about:blank` unless a program has to tell cases of one status apart. */
export const problem = (
  status: number,
  title: string,
  detail: string,
  more: Readonly<{ headers?: Record<string, string>; extra?: Record<string, unknown> }> = {},
): Reply => ({
  status,
  headers: { 'content-type': 'application/problem+json', ...more.headers },
  body: { type: 'about:blank', title, status, detail, ...more.extra },
})
