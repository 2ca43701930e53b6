import type { FastifyReply } from 'fastify'
import type { Meter } from '../../topology/metrics.ts'

/** Counts a request with its answer, when all of that has been given away. `began` as `performance.now()` says it. */
export type CountAnswer = (reply: FastifyReply, began: number) => void

/** For the requests of one route, by its pattern; without one, for those that no route has taken. */
export const answerCounter =
  (meter: Meter, route = '(none)'): CountAnswer =>
  ({ raw }, began) => {
    const count = (): void => {
      meter.add('penstock_http_requests_total', { route, status: String(raw.statusCode) })
      meter.observe('penstock_http_request_duration_seconds', { route }, (performance.now() - began) / 1_000)
    }
    if (raw.writableEnded) count()
    else raw.once('close', count) // a stream, or who asked has gone
  }
