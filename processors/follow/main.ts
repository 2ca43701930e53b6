import { runAlone } from '../../infra/alone.ts'
import { runFollow } from './run.ts'

/** The role `follow` by itself. */
await runAlone({ name: 'follow' }, async (alone) => {
  alone.opened()
  await runFollow(alone, alone.stop)
})
