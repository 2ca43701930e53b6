import { runAlone } from '../../infra/alone.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { runRunner } from './run.ts'
import { openSandbox } from './sandbox/open.ts'

/** The role `runner` by itself, with a sandbox of its own. */
await runAlone({ name: 'runner' }, async (alone) => {
  const { version } = packageJson
  await using sandbox = await openSandbox({
    version,
    onChildEnd: (reason) => alone.meter.add('penstock_sandbox_children_ended_total', { reason }),
  })
  alone.opened({ sandbox })
  await runRunner({ ...alone, sandbox, adaptor: `common@${version}` }, alone.stop)
})
