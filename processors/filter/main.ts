import { runAlone, serveHealth } from '../../infra/alone.ts'
import { runFilter } from './run.ts'

/** The role `filter` by itself. */
await runAlone('filter', async (alone) => {
  await using _health = await serveHealth(alone)
  await runFilter(alone, alone.stop)
})
