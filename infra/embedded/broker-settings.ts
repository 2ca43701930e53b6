/** The settings of the one broker of this machine: a small KRaft node that is broker and controller at once. */
export const brokerSettings = (place: Readonly<{ port: number; controllerPort: number; logDir: string }>): string =>
  Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `CLIENTS://127.0.0.1:${place.port},CONTROLLER://127.0.0.1:${place.controllerPort}`,
    'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'CLIENTS',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${place.controllerPort}`,
    'log.dirs': place.logDir,
    ...oneNode,
    ...groups,
    ...sizes,
    ...quietWhenIdle,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')

/** Topics are made by `provision`, from one table: a misspelt name must not make one. */
const oneNode = {
  'auto.create.topics.enable': false,
  'default.replication.factor': 1,
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 4,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 2,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'share.coordinator.state.topic.num.partitions': 1,
  'auto.leader.rebalance.enable': false,
  // After a kill the broker is let in again when its last session is over; the default is 9 s.
  'broker.session.timeout.ms': 3_000,
  'broker.heartbeat.interval.ms': 500,
}

/** A group of one member should begin at once; a dead member is noticed in seconds, with the old and the new protocol. */
const groups = {
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1_000,
  'group.consumer.min.session.timeout.ms': 1_000,
  'group.consumer.session.timeout.ms': 8_000,
  'group.consumer.min.heartbeat.interval.ms': 500,
  'group.consumer.heartbeat.interval.ms': 2_000,
  // A house that was closed for months goes on where it was.
  'offsets.retention.minutes': 10 * 365 * 24 * 60,
}

/** Room for the largest record of topology/topics.ts (25 MB, and what a batch adds). */
const largest = 27_000_000
const sizes = {
  'message.max.bytes': largest,
  'replica.fetch.max.bytes': largest,
  'socket.request.max.bytes': 104_857_600,
  'log.cleaner.dedupe.buffer.size': 8_388_608,
  'log.cleaner.io.buffer.size': 262_144,
  'log.index.size.max.bytes': 2_097_152,
}

/** Fewer threads than a server has, and no record every half second that only says that nothing happened. */
const quietWhenIdle = {
  'metadata.max.idle.interval.ms': 0,
  'num.network.threads': 2,
  // One message alone has four synced appends on their way, and a thread waits for the disk with each: with four, the next one queued.
  'num.io.threads': 8,
  'background.threads': 2,
}
