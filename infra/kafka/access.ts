import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Config } from '../config.ts'
import { StartProblem } from '../start-problem.ts'
import type { KafkaOptions } from './open.ts'

/** How the settings say that Kafka is reached, and how topics are made there. Throws a StartProblem for settings that cannot be meant so. */
export const kafkaAccess = (config: Config): Omit<KafkaOptions, 'brokers' | 'embedded' | 'logger'> => {
  const problems = problemsOf(config)
  if (problems.length > 0) throw new StartProblem(['The settings are not usable:', ...problems].join('\n  '))
  return {
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
  }
}

const problemsOf = (config: Config): readonly string[] => {
  const { KAFKA_BROKERS, KAFKA_SSL, KAFKA_SSL_CA, KAFKA_SSL_CERT, KAFKA_SSL_KEY, KAFKA_SASL_MECHANISM } = config
  const problems: string[] = []
  const without = (wish: string, needed: string): void => void problems.push(`${wish} is set, and ${needed}`)
  if (!KAFKA_BROKERS && KAFKA_SSL) without('KAFKA_SSL', 'KAFKA_BROKERS is not: the embedded Kafka speaks no TLS')
  if (!KAFKA_BROKERS && KAFKA_SASL_MECHANISM)
    without('KAFKA_SASL_MECHANISM', 'KAFKA_BROKERS is not: the embedded Kafka takes no login')
  if (!KAFKA_SSL && (KAFKA_SSL_CA || KAFKA_SSL_CERT))
    without(KAFKA_SSL_CA ? 'KAFKA_SSL_CA' : 'KAFKA_SSL_CERT', 'KAFKA_SSL is not true')
  if (KAFKA_SSL_CA && !certificateIn(KAFKA_SSL_CA)) problems.push('KAFKA_SSL_CA must be a certificate in PEM')
  if (KAFKA_SSL_CERT && KAFKA_SSL_KEY) problems.push(...pairProblems(KAFKA_SSL_CERT, KAFKA_SSL_KEY))
  return problems
}

const pairProblems = (certificate: string, key: string): readonly string[] => {
  const [read, own] = [certificateIn(certificate), keyIn(key)]
  return [
    ...(read ? [] : ['KAFKA_SSL_CERT must be a certificate in PEM']),
    ...(own ? [] : ['KAFKA_SSL_KEY must be a private key in PEM, without a passphrase']),
    ...(read && own && !read.checkPrivateKey(own) ? ['KAFKA_SSL_KEY is not the key of KAFKA_SSL_CERT'] : []),
  ]
}

const certificateIn = (pem: string): X509Certificate | undefined => readable(() => new X509Certificate(pem))
const keyIn = (pem: string) => readable(() => createPrivateKey(pem))

/** What Node says of a key that it cannot read would say too much of it. */
const readable = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}
