import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { unlessAborted } from '../topology/flow/stop.ts'
import { definitionsTopic, fixedTopics } from '../topology/topics.ts'
import { openGround } from './ground.ts'
import { runRole } from './role.ts'
import { openSecrets } from './secrets/open.ts'
import { rotateKeys } from './secrets/rotate.ts'
import { StartProblem } from './start-problem.ts'

const usage = `Usage: penstock keys rotate

  Puts every credential under the new SECRET_KEY; what they hold is not touched. Twice is harmless.

  1. Start console and runner (or up) again with the new key as SECRET_KEY and the old one as SECRET_KEY_PREVIOUS.
  2. Run this with the same two settings. Without KAFKA_BROKERS it asks the embedded Kafka of a running penstock up.
  3. Start them again without SECRET_KEY_PREVIOUS, and destroy the old key.

  SECRET_KEY: openssl rand -base64 32. Exit code: 0 when all are under the new key, 1 when not.`

/** `penstock keys rotate`: what was sealed with SECRET_KEY_PREVIOUS is sealed with SECRET_KEY afterwards. */
await runRole('keys', async (house) => {
  const [command, ...more] = process.argv.slice(2)
  if (command === undefined || command === '--help' || command === '-h') return console.log(usage)
  if (command !== 'rotate' || more.length > 0)
    throw new StartProblem(
      `penstock keys: there is no "${[command, ...more].join(' ')}"; penstock keys --help tells what there is.`,
    )
  const { config, stop } = house
  if (config.SECRET_KEY === undefined || config.SECRET_KEY_PREVIOUS === undefined)
    throw new StartProblem(
      'Set SECRET_KEY to the new key and SECRET_KEY_PREVIOUS to the one before: penstock keys --help.',
    )
  const secrets = openSecrets({ key: config.SECRET_KEY, previous: config.SECRET_KEY_PREVIOUS })
  await using ground = await openGround(house, {
    brokers: config.KAFKA_BROKERS ?? embeddedBrokers(config.DATA_DIR),
    embedded: config.KAFKA_BROKERS === undefined,
    topics: fixedTopics.filter(({ name }) => name === definitionsTopic),
    onWait: (why) => console.error(`Waiting: ${why}`),
  })
  const { log, catalogue } = ground
  const rotation = rotateKeys({ log, catalogue, secrets, signal: stop.reading })
  const { moved, kept, failed } = await unlessAborted(rotation, stop.reading)
  console.log(
    `Now under the key ${secrets.keyId}: ${moved} of ${moved + kept + failed.length} credentials; ${kept} were before.`,
  )
  for (const why of failed) console.error(why)
  if (failed.length > 0) process.exitCode = 1
})

/** `up` writes down where its Kafka is. */
function embeddedBrokers(dataDir: string): readonly string[] {
  const file = join(dataDir, 'kafka-address')
  if (existsSync(file)) return readFileSync(file, 'utf8').trim().split(',')
  throw new StartProblem(`There is no Kafka to ask: set KAFKA_BROKERS, or start penstock up on ${dataDir} first.`)
}
