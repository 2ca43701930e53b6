import packageJson from '../package.json' with { type: 'json' }
import type { Store } from '../topology/flow/ports.ts'
import type { Retry } from '../topology/flow/retry.ts'
import { unlessAborted } from '../topology/flow/stop.ts'
import { fixedTopics } from '../topology/topics.ts'
import type { StoreAddress } from './clickhouse/open.ts'
import { checksOf, stopping } from './condition.ts'
import type { Config } from './config.ts'
import { needPort } from './embedded/ports.ts'
import { type Ground, openGround } from './ground.ts'
import { type Check, healthRoutes } from './http/health.ts'
import { openHttp } from './http/open.ts'
import { openMeter } from './metrics/open.ts'
import { measureProcess, type ProcessParts } from './metrics/process.ts'
import { rightsOf } from './provision/rights.ts'
import { type House, runRole } from './role.ts'
import { StartProblem } from './start-problem.ts'

/** What a role has that runs in a process of its own. `Need`: the settings that it asked for. */
export type Alone<Need extends Needed = 'KAFKA_BROKERS'> = Omit<House, 'config'> &
  Ground &
  Readonly<{
    role: string
    config: Config & Given<Need>
    retry: Retry
    /** Where it tells how it is. */
    healthUrl: string
    /** All that the work needs has been opened: from now on `/readyz` asks for that. */
    opened(parts?: Opened): void
  }>

export type Role<Need extends Needed> = Readonly<{
  name: string
  /** Settings without which it cannot do its work. */
  needs?: readonly Need[]
  /** Whether it listens on PORT. */
  listens?: boolean
}>

type Opened = Readonly<{ store?: Store } & Pick<ProcessParts, 'sandbox'>>

/**
 * Runs one role in this process, on the Kafka of KAFKA_BROKERS. From the first moment on METRICS_PORT tells how it is, also what it waits for.
 * When it breaks, the process ends with 1: to start it again is the business of whoever started it. Throws a StartProblem when there is
 * nothing to run on.
 */
export const runAlone = <Need extends Needed = never>(
  { name: role, needs = [], listens = false }: Role<Need>,
  run: (alone: Alone<Need | 'KAFKA_BROKERS'>) => Promise<void>,
): Promise<never> =>
  runRole(role, async (house) => {
    const { logger, stop } = house
    const config = given(house.config, { role, needs: ['KAFKA_BROKERS', ...needs] })
    const { HOST: host, PORT, METRICS_PORT: port = usualMetricsPort, KAFKA_BROKERS: brokers } = config
    if (listens) await needPort('PORT', { port: PORT, host })

    const meter = openMeter()
    let waitsFor = 'the log is being opened'
    const checks: Check[] = [stopping(stop.reading), { name: 'start', check: async () => waitsFor }]
    await using health = await openHttp({
      ...{ host, port, setting: 'METRICS_PORT', routes: healthRoutes({ meter, checks }) },
      ...{ meter, logger, farewell: { ms: 0 } },
    })
    const onWait = (why: string): void => {
      waitsFor = why
    }
    await using ground = await openGround(house, { brokers, embedded: false, topics: topicsOf(role), meter, onWait })
    const { catalogue, log, retryOf } = ground
    const opened = ({ store, sandbox }: Opened = {}): void => {
      checks.splice(0, checks.length, ...checksOf({ log, catalogue, stop: stop.reading, ...(store && { store }) }))
      const roles = () => [{ role, state: 'running' as const, error: null }]
      measureProcess(meter, { version: packageJson.version, roles, catalogue, checks, sandbox })
      logger.info({ brokers, health: health.url }, `The ${role} works`)
    }
    const alone = { ...house, ...ground, config, role, retry: retryOf(role), healthUrl: health.url, opened }
    await unlessAborted(run(alone), catalogue.broken)
    logger.info({}, 'Stopped')
  })

const usualMetricsPort = 9464

/** What a role may not be able to do without, and what for. */
const purposes = {
  KAFKA_BROKERS: 'the Kafka that all roles share; penstock up brings its own',
  CLICKHOUSE_URL: 'the ClickHouse that history lies in',
  ADMIN_TOKEN: 'what lets callers of the API in',
} as const satisfies Partial<Record<keyof Config, string>>

type Needed = keyof typeof purposes
type Given<Need extends Needed> = { readonly [Name in Need]: NonNullable<Config[Name]> }

const given = <Need extends Needed>(
  config: Config,
  { role, needs }: Readonly<{ role: string; needs: readonly Need[] }>,
): Config & Given<Need> => {
  const missing = needs.filter((name) => config[name] === undefined).map((name) => `${name} (${purposes[name]})`)
  if (missing.length > 0)
    throw new StartProblem(
      `penstock ${role} needs ${missing.join(' and ')}: set ${missing.length > 1 ? 'them' : 'it'}.`,
    )
  return config as Config & Given<Need>
}

/** The ClickHouse of CLICKHOUSE_URL. */
export const storeAddress = ({ config, logger }: Pick<Alone<'CLICKHOUSE_URL'>, 'config' | 'logger'>): StoreAddress => {
  const { CLICKHOUSE_URL: url, CLICKHOUSE_USER: user, CLICKHOUSE_PASSWORD: password = '' } = config
  return { url, user, password, database: config.CLICKHOUSE_DATABASE, logger }
}

/** Those that every installation has and this role may touch. */
const topicsOf = (role: string) => {
  const rights = rightsOf('').filter((right) => right.role === role && right.resource === 'topic')
  return fixedTopics.filter(({ name }) =>
    rights.some((right) => (right.pattern === 'literal' ? name === right.name : name.startsWith(right.name))),
  )
}
