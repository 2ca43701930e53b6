import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readConfig, settingsTable } from '../../../infra/config.ts'
import { StartProblem } from '../../../infra/start-problem.ts'

test('with nothing set, everything runs embedded on this machine', () => {
  expect(readConfig({})).toMatchObject({
    PORT: 4000,
    HOST: '127.0.0.1',
    DATA_DIR: resolve('.penstock'),
    KAFKA_BROKERS: undefined,
    KAFKA_PREFIX: 'penstock.',
    KAFKA_REPLICATION: 1,
    INTAKE_PARTITIONS: 2,
    JOB_PARTITIONS: 1,
    CLICKHOUSE_URL: undefined,
    ADMIN_TOKEN: undefined,
    DRAIN_SECONDS: undefined,
    DEMO: true,
    LOG_LEVEL: 'info',
  })
})

test('an own Kafka has other defaults for copies and partitions', () => {
  expect(readConfig({ KAFKA_BROKERS: 'a:9092, b:9092' })).toMatchObject({
    KAFKA_BROKERS: ['a:9092', 'b:9092'],
    KAFKA_REPLICATION: 3,
    INTAKE_PARTITIONS: 6,
    JOB_PARTITIONS: 6,
  })
})

test.each([
  ['PORT', '4001', 4001],
  ['DEMO', 'false', false],
  ['PUBLIC_URL', 'https://pipes.example.org/', 'https://pipes.example.org'],
  ['KAFKA_BROKERS', '[::1]:9092', ['[::1]:9092']],
  ['KAFKA_SASL_MECHANISM', 'SCRAM-SHA-512', 'SCRAM-SHA-512'],
  ['DRAIN_SECONDS', '0', 0],
  ['KAFKA_PREFIX', '', 'penstock.'],
] as const)('%s=%s is read as %j', (name, raw, value) => {
  const others = name === 'KAFKA_SASL_MECHANISM' ? { KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' } : {}
  expect(readConfig({ ...others, [name]: raw })[name]).toEqual(value)
})

test.each([
  ['PORT', '0'],
  ['PORT', '65536'],
  ['PORT', '4e3'],
  ['PORT', 'tcp://10.0.0.1:4000'],
  ['DEMO', 'yes'],
  ['PUBLIC_URL', 'pipes.example.org'],
  ['PUBLIC_URL', 'ftp://pipes.example.org'],
  ['PUBLIC_URL', 'https://amina:hush@pipes.example.org'],
  ['CLICKHOUSE_URL', 'https://:hush@store.example.org'],
  ['CLICKHOUSE_URL', 'https://amina@store.example.org'],
  ['KAFKA_BROKERS', 'kafka'],
  ['KAFKA_BROKERS', 'a:9092,'],
  ['KAFKA_BROKERS', 'kafka://a:9092'],
  ['KAFKA_PREFIX', 'a b'],
  ['KAFKA_REPLICATION', '-1'],
  ['LOG_LEVEL', 'loud'],
  ['CLICKHOUSE_DATABASE', 'a-b'],
  ['ADMIN_TOKEN', 'short'],
])('%s=%s is refused by name, without the value', (name, raw) => {
  const { message } = problemOf({ [name]: raw })
  expect(message).toMatch(new RegExp(`^The settings are not usable:\n {2}${name} must (be|have) [^\n]+$`))
  expect(message).not.toContain(raw)
})

test('credentials in the URL of ClickHouse are told where they belong', () => {
  expect(problemOf({ CLICKHOUSE_URL: 'https://amina:hush@store.example.org' }).message).toMatch(
    /CLICKHOUSE_URL must .* without user name and password: set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD$/,
  )
})

test('all problems are told at once', () => {
  const { message } = problemOf({
    PORT: 'x',
    DEMO: 'x',
    KAFKA_BROKERS: 'x',
    ADMIN_TOKEN_FILE: '/nowhere',
    ADMIN_TOKEN: '',
  })
  expect(message.split('\n').map((line) => line.trim().split(' ')[0])).toEqual([
    'The',
    'PORT',
    'KAFKA_BROKERS',
    'ADMIN_TOKEN',
    'DEMO',
  ])
})

test('what goes together is asked for together', () => {
  expect(problemOf({ KAFKA_SASL_USERNAME: 'u', KAFKA_SSL_KEY: 'k' }).message.split('\n  ').slice(1)).toEqual([
    'KAFKA_SSL_CERT must be set: KAFKA_SSL_CERT, KAFKA_SSL_KEY go together',
    'KAFKA_SASL_MECHANISM, KAFKA_SASL_PASSWORD must be set: KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD go together',
  ])
})

test('a secret may come from a file, without its line end', () => {
  const file = fileWith('0123456789abcdef-secret\n')
  expect(readConfig({ ADMIN_TOKEN_FILE: file }).ADMIN_TOKEN).toBe('0123456789abcdef-secret')
})

test.each([
  ['a file that is not there', { CLICKHOUSE_PASSWORD_FILE: '/nowhere/password' }, 'cannot be read from the file'],
  ['an empty file', { CLICKHOUSE_PASSWORD_FILE: '/dev/null' }, 'is empty in the file'],
  ['a file and a value', { CLICKHOUSE_PASSWORD_FILE: '/dev/null', CLICKHOUSE_PASSWORD: 'hush' }, 'are both set'],
])('%s as a secret is refused', (_, env, problem) => {
  const { message } = problemOf(env)
  expect(message).toContain('CLICKHOUSE_PASSWORD')
  expect(message).toContain(problem)
  expect(message).not.toMatch(/hush|nowhere/)
})

test('only settings that are marked so are read from files', () => {
  expect(readConfig({ PORT_FILE: fileWith('1') }).PORT).toBe(4000)
})

test('every secret may come from a file, and the table says all settings', () => {
  const secrets = settingsTable.filter(({ name }) => /PASSWORD|TOKEN|KEY$/.test(name))
  expect(secrets.length).toBeGreaterThan(3)
  expect(secrets.every(({ file }) => file)).toBe(true)
  expect(settingsTable.find(({ name }) => name === 'KAFKA_REPLICATION')?.default).toBe('1 embedded, 3 otherwise')
  expect(settingsTable.filter(({ meaning, default: said }) => meaning === '' || said === '')).toEqual([])
})

const problemOf = (env: NodeJS.ProcessEnv): Error => {
  try {
    readConfig(env)
  } catch (error) {
    expect(error).toBeInstanceOf(StartProblem)
    return error as Error
  }
  throw new Error('was taken')
}

const fileWith = (content: string): string => {
  const dir = mkdtempSync(join(tmpdir(), 'penstock-config-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'secret'), content)
  return join(dir, 'secret')
}
