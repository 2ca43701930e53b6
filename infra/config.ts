import {
  brokerList,
  directory,
  flag,
  httpUrl,
  integer,
  matching,
  oneOf,
  optional,
  port,
  type Setting,
  settingText,
  text,
  withDefault,
} from './setting.ts'
import { StartProblem } from './start-problem.ts'

const secretKey = matching(/^[\w+/-]{43}=?$/, 'must be 32 bytes in base64, as `openssl rand -base64 32` prints them')

const settings = {
  PORT: withDefault(port, { fallback: '4000', meaning: 'the doors and the API' }),
  HOST: withDefault(text, { fallback: '127.0.0.1', meaning: 'the address to listen on; 0.0.0.0 for all' }),
  METRICS_PORT: optional(port, {
    unset: '9464 for a role; `up` has them on `PORT`',
    meaning: '`/metrics`, `/livez` and `/readyz` on a port of their own',
  }),
  PUBLIC_URL: optional(httpUrl(), { unset: 'http://`HOST`:`PORT`', meaning: 'what links begin with' }),
  DATA_DIR: withDefault(directory, {
    fallback: '.penstock',
    meaning: 'where the embedded Kafka and ClickHouse keep their data, and the secrets that were made',
  }),
  KAFKA_BROKERS: optional(brokerList, {
    unset: 'none: the embedded Kafka',
    meaning: 'your own Kafka: `host:port`, several with commas between',
  }),
  KAFKA_PORT: optional(port, { unset: 'picked once, then kept', meaning: 'the port of the embedded Kafka' }),
  KAFKA_PREFIX: withDefault(
    matching(/^[\w.-]{1,40}$/, 'must be at most 40 letters, digits, dots, dashes or underscores'),
    {
      fallback: 'penstock.',
      meaning: 'what the names of all topics and consumer groups begin with',
    },
  ),
  KAFKA_SSL: withDefault(flag, { fallback: 'false', meaning: 'speak TLS with `KAFKA_BROKERS`' }),
  KAFKA_SSL_CA: optional(text, {
    unset: "the system's",
    file: true,
    meaning: 'PEM: who signed the certificates of the brokers',
  }),
  KAFKA_SSL_CERT: optional(text, {
    unset: 'none',
    file: true,
    meaning: 'PEM: our certificate, where the brokers ask for one',
  }),
  KAFKA_SSL_KEY: optional(text, { unset: 'none', file: true, meaning: 'PEM: the key of our certificate' }),
  KAFKA_SASL_MECHANISM: optional(oneOf('PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'), {
    unset: 'none',
    meaning: 'how we log in to `KAFKA_BROKERS`: `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`',
  }),
  KAFKA_SASL_USERNAME: optional(text, { unset: 'none', meaning: 'as whom' }),
  KAFKA_SASL_PASSWORD: optional(text, { unset: 'none', file: true, meaning: 'with which password' }),
  KAFKA_REPLICATION: withDefault(integer(1, 15), {
    fallback: { embedded: '1', otherwise: '3' },
    meaning: 'copies of each topic that we make',
  }),
  INTAKE_PARTITIONS: withDefault(integer(1, 1_000), {
    fallback: { embedded: '2', otherwise: '6' },
    meaning: 'partitions of the topics that we make, but those of jobs',
  }),
  JOB_PARTITIONS: withDefault(integer(1, 1_000), {
    fallback: { embedded: '1', otherwise: '6' },
    meaning: 'partitions of the topic of each job that we make',
  }),
  CLICKHOUSE_URL: optional(httpUrl('set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD'), {
    unset: 'none: the embedded ClickHouse',
    meaning: 'your own ClickHouse: its HTTP interface',
  }),
  CLICKHOUSE_USER: withDefault(text, { fallback: 'default', meaning: 'as whom we log in to `CLICKHOUSE_URL`' }),
  CLICKHOUSE_PASSWORD: optional(text, { unset: 'none', file: true, meaning: 'with which password' }),
  CLICKHOUSE_DATABASE: withDefault(
    matching(/^[A-Za-z_]\w{0,62}$/, 'must be a name of letters, digits and underscores'),
    {
      fallback: 'penstock',
      meaning: 'the database of our tables and views',
    },
  ),
  CLICKHOUSE_PORT: optional(port, { unset: 'picked once, then kept', meaning: 'the port of the embedded ClickHouse' }),
  ADMIN_TOKEN: optional(matching(/^[\x21-\x7e]{16,}$/, 'must have at least 16 characters, no spaces'), {
    unset: 'made once in `DATA_DIR`/admin-token by `up`; `console` needs it',
    file: true,
    meaning: "the administrator's token for the API",
  }),
  SECRET_KEY: optional(secretKey, {
    unset: 'made once in `DATA_DIR`/secret-key by `up`; `console` and `runner` need it for credentials',
    file: true,
    meaning: '32 random bytes in base64, the same for all roles: what credentials are kept secret with',
  }),
  SECRET_KEY_PREVIOUS: optional(secretKey, {
    unset: 'none',
    file: true,
    meaning: 'the `SECRET_KEY` before, until `penstock keys rotate` has been run',
  }),
  DRAIN_SECONDS: optional(integer(0, 600), {
    unset: '5 for `up`, 25 for a role',
    meaning: 'time on a stop for runs in hand; then they are cut off and done again later',
  }),
  DEMO: withDefault(flag, {
    fallback: 'true',
    meaning:
      'put the demo project into an empty `DATA_DIR`, and let jobs call what listens on this machine (embedded broker only)',
  }),
  LOG_LEVEL: withDefault(oneOf('debug', 'info', 'warn', 'error'), {
    fallback: 'info',
    meaning: 'the least that is logged: `debug`, `info`, `warn` or `error`',
  }),
} as const satisfies Readonly<Record<string, Setting>>

