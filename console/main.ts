import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npmPackages } from '../infra/adaptors/npm.ts'
import { runAlone, storeAddress } from '../infra/alone.ts'
import { deployProject } from '../infra/catalogue/deploy.ts'
import { writeCredential } from '../infra/catalogue/write-credential.ts'
import { migrate } from '../infra/clickhouse/migrate.ts'
import { openStore } from '../infra/clickhouse/open.ts'
import { refusalsOf } from '../infra/http/answers.ts'
import { openHttp } from '../infra/http/open.ts'
import { urlOf } from '../infra/http/url-of.ts'
import { openSecrets } from '../infra/secrets/open.ts'
import packageJson from '../package.json' with { type: 'json' }
import { explain } from '../processors/filter/explain.ts'
import { adaptorFinder } from '../processors/runner/adaptors/upstream/find.ts'
import { compileAtDeploy } from '../processors/runner/language/at-deploy.ts'
import { schemaDir } from '../sinks/clickhouse/schema.ts'
import { aborted } from '../topology/flow/stop.ts'
import { deployedAdaptor } from '../topology/project/adaptors.ts'
import { cancelRecord } from '../topology/wire/control.ts'
import { withDocument } from './api/openapi-routes.ts'
import { apiRoutes } from './api/routes.ts'

/** The role `console` by itself: the API, on PORT. */
await runAlone({ name: 'console', needs: ['CLICKHOUSE_URL', 'ADMIN_TOKEN'], listens: true }, async (alone) => {
  const { config, log, catalogue, meter, logger, stop } = alone
  const address = storeAddress(alone)
  await using store = await openStore(address)
  await alone.persist(() => migrate({ ...address, dir: schemaDir }))
  const { version } = packageJson
  const publicUrl = () => config.PUBLIC_URL ?? urlOf(config.HOST, config.PORT)
  using place = mkdtempDisposableSync(join(tmpdir(), 'penstock-adaptors-'))
  const findAdaptors = adaptorFinder({
    ...{ packages: npmPackages(place.path), dir: place.path },
    known: (name) => deployedAdaptor(catalogue.projects(), name),
  })
  const api = apiRoutes({
    catalogue,
    store,
    compile: compileAtDeploy,
    findAdaptors,
    explain,
    deploy: (deployment, signal) => deployProject(deployment, { log, catalogue, signal }),
    secrets: openSecrets({ key: config.SECRET_KEY, previous: config.SECRET_KEY_PREVIOUS }),
    writeCredential: (change, signal) => writeCredential(change, { log, catalogue, signal }),
    cancelRun: (cancel) => log.tryAppend(cancelRecord(cancel), 10_000),
    publicUrl,
    info: () => ({
      version,
      kafka_brokers: config.KAFKA_BROKERS.join(','),
      clickhouse_url: address.url,
      metrics_url: `${alone.healthUrl}/metrics`,
      public_url: publicUrl(),
      roles: { console: 'ok' },
    }),
  })
  await using http = await openHttp({
    host: config.HOST,
    port: config.PORT,
    routes: withDocument(api, { version, refusalsOf }),
    adminToken: config.ADMIN_TOKEN,
    meter,
    logger,
  })
  alone.opened({ store })
  logger.info({ url: http.url }, 'The API answers')
  await aborted(stop.reading)
})
