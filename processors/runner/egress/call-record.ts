import type { RunCall } from '../../../topology/words/run.ts'
import { CallFailure } from './call-failure.ts'
import type { HttpAnswer, HttpFailure } from './http-call.ts'
import type { CallContext } from './open.ts'
import { parseCall } from './parse-call.ts'
import { isSql, parseSqlCall, urlOf } from './postgresql/parse-sql-call.ts'
import { maxUrl } from './request.ts'
import { shownUrl } from './secret-names.ts'

/** What an HTTP call came to, for the job and for history. */
export type Called = Readonly<{ answer: HttpAnswer | Readonly<{ error: HttpFailure }>; record: RunCall }>

/** How a call ended: with a status, and so many bytes, or without an answer. */
export type End = Readonly<{ status: number; bytes: number }> | CallFailure

/** A call as history has it, whatever it was that left the realm. */
export const recordOf = (
  asked: unknown,
  { context, end, ms }: Readonly<{ context: Pick<CallContext, 'number' | 'testMode'>; end: End; ms: number }>,
): RunCall => {
  const failed = end instanceof CallFailure
  return {
    number: context.number,
    ...(isSql(asked) ? shownSql(asked) : shownHttp(asked)),
    status: failed ? null : end.status,
    error: failed ? end.code : null,
    ms,
    bytes: failed ? 0 : end.bytes,
    test_mode: context.testMode,
  }
}

type Shown = Pick<RunCall, 'method' | 'url'>

const shownHttp = (asked: unknown): Shown => {
  const call = parseCall(asked)
  if (call instanceof CallFailure) return { method: '', url: '' }
  const url = call.url.length > maxUrl ? null : URL.parse(call.url)
  return { method: call.method.slice(0, 20).toUpperCase(), url: url ? shownUrl(url) : '' }
}

const shownSql = (asked: unknown): Shown => {
  const call = parseSqlCall(asked)
  return { method: 'SQL', url: call instanceof CallFailure ? '' : urlOf(call.server) }
}
