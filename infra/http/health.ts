import type { Reply, RequestHead, Route } from '../../topology/http.ts'
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
    handle: () => ({ status: 200, body: { status: 'ok' } }),
  },
  {
    ...openGet,
    path: '/readyz',
    summary: 'All that this process needs is there',
    handle: () => readiness(checks, checkMs),
  },
  {
    ...openGet,
    path: '/metrics',
    summary: 'Measured values, for Prometheus',
    handle: async (head) => {
      const format = formatFor(head)
      return { status: 200, headers: { 'content-type': contentTypes[format] }, body: await meter.text(format) }
    },
  },
]

/** Whoever names OpenMetrics can read it, as Prometheus does whatever it prefers. */
const formatFor = ({ headers }: RequestHead): Format =>
  headers['accept']?.includes('application/openmetrics-text') ? 'openmetrics' : 'text'

const openGet = { method: 'GET', access: 'open', bodyLimit: 0 } as const

const readiness = async (checks: readonly Check[], checkMs: number): Promise<Reply> => {
  const answers = await askChecks(checks, checkMs)
  const notReady = Object.fromEntries(answers.filter(([, complaint]) => complaint !== null))
  return Object.keys(notReady).length === 0
    ? { status: 200, body: { status: 'ready' } }
    : { status: 503, headers: { 'retry-after': '5' }, body: { status: 'not ready', not_ready: notReady } }
}

/** Asks all checks at once: their names, and what each complains of or null. */
export const askChecks = (
  checks: readonly Check[],
  checkMs = 2_000,
): Promise<readonly (readonly [name: string, complaint: string | null])[]> =>
  Promise.all(checks.map(async ({ name, check }) => [name, await complaintOf(check, checkMs)] as const))

const complaintOf = async (check: Check['check'], checkMs: number): Promise<string | null> => {
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
