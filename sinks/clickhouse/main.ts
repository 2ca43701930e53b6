import { runAlone, storeAddress } from '../../infra/alone.ts'
import { migrate } from '../../infra/clickhouse/migrate.ts'
import { openStore } from '../../infra/clickhouse/open.ts'
import { runSink } from './run.ts'
import { schemaDir } from './schema.ts'

/** The role `sink` by itself. */
await runAlone({ name: 'sink', needs: ['CLICKHOUSE_URL'] }, async (alone) => {
  const address = storeAddress(alone)
  await using store = await openStore(address)
  await alone.persist(() => migrate({ ...address, dir: schemaDir }))
  alone.opened({ store })
  await runSink({ ...alone, store }, alone.stop)
})
