import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withDocument } from '../console/api/openapi-routes.ts'
import { apiRoutes } from '../console/api/routes.ts'
import { webhookRoutes } from '../ingress/webhook/routes.ts'
import packageJson from '../package.json' with { type: 'json' }
import { explain } from '../processors/filter/explain.ts'
import { runFilter } from '../processors/filter/run.ts'
import { runFollow } from '../processors/follow/run.ts'
import { adaptorFinder } from '../processors/runner/adaptors/upstream/find.ts'
import { hostPortOf } from '../processors/runner/egress/own-ports.ts'
import { compileAtDeploy } from '../processors/runner/language/at-deploy.ts'
import { runRunner } from '../processors/runner/run.ts'
import { openSandbox } from '../processors/runner/sandbox/open.ts'
import { openWorlds } from '../processors/runner/world.ts'
import { runSink } from '../sinks/clickhouse/run.ts'
import { schemaDir } from '../sinks/clickhouse/schema.ts'
import { unlessAborted } from '../topology/flow/stop.ts'
import { deployedAdaptor } from '../topology/project/adaptors.ts'
import { fixedTopics, intakeTopic } from '../topology/topics.ts'
import { cancelRecord } from '../topology/wire/control.ts'
import { npmAdaptorsIn } from './adaptors/npm.ts'
import { askOf, bannerOf } from './banner.ts'
import { deployProject } from './catalogue/deploy.ts'
import { writeCredential } from './catalogue/write-credential.ts'
import { migrate } from './clickhouse/migrate.ts'
import { openStore } from './clickhouse/open.ts'
import { checksOf, rolesOf } from './condition.ts'
import { openDataDir } from './embedded/data-dir.ts'
import { demoSource, seedDemo } from './embedded/demo/seed.ts'
import { needPort } from './embedded/ports.ts'
import { openBrokers, openStoreServer, shortest } from './embedded/servers.ts'
import { openGround } from './ground.ts'
import { refusalsOf } from './http/answers.ts'
import { healthRoutes } from './http/health.ts'
import { openHttp } from './http/open.ts'
import { urlOf } from './http/url-of.ts'
import { openKeeper } from './keep-running.ts'
import { measureProcess } from './metrics/process.ts'
import { runRole } from './role.ts'
import { openSecrets } from './secrets/open.ts'

