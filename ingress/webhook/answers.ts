import { problem, type Reply, type RequestHead } from '../../topology/http.ts'
import { type MessageId, type RunId, timeOf } from '../../topology/words/ids.ts'

/** What a web page of any origin may read of an answer. */
export const corsHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'x-meta-work-order-id, x-meta-run-id, retry-after',
}

/** Allows what a browser asks before it sends a message for a web page. */
export const preflight = ({ headers }: RequestHead): Reply => ({
  status: 204,
  headers: {
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-allow-headers': headers['access-control-request-headers'] ?? 'content-type',
    'access-control-max-age': '86400',
  },
})

/** A message is durable. `/inbox/` says so as OpenFn v1 did, `/i/` as v2 does. */
export const accepted = ({ url }: RequestHead, { message, run }: Accepted): Reply => {
  const headers: Reply['headers'] =
    run === null ? { 'x-meta-work-order-id': message } : { 'x-meta-work-order-id': message, 'x-meta-run-id': run }
  return url.startsWith('/inbox/')
    ? { status: 202, headers, body: { message_id: message, accepted_at: new Date(timeOf(message)).toISOString() } }
    : { status: 200, headers, body: { work_order_id: message, run_id: run } }
}
export type Accepted = Readonly<{ message: MessageId; run: RunId | null }>

export const found: Reply = {
  status: 200,
  body: { message: 'Source found. Send a message with POST, as JSON; GET starts nothing.' },
}

export const noSource: Reply = problem(404, 'Not Found', 'No source of any project has this address.')
export const sourceDisabled: Reply = problem(
  403,
  'Forbidden',
  'This source is disabled: its project does not take messages here now.',
)
export const tooLarge: Reply = problem(
  413,
  'Content Too Large',
  'The message is larger than a record of the log may be.',
)
export const unavailable: Reply = problem(
  503,
  'Service Unavailable',
  'The log did not confirm the message in time. Send it again: if it was kept all the same, it will be there twice.',
  { headers: { 'retry-after': '5' } },
)
