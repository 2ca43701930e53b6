import { setTimeout as sleep } from 'node:timers/promises'
import { openCluster } from '../../infra/kafka/cluster.ts'
import { fetchCommits } from '../../infra/kafka/offsets.ts'
import { openKafka } from '../../infra/kafka/open.ts'
import { silent } from '../fixtures/silent.ts'
import { readerOf } from './message-log.ts'

/** A process that begins to work on records, waits until that is committed by itself, says how often each has begun, and waits to be killed. */
const { topic, count, brokers, prefix } = JSON.parse(process.argv[2] ?? '')
const server = { brokers, prefix, clientId: 'dying', logger: silent }
const cluster = await openCluster(server)
const committed = async (): Promise<string> =>
  JSON.stringify(
    [...(await fetchCommits(cluster, prefix, { group: 'g', places: [{ topic, partition: 0 }] })).values()],
    (_, value) => (typeof value === 'bigint' ? String(value) : value),
  )
const before = await committed()

const log = await openKafka({
  ...server,
  replication: 1,
  partitions: { intake: 2, job: 1 },
  embedded: true,
  sessionMs: 3_000,
  heartbeatMs: 500,
})
const begun = (await readerOf(log, { group: 'g' }, [topic]).take(count)).map(({ begin }) => begin())
while ((await committed()) === before) await sleep(20)
console.log(JSON.stringify(begun))
await sleep(60_000)
