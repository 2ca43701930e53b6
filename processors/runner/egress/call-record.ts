import { CallFailure } from './call-failure.ts'
import type { Exchanged } from './exchange.ts'
import type { HttpAnswer, HttpCall, HttpFailure } from './http-call.ts'
import type { CallContext } from './open.ts'
import { shownUrl } from './secret-names.ts'

/** What history keeps of a call: no header, no body, no secret. */
export type CallRecord = Readonly<{
  /** Counts the calls of the run, from 1. */
  number: number
  method: string
  /** Where it was sent first: without login, `***` for values of parameters whose names speak of secrets. */
  url: string
  /** Null when there was no answer; then `error` has the code of the failure. */
  status: number | null
  error: string | null
  ms: number
  /** Of the answer's body, decoded. */
  bytes: number
  /** Nothing was sent. */
  testMode: boolean
}>

/** What a call came to, for the job and for history. */
export type Called = Readonly<{ answer: HttpAnswer | Readonly<{ error: HttpFailure }>; record: CallRecord }>

export const recordOf = (
  call: HttpCall | CallFailure,
  { context, came, ms }: Readonly<{ context: CallContext; came: Exchanged | CallFailure; ms: number }>,
): CallRecord => {
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
    testMode: context.testMode,
  }
}
