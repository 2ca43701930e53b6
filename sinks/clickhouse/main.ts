import { runAlone, serveHealth, storeAddress } from '../../infra/alone.ts'
import { migrate } from '../../infra/clickhouse/migrate.ts'
import { openStore } from '../../infra/clickhouse/open.ts'
import { runSink } from './run.ts'
import { schemaDir } from './schema.ts'

/** The role `sink` by itself. */
await runAlone('sink', async (alone) => {
  const address = storeAddress(alone)
  await using store = await openStore(address)
  await alone.retry(() => migrate({ ...address, dir: schemaDir }), alone.stop.reading)
  await using _health = await serveHealth(alone, { store })
  await runSink({ ...alone, store }, alone.stop)
})
