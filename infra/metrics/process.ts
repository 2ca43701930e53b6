import type { Meter } from '../../topology/metrics.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'
import { askChecks, type Check } from '../http/health.ts'
import type { Health } from '../keep-running.ts'

export type ProcessParts = Readonly<{
  version: string
  roles: () => readonly Health[]
  catalogue: Pick<Catalogue, 'offset'>
  checks: readonly Check[]
  sandbox?: Readonly<{ state(): SandboxState }> | undefined
}>

type SandboxState = Readonly<{ children: number; memoryBytes: number; loaded: number; spare: number }>

/** Has the meter show what this process is, and how its parts are at each scrape. */
export const measureProcess = (meter: Meter, { version, roles, catalogue, checks, sandbox }: ProcessParts): void => {
  meter.ask('penstock_build_info', () => [[{ version, node: process.version }, 1]])
  meter.ask('penstock_role_up', () => roles().map(({ role, state }) => [{ role }, state === 'running' ? 1 : 0]))
  meter.ask('penstock_check_ok', async () =>
    (await askChecks(checks)).map(([check, complaint]) => [{ check }, complaint === null ? 1 : 0] as const),
  )
  meter.ask('penstock_catalogue_offset', () => [[{}, Number(catalogue.offset())]])
  if (!sandbox) return
  meter.ask('penstock_sandbox_children', () => [[{}, sandbox.state().children]])
  meter.ask('penstock_sandbox_memory_bytes', () => [[{}, sandbox.state().memoryBytes]])
  meter.ask('penstock_sandbox_isolates', () => {
    const { loaded, spare } = sandbox.state()
    return [
      [{ state: 'loaded' }, loaded],
      [{ state: 'spare' }, spare],
    ]
  })
}
