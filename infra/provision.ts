import { schemaDir } from '../sinks/clickhouse/schema.ts'
import type { Logger } from '../topology/flow/ports.ts'
import { fixedTopics, projectTopics } from '../topology/topics.ts'
import { migrate } from './clickhouse/migrate.ts'
import { type Config, readOwnConfig } from './config.ts'
import { kafkaAccess } from './kafka/access.ts'
import { inTime } from './provision/in-time.ts'
import { provisionKafka } from './provision/kafka.ts'
import { planOf, planText } from './provision/plan.ts'
import { type Report, reportText } from './provision/report.ts'
import { readWish, usage } from './provision/wish.ts'
import { runRole } from './role.ts'
import { StartProblem } from './start-problem.ts'

/** Makes on an own Kafka and ClickHouse what Penstock needs there; or says what that is. */
await runRole('provision', async ({ config, stop }) => {
  const wish = readWish(process.argv.slice(2))
  const say = (data: object, text: string): void => console.log(wish.json ? JSON.stringify(data, null, 2) : text)

  if (wish.kind === 'help') return console.log(usage)
  if (wish.kind === 'print') {
    const { prefix = '', ...access } = kafkaAccess(readOwnConfig())
    const topics = wish.topics.length > 0 ? wish.topics : projectTopics('<project>', ['<job>'])
    const plan = planOf([...fixedTopics, ...topics], { ...access, prefix, embedded: false })
    return say(plan, planText(plan))
  }

  if (!config.KAFKA_BROKERS && !config.CLICKHOUSE_URL)
    throw new StartProblem(
      'There is nothing to provision: set KAFKA_BROKERS or CLICKHOUSE_URL; penstock up provisions the embedded ones by itself.',
    )
  const { prefix = '', ...access } = kafkaAccess(config)
  const { topics } = wish
  const logger = troubleOnly()
  const report: Report = {
    kafka: config.KAFKA_BROKERS
      ? await provisionKafka({
          kafka: { ...access, prefix, brokers: config.KAFKA_BROKERS, embedded: false, logger },
          topics,
          logger,
          stop: stop.reading,
        })
      : null,
    clickhouse: config.CLICKHOUSE_URL
      ? await provisionStore(config, { url: config.CLICKHOUSE_URL, logger, stop: stop.reading })
      : null,
  }
  say(report, reportText(report, access.tls !== undefined || access.sasl !== undefined))
})

type StorePlace = Readonly<{ url: string; logger: Logger; stop: AbortSignal }>

async function provisionStore(config: Config, { url, logger, stop }: StorePlace): Promise<Report['clickhouse']> {
  const { CLICKHOUSE_USER: user, CLICKHOUSE_PASSWORD: password = '', CLICKHOUSE_DATABASE: database } = config
  const address = { url, user, password, database, logger, dir: schemaDir }
  return { url, database, applied: await inTime(`ClickHouse at ${url}`, () => migrate(address), stop) }
}

/** What was done is told at the end, on stdout; this is for what goes wrong meanwhile. */
function troubleOnly(): Logger {
  const tell = (_: object, text: string): void => console.error(text)
  return { debug: () => {}, info: () => {}, warn: tell, error: tell }
}
