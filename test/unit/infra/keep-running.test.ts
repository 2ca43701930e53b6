import { describe, expect, test } from 'vitest'
import { checksOf, rolesOf } from '../../../infra/condition.ts'
import { askChecks } from '../../../infra/http/health.ts'
import { type KeeperOptions, openKeeper } from '../../../infra/keep-running.ts'
import { openMeter } from '../../../infra/metrics/open.ts'
import { measureProcess } from '../../../infra/metrics/process.ts'
import type { Logger } from '../../../topology/flow/ports.ts'
import { aborted, type Stop } from '../../../topology/flow/stop.ts'
import { silent } from '../../fixtures/silent.ts'

const never: Stop = { reading: new AbortController().signal, working: new AbortController().signal }
const keeperOf = (options: Partial<KeeperOptions> = {}) =>
  openKeeper({ stop: never, logger: silent, wait: () => 0, ...options })

/** A part that breaks so often, and then runs until it is stopped. */
const breaking = (times: number) => {
  const runs = Promise.withResolvers<void>()
  const run = async ({ reading }: Stop): Promise<void> => {
    if (times-- > 0) throw new Error(`${times} to go`)
    runs.resolve()
    await aborted(reading)
  }
  return { run, runs: runs.promise }
}

describe('A part that is kept', () => {
  test('comes back each time it breaks, after waits that follow the count of breaks', async () => {
    const waits: number[] = []
    const part = breaking(3)
    await using keeper = keeperOf({ wait: (breaks) => waits.push(breaks) * 0 })
    keeper.keep('filter', part.run)
    await part.runs
    expect(waits).toEqual([1, 2, 3])
    expect(keeper.health()).toEqual([{ role: 'filter', state: 'running', error: null }])
  })

  test('that ran for long before it broke is waited for as for the first time', async () => {
    const waits: number[] = []
    const part = breaking(3)
    await using keeper = keeperOf({ wait: (breaks) => waits.push(breaks) * 0, calmMs: -1 })
    keeper.keep('filter', part.run)
    await part.runs
    expect(waits).toEqual([1, 1, 1])
  })

  test('that ends without being told to is broken, too', async () => {
    const again = Promise.withResolvers<void>()
    let runs = 0
    await using keeper = keeperOf()
    keeper.keep('filter', async ({ reading }) => {
      if (++runs === 1) return
      again.resolve()
      await aborted(reading)
    })
    await again.promise
    expect(runs).toBe(2)
  })

  test('and has broken says so in the log, in metrics, on /readyz and in /api/info, until it is back', async () => {
    const said: string[] = []
    const broke = Promise.withResolvers<void>()
    const logger: Logger = { ...silent, error: (_, text) => void said.push(text) }
    const meter = openMeter()
    const onBreak = (role: string): void => {
      meter.add('penstock_role_restarts_total', { role })
      broke.resolve()
    }
    await using keeper = keeperOf({ logger, onBreak, wait: () => 2 ** 30 })
    keeper.keep('runner', breaking(1).run)
    await broke.promise

    const log = { ping: async () => {}, progress: () => [] }
    const catalogue = { broken: new AbortController().signal, offset: () => 0n }
    const checks = checksOf({ log, catalogue, keeper, stop: never.reading })
    measureProcess(meter, { version: '0', roles: keeper.health, catalogue, checks })
    expect(said).toEqual(['runner broke and is started again'])
    expect(new Map(await askChecks(checks)).get('roles')).toBe('0 to go')
    expect(rolesOf({ keeper, log })).toEqual({ runner: '0 to go' })
    const text = await meter.text()
    expect(text).toContain('penstock_role_up{role="runner"} 0')
    expect(text).toContain('penstock_role_restarts_total{role="runner"} 1')
  })

  test('breaks alone: others are not disturbed', async () => {
    const [one, other] = [breaking(2), breaking(0)]
    await using keeper = keeperOf()
    keeper.keep('filter', one.run)
    keeper.keep('follow', other.run)
    await Promise.all([one.runs, other.runs])
    expect(keeper.health().map(({ role, state }) => `${role} ${state}`)).toEqual(['filter running', 'follow running'])
  })

  test('is not started again once a stop was asked for, even in the midst of its wait', async () => {
    const [reading, broke] = [new AbortController(), Promise.withResolvers<void>()]
    const stop = { ...never, reading: reading.signal }
    const keeper = keeperOf({ stop, wait: () => 2 ** 30, onBreak: () => broke.resolve() })
    let runs = 0
    keeper.keep('sink', async () => {
      runs++
      throw new Error('no')
    })
    await broke.promise
    reading.abort()
    await keeper.ended()
    expect(runs).toBe(1)
    expect(keeper.health()).toEqual([{ role: 'sink', state: 'stopped', error: null }])
  })

  test('and breaks while it is stopping says so, too; who only stops does not', async () => {
    const reading = new AbortController()
    const errors: string[] = []
    const logger = { ...silent, error: (_: object, text: string) => void errors.push(text) }
    const keeper = keeperOf({ stop: { ...never, reading: reading.signal }, logger })
    const whenStopped = (error: () => unknown) => async () => {
      await aborted(reading.signal)
      throw error()
    }
    keeper.keep(
      'sink',
      whenStopped(() => new Error('a bug')),
    )
    keeper.keep(
      'filter',
      whenStopped(() => reading.signal.reason),
    )
    reading.abort()
    await keeper.ended()
    expect(errors).toEqual(['sink broke while it was stopping'])
  })
})
