import packageJson from '../package.json' with { type: 'json' }
import type { Store } from '../topology/flow/ports.ts'
import type { Retry } from '../topology/flow/retry.ts'
import { unlessAborted } from '../topology/flow/stop.ts'
import { fixedTopics } from '../topology/topics.ts'
import type { StoreAddress } from './clickhouse/open.ts'
import { checksOf } from './condition.ts'
import { type Ground, openGround } from './ground.ts'
import { healthRoutes } from './http/health.ts'
import { type Http, openHttp } from './http/open.ts'
import { measureProcess, type ProcessParts } from './metrics/process.ts'
import { rightsOf } from './provision/rights.ts'
import { type House, runRole } from './role.ts'
import { StartProblem } from './start-problem.ts'

/** What a role has that runs in a process of its own. */
export type Alone = House & Ground & Readonly<{ role: string; retry: Retry }>

/**
 * Runs one role in this process, on the Kafka of KAFKA_BROKERS. When it breaks, the process ends with 1: to start it again is the business of
 * whoever started it. Throws a StartProblem when there is nothing to run on.
 */
export const runAlone = (role: string, run: (alone: Alone) => Promise<void>): Promise<never> =>
  runRole(role, async (house) => {
    const { KAFKA_BROKERS: brokers } = house.config
    if (!brokers) {
      throw new StartProblem(
        `penstock ${role} runs on a Kafka that other roles use, too: set KAFKA_BROKERS. penstock up brings its own.`,
      )
    }
    await using ground = await openGround(house, { brokers, embedded: false, topics: topicsOf(role) })
    const alone = { ...house, ...ground, role, retry: ground.retryOf(role) }
    await unlessAborted(run(alone), ground.catalogue.broken)
    house.logger.info({}, 'Stopped')
  })

/** The ClickHouse of CLICKHOUSE_URL. Throws a StartProblem when none is set. */
export const storeAddress = ({ role, config, logger }: Alone): StoreAddress => {
  const { CLICKHOUSE_URL: url, CLICKHOUSE_USER: user, CLICKHOUSE_PASSWORD: password = '' } = config
  if (!url) throw new StartProblem(`penstock ${role} needs the ClickHouse that history lies in: set CLICKHOUSE_URL.`)
  return { url, user, password, database: config.CLICKHOUSE_DATABASE, logger }
}

type Served = Readonly<{ store?: Store } & Pick<ProcessParts, 'sandbox'>>

/** Tells how this process is, on METRICS_PORT. */
export const serveHealth = (alone: Alone, { store, sandbox }: Served = {}): Promise<Http> => {
  const { role, config, log, catalogue, meter, logger, stop } = alone
  const checks = checksOf({ log, catalogue, stop: stop.reading, ...(store && { store }) })
  const roles = () => [{ role, state: 'running' as const, error: null }]
  measureProcess(meter, { version: packageJson.version, roles, catalogue, checks, sandbox })
  const routes = healthRoutes({ meter, checks })
  const port = config.METRICS_PORT ?? usualMetricsPort
  return openHttp({ host: config.HOST, port, setting: 'METRICS_PORT', routes, meter, logger })
}

const usualMetricsPort = 9464

/** Those that every installation has and this role may touch. */
const topicsOf = (role: string) => {
  const names = new Set(rightsOf('').flatMap((right) => (right.role === role ? [right.name] : [])))
  return fixedTopics.filter(({ name }) => names.has(name))
}
