import type { MessageLog, Store } from '../topology/flow/ports.ts'
import type { OpenCatalogue } from './catalogue/open.ts'
import type { Brokers, StoreServer } from './embedded/servers.ts'
import type { Check } from './http/health.ts'
import type { Keeper } from './keep-running.ts'
import { overdueIn, silenceOf } from './metrics/progress.ts'

export type ConditionParts = Readonly<{
  brokers: Pick<Brokers, 'complaint'>
  server: Pick<StoreServer, 'complaint'>
  log: Pick<MessageLog, 'ping' | 'progress'>
  store: Pick<Store, 'query'>
  keeper: Pick<Keeper, 'health'>
  catalogue: Pick<OpenCatalogue, 'broken'>
}>

/** What the whole house needs to do its work. */
export const checksOf = ({ brokers, server, log, store, keeper, catalogue }: ConditionParts): readonly Check[] => [
  { name: 'kafka', check: async () => brokers.complaint() ?? (await log.ping().then(() => null)) },
  { name: 'clickhouse', check: async () => server.complaint() ?? (await store.query('SELECT 1').then(() => null)) },
  { name: 'roles', check: async () => keeper.health().find(({ state }) => state !== 'running')?.error ?? null },
  { name: 'catalogue', check: async () => (catalogue.broken.aborted ? String(catalogue.broken.reason) : null) },
  { name: 'retention', check: async () => overdueIn(log) },
]

/** Each role and how it is: `ok`, or a sentence. */
export const rolesOf = ({ keeper, log }: Pick<ConditionParts, 'keeper' | 'log'>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    keeper.health().map(({ role, state, error }) => {
      const said = error ?? (state === 'running' ? silenceOf(log, role) : state)
      return [role, said ?? 'ok']
    }),
  )
