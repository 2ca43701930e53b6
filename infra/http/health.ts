import { type TProperties, type TSchema, Type } from 'typebox'
import type { Reply, RequestHead, Route } from '../../topology/http.ts'
import { type Answers, jsonAnswer, retryLater } from '../../topology/http-answers.ts'
import { contentTypes, type Format } from '../metrics/text.ts'

/** Something that a process needs to do its work. `check` says null when it is there, else a sentence; throwing says no as well. */
export type Check = Readonly<{ name: string; check: () => Promise<string | null> }>

export type HealthDeps = Readonly<{
  checks: readonly Check[]
  meter: Readonly<{ text(format: Format): Promise<string> }>
  /** How long a check may take; then it counts as a no. */
  checkMs?: number
}>

/** `/livez`: this process answers. `/readyz`: what it needs is there, asked at this moment. `/metrics`: for Prometheus. */
export const healthRoutes = ({ checks, meter, checkMs = 2_000 }: HealthDeps): readonly Route[] => [
  {
    ...openGet,
    path: '/livez',
    summary: 'This process answers',
    answers: { 200: jsonAnswer('It does', closed({ status: Type.Literal('ok') })) },
    handle: () => ({ status: 200, body: { status: 'ok' } }),
  },
  {
    ...openGet,
    path: '/readyz',
    summary: 'All that this process needs is there',
    answers: readyAnswers,
    handle: () => readiness(checks, checkMs),
  },
  {
    ...openGet,
    path: '/metrics',
    summary: 'Measured values, for Prometheus',
    answers: metricsAnswers,
    handle: async (head) => {
      const format = formatFor(head)
      return { status: 200, headers: { 'content-type': contentTypes[format] }, body: await meter.text(format) }
    },
  },
]

/** Whoever names OpenMetrics can read it, as Prometheus does whatever it prefers. */
const formatFor = ({ headers }: RequestHead): Format =>
  headers['accept']?.includes('application/openmetrics-text') ? 'openmetrics' : 'text'

const closed = (keys: TProperties): TSchema => Type.Object(keys, { additionalProperties: false })

const readyAnswers: Answers = {
  200: jsonAnswer('It is', closed({ status: Type.Literal('ready') })),
  503: jsonAnswer(
    'Something is not there',
    closed({
      status: Type.Literal('not ready'),
      not_ready: Type.Record(Type.String(), Type.String(), { description: 'what, and what it says' }),
    }),
    retryLater,
  ),
}

const metricsAnswers: Answers = {
  200: {
    description: 'Everything measured so far; OpenMetrics for whoever names it in `Accept`',
    content: { 'text/plain': Type.String(), 'application/openmetrics-text': Type.String() },
  },
}

const openGet = { method: 'GET', access: 'open', bodyLimit: 0 } as const

const readiness = async (checks: readonly Check[], checkMs: number): Promise<Reply> => {
  const answers = await askChecks(checks, checkMs)
  const notReady = Object.fromEntries(answers.filter(([, complaint]) => complaint !== null))
  return Object.keys(notReady).length === 0
    ? { status: 200, body: { status: 'ready' } }
    : { status: 503, headers: { 'retry-after': '5' }, body: { status: 'not ready', not_ready: notReady } }
}

/**
 * Asks all checks at once: their names, and what each complains of or null. However many want to know, one answer is waited for at a time:
 * `/readyz` and `/metrics` are open to everybody, and what is away takes long to say so.
 */
export const askChecks = (
  checks: readonly Check[],
  checkMs = 2_000,
): Promise<readonly (readonly [name: string, complaint: string | null])[]> =>
  Promise.all(checks.map(async (each) => [each.name, await complaintOf(each, checkMs)] as const))

const onTheWay = new WeakMap<Check, Promise<string | null>>()

const complaintOf = (check: Check, checkMs: number): Promise<string | null> => {
  const complaint = onTheWay.get(check) ?? askInTime(check, checkMs).finally(() => onTheWay.delete(check))
  onTheWay.set(check, complaint)
  return complaint
}

const askInTime = async ({ check }: Check, checkMs: number): Promise<string | null> => {
  const { promise: late, resolve } = Promise.withResolvers<string>()
  const timer = setTimeout(resolve, checkMs, `did not answer within ${checkMs / 1_000} s`)
  try {
    return await Promise.race([check(), late])
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    clearTimeout(timer)
  }
}
