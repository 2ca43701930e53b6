import { runAlone } from '../../infra/alone.ts'
import { writeCredential } from '../../infra/catalogue/write-credential.ts'
import { openSecrets } from '../../infra/secrets/open.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { hostPortOf } from './egress/own-ports.ts'
import { runRunner } from './run.ts'
import { openSandbox } from './sandbox/open.ts'
import { openWorlds } from './world.ts'

/** The role `runner` by itself, with a sandbox of its own. */
await runAlone({ name: 'runner' }, async (alone) => {
  const { version } = packageJson
  await using sandbox = await openSandbox({
    version,
    onChildEnd: (reason) => alone.meter.add('penstock_sandbox_children_ended_total', { reason }),
  })
  const { config, log, catalogue, logger } = alone
  await using worlds = openWorlds({
    ...{ catalogue, logger, version },
    secrets: openSecrets({ key: config.SECRET_KEY, previous: config.SECRET_KEY_PREVIOUS }),
    write: (change, signal) => writeCredential(change, { log, catalogue, signal }),
    own: [...config.KAFKA_BROKERS, alone.healthUrl, config.CLICKHOUSE_URL ?? '', config.PUBLIC_URL ?? ''].flatMap(
      hostPortOf,
    ),
  })
  alone.opened({ sandbox })
  await runRunner({ ...alone, sandbox, world: worlds.open, version }, alone.stop)
})
