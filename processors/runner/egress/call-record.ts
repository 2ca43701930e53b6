import type { RunCall } from '../../../topology/words/run.ts'
import { CallFailure } from './call-failure.ts'
import type { Exchanged } from './exchange.ts'
import type { HttpAnswer, HttpCall, HttpFailure } from './http-call.ts'
import type { CallContext } from './open.ts'
import { shownUrl } from './secret-names.ts'

/** What a call came to, for the job and for history. */
export type Called = Readonly<{ answer: HttpAnswer | Readonly<{ error: HttpFailure }>; record: RunCall }>

export const recordOf = (
  call: HttpCall | CallFailure,
  { context, came, ms }: Readonly<{ context: CallContext; came: Exchanged | CallFailure; ms: number }>,
): RunCall => {
  const { method, url: written } = call instanceof CallFailure ? { method: '', url: '' } : call
  const url = URL.parse(written)
  const failed = came instanceof CallFailure
  return {
    number: context.number,
    method: method.toUpperCase().slice(0, 20),
    url: url ? shownUrl(url) : '',
    status: failed ? null : came.answer.status,
    error: failed ? came.code : null,
    ms,
    bytes: failed ? 0 : came.bytes,
    test_mode: context.testMode,
  }
}
