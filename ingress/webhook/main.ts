import { runAlone } from '../../infra/alone.ts'
import { openHttp } from '../../infra/http/open.ts'
import { aborted } from '../../topology/flow/stop.ts'
import { intakeTopic } from '../../topology/topics.ts'
import { webhookRoutes } from './routes.ts'

/** The role `ingress` by itself: the doors, on PORT. Whoever sends it messages hears from `/readyz` that it will end, and has time to hear it. */
await runAlone({ name: 'ingress', listens: true }, async (alone) => {
  const { config, log, meter, logger, stop } = alone
  await using http = await openHttp({
    host: config.HOST,
    port: config.PORT,
    routes: webhookRoutes({ ...alone, largestRecord: (project) => log.largestRecord(intakeTopic(project)) }),
    meter,
    logger,
    farewell: { ms: 5_000, always: true, cutShort: stop.working },
  })
  alone.opened()
  logger.info({ url: http.url }, 'Messages are taken')
  await aborted(stop.reading)
})
