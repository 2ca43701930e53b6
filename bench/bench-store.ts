import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '../infra/clickhouse/migrate.ts'
import { openStore } from '../infra/clickhouse/open.ts'
import { openDataDir } from '../infra/embedded/data-dir.ts'
import { startStore } from '../infra/embedded/store.ts'
import { schemaDir } from '../sinks/clickhouse/schema.ts'
import { silent } from '../test/fixtures/silent.ts'
import type { Store } from '../topology/flow/ports.ts'

/** An embedded ClickHouse with nothing but the empty tables, gone when it is disposed. */
export async function openBenchStore(): Promise<Store> {
  await using opening = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'penstock-bench-'))
  opening.defer(() => rm(dir, { recursive: true }))
  opening.use(openDataDir(dir))
  const { url, user, password } = opening.use(await startStore({ dataDir: dir, logger: silent }))
  const address = { url, user, password, database: 'penstock', logger: silent }
  await migrate({ ...address, dir: schemaDir })
  const store = opening.use(await openStore(address))
  const opened = opening.move()
  return { ...store, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}
