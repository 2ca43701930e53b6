import { runAlone, serveHealth } from '../../infra/alone.ts'
import { runFollow } from './run.ts'

/** The role `follow` by itself. */
await runAlone('follow', async (alone) => {
  await using _health = await serveHealth(alone)
  await runFollow(alone, alone.stop)
})
