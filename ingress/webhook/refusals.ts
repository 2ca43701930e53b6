import type { Logger } from '../../topology/flow/ports.ts'
import type { Reply } from '../../topology/http.ts'
import type { Meter } from '../../topology/metrics.ts'
import { sparingly } from './sparingly.ts'

/** Counts the answer if it refuses a message, by why, and gives it back. While the log is away it is said in ours, too, but not for every message. */
export type CountRefusal = <R extends Reply | undefined>(reply: R, project: string | undefined) => R

export const refusalCounter = ({ meter, logger }: Readonly<{ meter: Meter; logger: Logger }>): CountRefusal => {
  const sayAway = sparingly(10_000, (messages) => {
    logger.warn({ messages }, 'The log does not acknowledge: messages were answered 503')
  })
  return (reply, project = '') => {
    const reason = reply && reasons[reply.status]
    if (reason !== undefined) meter.add('penstock_intake_refusals_total', { project, reason })
    if (reason === 'log-unavailable') sayAway()
    return reply
  }
}

/** Each status that a door refuses with says one thing only. */
const reasons: Readonly<Record<number, string>> = {
  400: 'body-unreadable',
  403: 'source-disabled',
  404: 'source-unknown',
  413: 'record-too-large',
  415: 'content-type',
  503: 'log-unavailable',
}
