import { runAlone } from '../../infra/alone.ts'
import { runFilter } from './run.ts'

/** The role `filter` by itself. */
await runAlone({ name: 'filter' }, async (alone) => {
  alone.opened()
  await runFilter(alone, alone.stop)
})