/** What the installation is told from outside: one value for each setting of the table. */
export type Config = { readonly [Name in keyof typeof settings]: ReturnType<(typeof settings)[Name]['read']> }

/** All settings as a table for the documentation; `file`: also as `<NAME>_FILE`. */
export const settingsTable: readonly Readonly<{ name: string; default: string; meaning: string; file: boolean }>[] =
  Object.entries<Setting>(settings).map(([name, { fallback, unset, meaning, file }]) => ({
    name,
    default:
      typeof fallback === 'object'
        ? `${fallback.embedded} embedded, ${fallback.otherwise} otherwise`
        : (fallback ?? unset ?? 'none'),
    meaning,
    file: file === true,
  }))

/** Reads all settings, once, at the door. Throws a StartProblem that lists everything that is wrong, by name, never by value. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const problems: string[] = []
  const entries = Object.entries<Setting>(settings).map(([name, setting]): [string, unknown] => {
    try {
      const raw = settingText(name, setting, env) ?? fallbackOf(setting, !env['KAFKA_BROKERS'])
      return [name, raw === undefined ? undefined : setting.read(raw)]
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}`)
      return [name, undefined]
    }
  })
  problems.push(...halves(env))
  if (problems.length > 0) throw new StartProblem(['The settings are not usable:', ...problems].join('\n  '))
  return Object.freeze(Object.fromEntries(entries)) as Config
}

/** The settings of an installation on brokers of its own, also before it is known where those are. */
export const readOwnConfig = (env: NodeJS.ProcessEnv = process.env): Config =>
  readConfig(env['KAFKA_BROKERS'] ? env : { ...env, KAFKA_BROKERS: 'not-known-yet:9092' })

/** Where programs of this machine are looked for. */
export type Tools = Readonly<{ path?: string | undefined; javaHome?: string | undefined }>

export const readTools = (env: NodeJS.ProcessEnv = process.env): Tools => ({
  path: env['PATH'],
  javaHome: env['JAVA_HOME'],
})

/** What npm gets of the environment: where things are, proxies, whose certificates count, its own settings. The rest is partly secret. */
export const readNpmEnvironment = (env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => ofNpm.test(name)))

const ofNpm =
  /^(PATH|HOME|TMPDIR|((https?|no)_)?proxy|npm_config_.+|NODE_EXTRA_CA_CERTS|NODE_USE_SYSTEM_CA|SSL_CERT_(FILE|DIR))$/i

const fallbackOf = ({ fallback }: Setting, embedded: boolean): string | undefined =>
  typeof fallback === 'object' ? fallback[embedded ? 'embedded' : 'otherwise'] : fallback

const together = [
  ['KAFKA_SSL_CERT', 'KAFKA_SSL_KEY'],
  ['KAFKA_SASL_MECHANISM', 'KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
] as const satisfies readonly (readonly (keyof typeof settings)[])[]

const halves = (env: NodeJS.ProcessEnv): readonly string[] =>
  together
    .map((names) => ({ names, missing: names.filter((name) => !env[name] && !env[`${name}_FILE`]) }))
    .filter(({ names, missing }) => missing.length > 0 && missing.length < names.length)
    .map(({ names, missing }) => `${missing.join(', ')} must be set: ${names.join(', ')} go together`)
