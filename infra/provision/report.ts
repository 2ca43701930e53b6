import type { Checked, Difference } from '../kafka/check-topics.ts'

/** What a run of `penstock provision` came to, as data. Null: not asked for, its setting is not set. */
export type Report = Readonly<{
  kafka: (Checked & Readonly<{ brokers: readonly string[]; made: readonly string[]; present: number }>) | null
  clickhouse: Readonly<{ url: string; database: string; applied: readonly string[] }> | null
}>

/** The report for people; `secured`: Kafka's own programs need to be told how to log in. */
export const reportText = ({ kafka, clickhouse }: Report, secured: boolean): string =>
  [
    ...(kafka
      ? kafkaLines(kafka, secured)
      : ['Kafka: KAFKA_BROKERS is not set; the embedded one is provisioned by penstock up']),
    ...(clickhouse
      ? [
          `ClickHouse at ${clickhouse.url}, database ${clickhouse.database}`,
          clickhouse.applied.length > 0 ? `  applied ${clickhouse.applied.join(', ')}` : '  nothing to apply',
        ]
      : ['ClickHouse: CLICKHOUSE_URL is not set; the embedded one is provisioned by penstock up']),
  ].join('\n')

const kafkaLines = (kafka: NonNullable<Report['kafka']>, secured: boolean): readonly string[] => {
  const where = `--bootstrap-server ${kafka.brokers.join(',')}${secured ? ' --command-config client.properties' : ''}`
  const differing = Map.groupBy(kafka.differences, ({ topic }) => topic)
  return [
    `Kafka at ${kafka.brokers.join(', ')}`,
    ...kafka.made.map((topic) => `  made ${topic}`),
    `  ${kafka.made.length} topics made, ${kafka.present} were there`,
    ...[...differing].flatMap(([topic, differences]) => [
      `  ${topic} is used as it is, and differs:`,
      ...differences.map((one) => `    ${one.setting} is ${one.is}, not ${one.wanted}${effectOf(one)}`),
      ...remediesOf(topic, differences).map((command) => `    mend it: ${command.replace('…', where)}`),
    ]),
    ...(kafka.unread.length > 0
      ? [`  not compared, for want of the right DescribeConfigs: ${kafka.unread.join(', ')}`]
      : []),
  ]
}

/** What it means for people, where it is worse than it looks. */
const effectOf = ({ setting, is, wanted }: Difference): string => {
  const [now, should] = [Number(is), Number(wanted)]
  switch (setting) {
    case 'max.message.bytes':
      return now < should ? ': WARNING: what is larger is refused (413), or its run ends as too large' : ''
    case 'retention.ms':
      return now >= 0 && (should < 0 || now < should) ? ': WARNING: what waits longer is lost' : ''
    case 'cleanup.policy':
      return ': WARNING: records are lost'
    case 'min.insync.replicas':
      return now < should ? ': WARNING: what is acknowledged may be on one broker only' : ''
    case 'replication':
      return now < should ? ': WARNING: fewer brokers may fail' : ''
    case 'message.timestamp.type':
      return ': WARNING: repeats are known by the time that the sender says'
    default:
      return ''
  }
}

const remediesOf = (topic: string, differences: readonly Difference[]): readonly string[] => {
  const configs = differences.filter(({ setting }) => setting.includes('.'))
  const partitions = differences.find(
    ({ setting, is, wanted }) => setting === 'partitions' && Number(is) < Number(wanted),
  )
  return [
    ...(configs.length > 0
      ? [
          `kafka-configs.sh … --alter --entity-type topics --entity-name ${topic} --add-config ${configs.map(({ setting, wanted }) => `${setting}=${wanted}`).join(',')}`,
        ]
      : []),
    ...(partitions
      ? [
          `kafka-topics.sh … --alter --topic ${topic} --partitions ${partitions.wanted} (keys move: stop the roles and let them finish first)`,
        ]
      : []),
    ...(differences.some(({ setting }) => setting === 'replication')
      ? [`kafka-reassign-partitions.sh, or set KAFKA_REPLICATION to what you mean`]
      : []),
  ]
}
