import { Fault } from '../../topology/flow/fault.ts'
import type { Logger, MessageLog } from '../../topology/flow/ports.ts'
import { hasBody, type Reply, type Request, type RequestHead, type Route } from '../../topology/http.ts'
import type { Meter } from '../../topology/metrics.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'
import { intakeRecord } from '../../topology/wire/intake.ts'
import { newMessageId } from '../../topology/words/ids.ts'
import type { JsonObject } from '../../topology/words/json.ts'
import type { NewMessage } from '../../topology/words/message.ts'
import { traceIdOf, traceOf } from '../../topology/words/trace.ts'
import { type Addressed, segmentsOf, sourceAt } from './address.ts'
import { accepted, corsHeaders, found, noSource, preflight, sourceDisabled, tooLarge, unavailable } from './answers.ts'
import { type Body, readBody, refuseContentType } from './body.ts'
import { doorAccepts, doorAnswers, foundAnswers, preflightAnswers } from './described.ts'
import { shownHeaders } from './headers.ts'
import { knownRun } from './known-run.ts'
import { orderKeyOf } from './order-key.ts'
import { type CountRefusal, refusalCounter } from './refusals.ts'

export type WebhookDeps = Readonly<{
  catalogue: Catalogue
  log: MessageLog
  meter: Meter
  logger: Logger
  /** Most bytes that a record of the project's intake topic may have, where the cluster takes less than we would. */
  largestRecord?: (project: string) => number
}>

/**
 * The doors `/i/…` and `/inbox/…` (`semantics.md` 1). A POST is answered 2xx only when its message is in the log, acknowledged by all in-sync
 * replicas; otherwise nothing of it is kept.
 */
export const webhookRoutes = (deps: WebhookDeps): readonly Route[] => doors({ ...deps, count: refusalCounter(deps) })

type DoorDeps = WebhookDeps & Readonly<{ count: CountRefusal }>

const doors = (deps: DoorDeps): readonly Route[] =>
  (['i', 'inbox'] as const).flatMap((name): readonly Route[] => {
    const forms = [`/${name}/:source`, `/${name}/:project/:path`]
    const door = { path: `/${name}/*`, forms, access: 'open', headers: corsHeaders, bodyLimit: 0 } as const
    return [
      {
        ...door,
        method: 'POST',
        summary: 'A message comes in',
        description: 'After the id of a source any other segments may follow; the job sees them.',
        accepts: doorAccepts,
        answers: doorAnswers(name),
        bodyLimit: (head) => bodyLimitOf(deps, head),
        admit: (head) => {
          const refusal = refuseAddress(deps, head) ?? (hasBody(head.headers) ? refuseContentType(head) : undefined)
          return deps.count(refusal, refusal && projectOf(deps, head))
        },
        handle: (request) => receive(deps, request),
      },
      {
        ...door,
        method: 'GET',
        summary: 'Whether there is a source; starts nothing',
        answers: foundAnswers,
        handle: (head) => refuseAddress(deps, head) ?? found,
      },
      { ...door, method: 'OPTIONS', summary: 'What a web page may send', answers: preflightAnswers, handle: preflight },
    ]
  })

const addressed = ({ catalogue }: WebhookDeps, head: RequestHead): Addressed | undefined =>
  sourceAt(catalogue, segmentsOf(head))

const bodyLimitOf = (deps: WebhookDeps, head: RequestHead): number => {
  const address = addressed(deps, head)
  if (address === undefined) return 0
  const { project, source } = address
  const largest = deps.largestRecord?.(project.project.name) ?? Number.POSITIVE_INFINITY
  return Math.max(0, Math.min(source.maxBodyBytes, largest - besideBody))
}

const projectOf = (deps: WebhookDeps, head: RequestHead): string | undefined =>
  addressed(deps, head)?.project.project.name

const refuseAddress = (deps: WebhookDeps, head: RequestHead): Reply | undefined => {
  const address = addressed(deps, head)
  if (address === undefined) return noSource
  return address.source.enabled ? undefined : sourceDisabled
}

const receive = async (deps: DoorDeps, request: Request): Promise<Reply> => {
  const began = performance.now()
  const address = addressed(deps, request)
  if (address === undefined) return deps.count(noSource, undefined) // removed while the body was on its way
  const project = address.project.project.name
  const read = readBody(request.body, request)
  if (read.kind === 'refused') return deps.count(read.reply, project)
  const message = messageOf(address, request, read.body)
  try {
    await deps.log.tryAppend(intakeRecord(message), appendMs)
  } catch (error) {
    return deps.count(refusalOf(error), project)
  }
  const labels = { project, source: address.source.name }
  deps.meter.observe('penstock_intake_duration_seconds', labels, {
    value: (performance.now() - began) / 1_000,
    traceId: traceIdOf(message.traceparent ?? ''),
  })
  deps.meter.add('penstock_intake_messages_total', labels)
  deps.meter.add('penstock_intake_bytes_total', labels, message.body.length)
  return accepted(request, { message: message.id, run: knownRun(address, message.id) })
}

const messageOf = ({ project, source }: Addressed, request: Request, body: Body): NewMessage => {
  const id = newMessageId()
  const headers = shownHeaders(request.headers)
  return {
    id,
    project: project.project.name,
    source: source.name,
    key: orderKeyOf(source.key, { headers: request.headers, body: body.value }) ?? id,
    contentType: body.contentType,
    body: body.bytes,
    headers,
    request: { method: request.method, path: segmentsOf(request), query_params: request.query as JsonObject, headers },
    traceparent: traceOf({ id, traceparent: request.headers['traceparent'] ?? null }),
  }
}

/** What is said when the log did not take a message; anything but its two faults is a bug, and thrown again. */
const refusalOf = (error: unknown): Reply => {
  if (!(error instanceof Fault)) throw error
  if (error.code === 'record-too-large') return tooLarge
  if (error.code !== 'log-unavailable') throw error
  return unavailable
}

/** A record is its body and, twice, headers of at most 16 kB. */
const besideBody = 40_000

/** Less than the 10 s after which many senders give up: they shall hear a 503, not nothing. */
const appendMs = 8_000
