import type { Config } from '../config.ts'
import type { KafkaOptions } from './open.ts'

/** How the settings say that Kafka is reached, and how topics are made there. */
export const kafkaAccess = (config: Config): Omit<KafkaOptions, 'brokers' | 'embedded' | 'logger'> => ({
  clientId: 'penstock',
  prefix: config.KAFKA_PREFIX,
  replication: config.KAFKA_REPLICATION,
  partitions: { intake: config.INTAKE_PARTITIONS, job: config.JOB_PARTITIONS },
  tls: config.KAFKA_SSL
    ? { ca: config.KAFKA_SSL_CA, cert: config.KAFKA_SSL_CERT, key: config.KAFKA_SSL_KEY }
    : undefined,
  sasl: config.KAFKA_SASL_MECHANISM && {
    mechanism: config.KAFKA_SASL_MECHANISM,
    username: config.KAFKA_SASL_USERNAME ?? '',
    password: config.KAFKA_SASL_PASSWORD ?? '',
  },
})
