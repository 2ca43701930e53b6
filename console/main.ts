import { runAlone, serveHealth, storeAddress } from '../infra/alone.ts'
import { deployProject } from '../infra/catalogue/deploy.ts'
import { migrate } from '../infra/clickhouse/migrate.ts'
import { openStore } from '../infra/clickhouse/open.ts'
import { refusalsOf } from '../infra/http/answers.ts'
import { openHttp } from '../infra/http/open.ts'
import { urlOf } from '../infra/http/url-of.ts'
import { StartProblem } from '../infra/start-problem.ts'
import packageJson from '../package.json' with { type: 'json' }
import { explain } from '../processors/filter/explain.ts'
import { checkCode } from '../processors/runner/language/check-code.ts'
import { schemaDir } from '../sinks/clickhouse/schema.ts'
import { aborted } from '../topology/flow/stop.ts'
import { withDocument } from './api/openapi-routes.ts'
import { apiRoutes } from './api/routes.ts'

/** The role `console` by itself: the API, on PORT. */
await runAlone('console', async (alone) => {
  const { role, config, log, catalogue, meter, logger, stop } = alone
  const { ADMIN_TOKEN: adminToken } = config
  if (!adminToken) throw new StartProblem(`penstock ${role} lets in whoever has the token: set ADMIN_TOKEN.`)
  const address = storeAddress(alone)
  await using store = await openStore(address)
  await alone.retry(() => migrate({ ...address, dir: schemaDir }), stop.reading)
  await using health = await serveHealth(alone, { store })
  const { version } = packageJson
  const publicUrl = () => config.PUBLIC_URL ?? urlOf(config.HOST, config.PORT)
  const api = apiRoutes({
    catalogue,
    store,
    checkCode,
    explain,
    deploy: (deployment, signal) => deployProject(deployment, { log, catalogue, signal }),
    publicUrl,
    info: () => ({
      version,
      kafka_brokers: config.KAFKA_BROKERS?.join(',') ?? '',
      clickhouse_url: address.url,
      metrics_url: `${health.url}/metrics`,
      public_url: publicUrl(),
      roles: { console: 'ok' },
    }),
  })
  await using http = await openHttp({
    host: config.HOST,
    port: config.PORT,
    routes: withDocument(api, { version, refusalsOf }),
    adminToken,
    meter,
    logger,
  })
  logger.info({ url: http.url }, 'The API answers')
  await aborted(stop.reading)
})