/** Everything on one machine: the broker and the store where none are set, all roles, the doors and the API. */
await runRole('up', async (house) => {
  const { config, logger, stop } = house
  using dataDir = openDataDir(config.DATA_DIR)
  const adminToken = config.ADMIN_TOKEN ?? dataDir.secretFile('admin-token')
  const key = config.SECRET_KEY ?? dataDir.secretFile('secret-key')
  const secrets = openSecrets({ key, previous: config.SECRET_KEY_PREVIOUS })
  await needPort('PORT', { port: config.PORT, host: config.HOST })

  await using servers = new AsyncDisposableStack()
  const place = { dataDir: dataDir.path, logger, onProgress: (text: string) => logger.info({}, text) }
  logger.info({}, 'Starting Kafka and ClickHouse')
  const opening = Promise.all([
    openBrokers(config, place).then((opened) => servers.use(opened)),
    openStoreServer(config, place).then((opened) => servers.use(opened)),
  ])
  const [brokers, server] = await unlessAborted(opening, stop.reading)

  const { addresses, embedded } = brokers
  await using ground = await openGround(house, { brokers: addresses, embedded, topics: fixedTopics })
  const { log, catalogue, meter, retryOf, persist } = ground
  const address = {
    url: server.url,
    user: server.user,
    password: server.password,
    database: config.CLICKHOUSE_DATABASE,
    logger,
  }
  await using store = await openStore(address)
  await persist(() => migrate({ ...address, dir: schemaDir }))
  await using sandbox = await openSandbox({
    version: packageJson.version,
    onChildEnd: (reason) => meter.add('penstock_sandbox_children_ended_total', { reason }),
  })

  const onBreak = (role: string) => meter.add('penstock_role_restarts_total', { role })
  await using keeper = openKeeper({ stop, logger, onBreak })
  const publicUrl = () => config.PUBLIC_URL ?? urlOf(config.HOST, config.PORT)
  const info = () => ({
    version: packageJson.version,
    kafka_brokers: brokers.addresses.join(','),
    clickhouse_url: server.people.url,
    metrics_url: `${publicUrl()}/metrics`,
    public_url: publicUrl(),
    roles: rolesOf({ keeper, log }),
  })
  const checks = checksOf({ brokers, server, log, store, keeper, catalogue, stop: stop.reading })
  const health = healthRoutes({ meter, checks })
  measureProcess(meter, { version: packageJson.version, roles: keeper.health, catalogue, checks, sandbox })
  const findAdaptors = adaptorFinder({
    ...npmAdaptorsIn(dataDir.path),
    known: (name) => deployedAdaptor(catalogue.projects(), name),
  })
  const api = apiRoutes({
    catalogue,
    store,
    compile: compileAtDeploy,
    findAdaptors,
    explain,
    deploy: (deployment, signal) => deployProject(deployment, { log, catalogue, signal }),
    secrets,
    writeCredential: (change, signal) => writeCredential(change, { log, catalogue, signal }),
    cancelRun: (cancel) => log.tryAppend(cancelRecord(cancel), 10_000),
    publicUrl,
    info,
  })
  const parts = { log, catalogue, store, meter, logger }
  await using worlds = openWorlds({
    ...{ catalogue, secrets, logger, version: packageJson.version },
    write: (change, signal) => writeCredential(change, { log, catalogue, signal }),
    own: [
      ...addresses,
      server.url,
      urlOf(config.HOST, config.PORT),
      ...(config.METRICS_PORT === undefined ? [] : [urlOf(config.HOST, config.METRICS_PORT)]),
    ].flatMap(hostPortOf),
    loopbackAllowed: embedded && config.DEMO,
  })
  const largestRecord = (project: string) => log.largestRecord(intakeTopic(project))
  const door = { host: config.HOST, adminToken, meter, logger }
  await using http = await openHttp({
    ...door,
    port: config.PORT,
    routes: withDocument([...health, ...api, ...webhookRoutes({ ...parts, largestRecord })], {
      version: packageJson.version,
      refusalsOf,
    }),
  })
  await using _metrics =
    config.METRICS_PORT === undefined
      ? undefined
      : await openHttp({ ...door, port: config.METRICS_PORT, setting: 'METRICS_PORT', routes: health })

  keeper.keep('filter', (until) => runFilter({ ...parts, retry: retryOf('filter') }, until))
  keeper.keep('runner', (until) =>
    runRunner({ ...parts, sandbox, world: worlds.open, version: packageJson.version, retry: retryOf('runner') }, until),
  )
  keeper.keep('follow', (until) => runFollow({ ...parts, retry: retryOf('follow') }, until))
  keeper.keep('sink', (until) => runSink({ ...parts, retry: retryOf('sink') }, until))

  writeFileSync(join(dataDir.path, 'kafka-address'), `${brokers.addresses.join(',')}\n`)
  writeFileSync(join(dataDir.path, 'clickhouse-url'), `${server.url}\n`)
  if (config.DEMO && catalogue.known().size === 0) {
    logger.info({}, 'Deploying the demo project and sending its messages')
    const seeding = seedDemo({ url: http.url, token: adminToken, signal: stop.reading })
    await seeding.catch((error: unknown) => logger.warn({ error }, 'The demo is not whole'))
  }
  const { passwordFile } = server.people
  console.log(
    bannerOf({
      version: packageJson.version,
      url: publicUrl(),
      source: catalogue.sourceById(demoSource) ? demoSource : null,
      tokenPlace: config.ADMIN_TOKEN ? 'ADMIN_TOKEN, as set' : shortest(join(dataDir.path, 'admin-token')),
      store: { url: server.url, login: server.people.login, ask: passwordFile && askOf(server.url, passwordFile) },
      kafka: brokers.addresses.join(','),
    }),
  )
  await unlessAborted(keeper.ended(), catalogue.broken)
  logger.info({}, 'Stopped')
})
