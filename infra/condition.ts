import type { MessageLog, Store } from '../topology/flow/ports.ts'
import type { OpenCatalogue } from './catalogue/open.ts'
import type { Check } from './http/health.ts'
import type { Keeper } from './keep-running.ts'
import { overdueIn, silenceOf } from './metrics/progress.ts'

export type ConditionParts = Readonly<{
  log: Pick<MessageLog, 'ping' | 'progress'>
  catalogue: Pick<OpenCatalogue, 'broken'>
  /** Aborts when the process is to end: whoever deals out work should ask others then. */
  stop: AbortSignal
  store?: Pick<Store, 'query'>
  /** Where servers of our own are, and what they complain of. */
  brokers?: Complaining
  server?: Complaining
  keeper?: Pick<Keeper, 'health'>
}>

type Complaining = Readonly<{ complaint(): string | null }>

/** What a process needs to do its work: the log and the definitions, and what else it has of these. */
export const checksOf = ({
  log,
  catalogue,
  stop,
  store,
  brokers,
  server,
  keeper,
}: ConditionParts): readonly Check[] => {
  const checks: Check[] = [
    stopping(stop),
    { name: 'kafka', check: async () => brokers?.complaint() ?? log.ping().then(() => null) },
    { name: 'catalogue', check: async () => (catalogue.broken.aborted ? String(catalogue.broken.reason) : null) },
    { name: 'retention', check: async () => overdueIn(log) },
  ]
  if (store)
    checks.push({
      name: 'clickhouse',
      check: async () => server?.complaint() ?? store.query('SELECT 1').then(() => null),
    })
  if (keeper)
    checks.push({
      name: 'roles',
      check: async () => keeper.health().find(({ state }) => state !== 'running')?.error ?? null,
    })
  return checks
}

/** Says no from the moment on when the process is told to end. */
export const stopping = (stop: AbortSignal): Check => ({
  name: 'stop',
  check: async () => (stop.aborted ? 'this process is about to end' : null),
})

/** Each role and how it is: `ok`, or a sentence. */
export const rolesOf = ({
  keeper,
  log,
}: Required<Pick<ConditionParts, 'keeper' | 'log'>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    keeper.health().map(({ role, state, error }) => {
      const said = error ?? (state === 'running' ? silenceOf(log, role) : state)
      return [role, said ?? 'ok']
    }),
  )
