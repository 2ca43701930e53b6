import { runAlone, serveHealth } from '../../infra/alone.ts'
import { openHttp } from '../../infra/http/open.ts'
import { aborted } from '../../topology/flow/stop.ts'
import { webhookRoutes } from './routes.ts'

/** The role `ingress` by itself: the doors, on PORT. */
await runAlone('ingress', async (alone) => {
  const { config, meter, logger, stop } = alone
  await using _health = await serveHealth(alone)
  await using http = await openHttp({
    host: config.HOST,
    port: config.PORT,
    routes: webhookRoutes(alone),
    meter,
    logger,
  })
  logger.info({ url: http.url }, 'Messages are taken')
  await aborted(stop.reading)
})
