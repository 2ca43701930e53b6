import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished, test } from 'vitest'
import { readConfig } from '../../infra/config.ts'
import { kafkaAccess } from '../../infra/kafka/access.ts'
import { type KafkaOptions, openKafka } from '../../infra/kafka/open.ts'
import { provisionKafka } from '../../infra/provision/kafka.ts'
import { reportText } from '../../infra/provision/report.ts'
import { type Operation, type Right, rightsOf, roleOf } from '../../infra/provision/rights.ts'
import { StartProblem } from '../../infra/start-problem.ts'
import type { Logger, MessageLog } from '../../topology/flow/ports.ts'
import { map } from '../../topology/map.ts'
import { codeIdOf } from '../../topology/project/schema.ts'
import {
  controlTopic,
  deadLettersTopic,
  definitionsTopic,
  fixedTopics,
  intakeTopic,
  jobTopic,
  projectTopics,
  retryTopics,
} from '../../topology/topics.ts'
import { textRecord } from '../../topology/wire/definitions.ts'
import { deploy, endedRuns, houseName, post, put, startHouse } from '../fixtures/house.ts'
import { freePort, machine, until as untilAnswer } from '../fixtures/penstock.ts'
import { type Door, passwordOf, type SecureBroker, startSecureBroker } from '../fixtures/secure-broker.ts'
import { silent } from '../fixtures/silent.ts'
import { all, numbered, numberIn, readerOf, record, topic } from './message-log.ts'

const roles = [...new Set(rightsOf('').map(({ role }) => role))]
let broker: SecureBroker
let admin: Admin

beforeAll(async () => {
  broker = await startSecureBroker([...roles, 'everything'])
  admin = new Kafka({ brokers: [broker.doors.open], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
})
afterAll(async () => {
  await Promise.all(closing)
  await admin?.disconnect()
  await broker?.[Symbol.asyncDispose]()
})

type Settings = Readonly<Record<string, string>>
const at = (door: Door): Settings => ({ KAFKA_BROKERS: broker.doors[door], KAFKA_REPLICATION: '1' })
const tls = (ca = broker.ca): Settings => ({ KAFKA_SSL: 'true', KAFKA_SSL_CA: ca })
const login = (mechanism: string, user = 'admin', password = passwordOf(user)): Settings => ({
  KAFKA_SASL_MECHANISM: mechanism,
  KAFKA_SASL_USERNAME: user,
  KAFKA_SASL_PASSWORD: password,
})
const certificate = (): Settings => ({
  KAFKA_SSL_CERT: broker.client.certificate,
  KAFKA_SSL_KEY: broker.client.key,
})

const optionsOf = (settings: Settings, logger: Logger = silent): KafkaOptions & { prefix: string } => {
  const config = readConfig({ KAFKA_PREFIX: `${randomUUID()}.`, ...settings })
  const brokers = config.KAFKA_BROKERS ?? []
  return { ...kafkaAccess(config), prefix: config.KAFKA_PREFIX, brokers, embedded: false, logger }
}

describe('A cluster that lets us in', () => {
  test.each<[string, () => Settings]>([
    ['without anything', () => at('open')],
    ['by TLS', () => ({ ...at('tls'), ...tls() })],
    ['by TLS and our certificate', () => ({ ...at('mutual'), ...tls(), ...certificate() })],
    ['by PLAIN', () => ({ ...at('login'), ...login('PLAIN') })],
    ['by SCRAM-SHA-256', () => ({ ...at('login'), ...login('SCRAM-SHA-256') })],
    ['by SCRAM-SHA-512', () => ({ ...at('login'), ...login('SCRAM-SHA-512') })],
    ['by TLS and PLAIN', () => ({ ...at('both'), ...tls(), ...login('PLAIN') })],
    ['by TLS and SCRAM-SHA-256', () => ({ ...at('both'), ...tls(), ...login('SCRAM-SHA-256') })],
    ['by TLS and SCRAM-SHA-512', () => ({ ...at('both'), ...tls(), ...login('SCRAM-SHA-512') })],
    [
      'under a name',
      () => ({ ...at('tls'), ...tls(), KAFKA_BROKERS: broker.doors.tls.replace('127.0.0.1', 'localhost') }),
    ],
  ])('%s does all that a log does', async (_, settings) => {
    await using log = await openKafka(optionsOf(settings()))
    await log.ping()
    await log.ensureTopics([topic('t', 2)])
    await log.append(numbered('t', 4))
    await log.tryAppend(record('t', 'k', '4'), 5_000)
    {
      await using reading = readerOf(log, { group: 'g' }, ['t'])
      await reading.settled(3)
    }
    await using again = readerOf(log, { group: 'g' }, ['t'])
    await again.settled(2)
    expect((await all(log, 't')).map(numberIn).sort()).toEqual([0, 1, 2, 3, 4])
  })

  it('and asks for the login again and again is written and read without loss or double', async () => {
    await using log = await openKafka(optionsOf({ ...at('often'), ...login('SCRAM-SHA-256') }))
    await log.ensureTopics([topic('t', 2)])
    await using reading = readerOf(log, { group: 'g', idOf: ({ value }) => value?.toString() }, ['t'])
    const first = Date.now()
    const [written, read]: [number[], number[]] = [[], []]
    // For as long as three logins last.
    for (let last = first; last - first < 6_000; ) {
      const n = written.length
      await log.append([record('t', `k${n % 7}`, String(n))])
      written.push(n)
      for (const one of await reading.settled(1)) {
        read.push(numberIn(one))
        last = one.timestamp
      }
    }
    expect(read.toSorted((a, b) => a - b)).toEqual(written)
    expect((await all(log, 't')).map(numberIn).toSorted((a, b) => a - b)).toEqual(written)
  })
})

test('A password that is changed on the broker is told by ping, and when it is changed back all goes on', async () => {
  await using log = await openKafka(optionsOf({ ...at('often'), ...login('SCRAM-SHA-256') }))
  await log.ensureTopics([topic('t')])
  await using reading = readerOf(log, { group: 'g' }, ['t'])
  await log.append([record('t', 'k', '0')])
  await reading.settled(1)
  await broker.setPassword('admin', 'another')
  const told = () => log.ping().catch((error: unknown) => error)
  expect(await untilAnswer(told, 'the login has to be made again')).toMatchObject({
    code: 'log-unavailable',
    message: expect.stringMatching(/^Kafka refuses the login .* KAFKA_SASL_PASSWORD/),
  })
  const appended = log.append([record('t', 'k', '1')])
  await broker.setPassword('admin', passwordOf('admin'))
  await appended
  expect((await reading.settled(1)).map(numberIn)).toEqual([1])
  await log.ping()
})

describe('A cluster that does not let us in', { concurrent: true }, () => {
  const wrong = 'not-the-password'
  test.each<[string, () => Settings, RegExp]>([
    ['a wrong password (PLAIN)', () => ({ ...at('login'), ...login('PLAIN', 'admin', wrong) }), /KAFKA_SASL_PASSWORD/],
    [
      'a wrong password (SCRAM)',
      () => ({ ...at('login'), ...login('SCRAM-SHA-512', 'admin', wrong) }),
      /KAFKA_SASL_PASSWORD/,
    ],
    [
      'an unknown user',
      () => ({ ...at('both'), ...tls(), ...login('SCRAM-SHA-256', 'nobody', wrong) }),
      /KAFKA_SASL_USERNAME/,
    ],
    ['an authority that we do not know', () => ({ ...at('tls'), ...tls(broker.otherCa) }), /KAFKA_SSL_CA must hold/],
    ['an authority that nobody named', () => ({ ...at('tls'), KAFKA_SSL: 'true' }), /set KAFKA_SSL_CA/],
    ['a certificate that is over', () => ({ ...at('expired'), ...tls() }), /not valid today/],
    ['a certificate for another host', () => ({ ...at('foreign'), ...tls() }), /other host names.*KAFKA_BROKERS/],
    ['plain text to a TLS port', () => at('tls'), /set KAFKA_SSL=true/],
    ['TLS to a plain port', () => ({ ...at('open'), ...tls() }), /KAFKA_SSL=false/],
    ['no certificate of ours', () => ({ ...at('mutual'), ...tls() }), /set KAFKA_SSL_CERT/],
    ['no login', () => at('login'), /KAFKA_SASL_MECHANISM/],
    ['no login, with TLS', () => ({ ...at('both'), ...tls() }), /KAFKA_SASL_MECHANISM/],
    ['a login without TLS to a TLS port', () => ({ ...at('both'), ...login('PLAIN') }), /KAFKA_SSL=true/],
    ['a login where none is taken', () => ({ ...at('open'), ...login('PLAIN') }), /leave KAFKA_SASL_MECHANISM out/],
  ])('for %s ends the start with the setting to mend', async (_, settings, sentence) => {
    const failure = await openKafka(optionsOf(settings())).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(StartProblem)
    const { message } = failure as StartProblem
    expect(message).toMatch(sentence)
    expect(message).toMatch(/^Kafka at [^\n]*\.$/)
    expect(message).not.toMatch(/not-the-password|secret-of/)
  })

  it('ends penstock provision with one line and exit code 1', async () => {
    const settings = { ...at('both'), ...tls(), ...login('SCRAM-SHA-256', 'admin', wrong) }
    expect(await provision(settings)).toEqual({
      code: 1,
      out: '',
      errors: expect.stringMatching(
        /^Kafka at \S+ refuses the login by SCRAM-SHA-256: mend .*KAFKA_SASL_PASSWORD.*\.\n$/,
      ),
    })
  })

  it.each<[string, () => Settings, RegExp]>([
    ['a CA that is none', () => tls('rubbish'), /KAFKA_SSL_CA must be a certificate/],
    [
      'a key that is none',
      () => ({ ...tls(), ...certificate(), KAFKA_SSL_KEY: 'rubbish' }),
      /KAFKA_SSL_KEY must be a private key/,
    ],
    [
      'a certificate that is none',
      () => ({ ...tls(), ...certificate(), KAFKA_SSL_CERT: 'rubbish' }),
      /KAFKA_SSL_CERT must be a cert/,
    ],
    [
      'a certificate of another key',
      () => ({ ...tls(), ...certificate(), KAFKA_SSL_CERT: broker.ca }),
      /not the key of/,
    ],
    ['a CA without TLS', () => ({ KAFKA_SSL_CA: broker.ca }), /KAFKA_SSL is not true/],
  ])('is not even asked with %s', (_, settings, sentence) => {
    expect(() => optionsOf({ ...at('tls'), ...settings() })).toThrow(sentence)
  })
})

describe('A cluster that grants what penstock provision --print lists, and nothing else,', () => {
  it.each(roles)('lets the role %s do its work, and each right is needed for that', async (role) => {
    const prefix = `${randomUUID()}.`
    const place = { KAFKA_PREFIX: prefix, INTAKE_PARTITIONS: '1', JOB_PARTITIONS: '1' }
    const rights = rightsOf(prefix).filter((right) => right.role === role)
    await using master = await openKafka(optionsOf({ ...at('open'), ...place }))
    await master.ensureTopics([...fixedTopics, ...projectTopics('p', ['j'])])
    await master.append([textRecord({ kind: 'code', id: codeIdOf('fn(s => s)'), text: 'fn(s => s)' })]) // nothing has to be read of what is empty
    const acls = rights.flatMap((right) => right.operations.map((operation) => aclOf(right, operation)))
    await grant(acls)
    const settings = { ...at('login'), ...login('PLAIN', role), ...place }
    expect(await workOf(role, settings, master)).toBe('done')
    for (const acl of acls) {
      await revoke(acl)
      expect([acl, await workOf(role, settings, master)]).toEqual([acl, expect.stringMatching(complaint)])
      await grant([acl])
    }
  })

  it('lets a whole house work; topics that it may not make are named, at the start and at a deploy', async () => {
    const name = houseName()
    const env = {
      ...at('both'),
      ...tls(),
      ...login('SCRAM-SHA-512', 'everything'),
      KAFKA_PREFIX: `${name}.`,
      INTAKE_PARTITIONS: '2',
      JOB_PARTITIONS: '1',
    }
    const rights = rightsOf(`${name}.`).filter(({ role }) => role !== 'provision')
    const operations = (right: Right) => right.operations.filter((operation) => operation !== 'Create')
    await grant(rights.flatMap((right) => operations(right).map((one) => aclOf({ ...right, role: 'everything' }, one))))
    const master = { ...env, ...login('SCRAM-SHA-256') }
    const document = {
      name: 'clinic',
      sources: { inbox: { type: 'webhook', path: 'inbox' } },
      triggers: { all: { type: 'message' } },
      jobs: { count: { trigger: 'all', expression: 'fn(state => ({ sum: state.data.a + 1 }))' } },
    }

    expect(await command('up', env)).toMatchObject({
      code: 1,
      errors: expect.stringMatching(
        new RegExp(
          `^Kafka does not let us make the topics ${name}\\.control, .*dead-letters, .*definitions, .*runs: run penstock provision .*\\n$`,
        ),
      ),
    })
    expect(await provision(master)).toMatchObject({
      code: 0,
      out: expect.stringContaining(`${fixedTopics.length} topics made, 0 were there`),
    })

    await using house = await startHouse({ env }, name)
    const refused = await put(house, document)
    expect([refused.status, await refused.json()]).toEqual([
      409,
      expect.objectContaining({
        detail: expect.stringMatching(`${name}.intake.clinic, ${name}.job.clinic.count: run penstock provision`),
      }),
    ])
    const file = join(mkdtempSync(join(tmpdir(), 'penstock-')), 'clinic.json')
    onTestFinished(() => rmSync(dirname(file), { recursive: true }))
    writeFileSync(file, JSON.stringify(document))
    expect(await provision(master, '--project', file)).toMatchObject({
      code: 0,
      out: expect.stringContaining(`2 topics made, ${fixedTopics.length} were there`),
    })
    const { sources } = await deploy(house, document)
    const message = await post(house, sources['inbox']?.id ?? '', '{"a":1}')
    const [run] = await endedRuns(house, 'clinic', { message, count: 1 })
    expect(run).toMatchObject({ status: 'success', final_state: { sum: 2 } })
    expect(await provision(master)).toMatchObject({
      code: 0,
      out: expect.stringContaining(`0 topics made, ${fixedTopics.length + 2} were there`),
    })
  })
})

describe('Topics that are there', () => {
  it('are used as they are, and provision says what differs, and with what command it is mended', async () => {
    const prefix = `${houseName()}.`
    const settings = { ...at('both'), ...tls(), ...login('PLAIN'), KAFKA_PREFIX: prefix, INTAKE_PARTITIONS: '2' }
    const configEntries = [
      { name: 'max.message.bytes', value: '1000000' },
      { name: 'retention.ms', value: '1000' },
    ]
    await admin.createTopics({ topics: [{ topic: `${prefix}runs`, numPartitions: 1, configEntries }] })
    const { code, out } = await provision(settings)
    expect(code).toBe(0)
    const where = `--bootstrap-server ${broker.doors.both} --command-config client.properties`
    for (const line of [
      `${prefix}runs is used as it is, and differs:`,
      'partitions is 1, not 2',
      'max.message.bytes is 1000000, not 24000000: WARNING',
      'retention.ms is 1000, not 604800000: WARNING',
      'message.timestamp.type is CreateTime, not LogAppendTime: WARNING',
      `kafka-topics.sh ${where} --alter --topic ${prefix}runs --partitions 2`,
      `kafka-configs.sh ${where} --alter --entity-type topics --entity-name ${prefix}runs --add-config retention.ms=604800000,max.message.bytes=24000000`,
    ])
      expect(out).toContain(line)
    const { kafka } = JSON.parse((await provision(settings, '--json')).out)
    expect(kafka.differences.map(({ setting }: { setting: string }) => setting)).toContain('retention.ms')
  })

  it('but cannot be used end the start, when they must have one partition and have more', async () => {
    const prefix = `${houseName()}.`
    await admin.createTopics({ topics: [{ topic: `${prefix}definitions`, numPartitions: 3 }] })
    expect(await provision({ ...at('open'), KAFKA_PREFIX: prefix })).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/definitions must have one partition and has 3: .*KAFKA_PREFIX\.\n$/),
    })
  })

  it('and more copies than there are brokers are told with the setting to mend', async () => {
    const log = await openKafka(optionsOf({ ...at('open'), KAFKA_REPLICATION: '3' }))
    await expect(log.ensureTopics([topic('t')])).rejects.toThrow(/in 3 copies .*KAFKA_REPLICATION/)
    await log[Symbol.asyncDispose]()
  })
})

/** What is said when a right is missing: of a topic, of a group, of settings. */
const complaint = /penstock provision|_AUTHORIZATION_FAILED|right DescribeConfigs|[Nn]ot authorized/

/** Does what a role does, once: `done`, or the first word of trouble. */
const workOf = async (role: string, settings: Settings, master: MessageLog): Promise<string> => {
  const trouble = Promise.withResolvers<string>()
  const tell = (fields: object, text: string): void => trouble.resolve(`${text} ${JSON.stringify(fields)}`)
  const options = optionsOf(settings, { ...silent, warn: tell })
  const log = await openKafka(options)
  const work = role === 'provision' ? makeAll(options) : role === 'console' ? deployOne(log) : pass(role, log, master)
  const outcome = await Promise.race([Promise.resolve(work).then(() => 'done', String), trouble.promise])
  const closed = Promise.resolve(log[Symbol.asyncDispose]()) // waits for what cannot be written
  if (outcome === 'done') await closed
  else closing.push(closed)
  return outcome
}
const closing: Promise<void>[] = []

const makeAll = async (kafka: KafkaOptions & { prefix: string }): Promise<void> => {
  const topics = projectTopics(houseName(), ['j'])
  const stop = new AbortController().signal
  const report = await provisionKafka({ kafka, topics, logger: kafka.logger, stop })
  if (report.unread.length > 0) throw new Error(reportText({ kafka: report, clickhouse: null }, true))
}

const deployOne = async (log: MessageLog): Promise<void> => {
  await log.ensureTopics(projectTopics(houseName(), ['j']))
  await log.append([record(definitionsTopic, 'k', '{}'), record(controlTopic, 'k', 'v')])
  await all(log, definitionsTopic)
}

/** Follows the definitions, reads a record of each topic of the role, and answers it with one for each that it writes. */
const pass = async (role: string, log: MessageLog, master: MessageLog): Promise<void> => {
  const { reads, writes } = usesOf(role)
  await all(log, definitionsTopic)
  if (reads.length === 0) return await log.append(writes.map((to) => record(to, 'k', 'v')))
  await master.append(reads.map((to) => record(to, 'k', 'v')))
  if (reads.includes(controlTopic)) await all(log, controlTopic)
  for (const [group, topics] of groupsOf(role, reads)) {
    await using reading = readerOf(log, { group }, topics)
    const seen = new Set<string>()
    while (seen.size < topics.length) {
      const [delivery] = await reading.take(1)
      if (!delivery) return // it is being closed
      await delivery.settle([[...writes, deadLettersTopic].map((to) => record(to, 'k', 'v'))])
      seen.add(delivery.record.topic)
    }
  }
}

/** What waits for its time has a group of its own, what people want is followed by each. */
const groupsOf = (role: string, reads: readonly string[]): readonly (readonly [string, readonly string[]])[] => {
  const waiting = reads.filter((topic) => retryTopics.includes(topic))
  const rest = reads.filter((topic) => topic !== controlTopic && !waiting.includes(topic))
  return waiting.length > 0
    ? [
        [role, rest],
        [`${role}-retries`, waiting],
      ]
    : [[role, rest]]
}

const usesOf = (role: string): Readonly<{ reads: readonly string[]; writes: readonly string[] }> => {
  const part = Object.keys(map).find((name) => roleOf(name) === role) as keyof typeof map
  const real = (kind: string): string =>
    ({ intake: intakeTopic('p'), job: jobTopic('p', 'j'), retry: retryTopics[0] })[kind] ?? kind
  return { reads: map[part].reads.map(real), writes: map[part].writes.map(real) }
}

type Acl = Parameters<Admin['createAcls']>[0]['acl'][number]

const aclOf = ({ role, resource, name, pattern }: Right, operation: Operation): Acl => ({
  principal: `User:${role}`,
  host: '*',
  permissionType: AclPermissionTypes.ALLOW,
  operation: operations[operation],
  resourceType: resource === 'topic' ? AclResourceTypes.TOPIC : AclResourceTypes.GROUP,
  resourceName: name,
  resourcePatternType: pattern === 'literal' ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
})
const operations = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Create: AclOperationTypes.CREATE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
} as const satisfies Record<Operation, AclOperationTypes>

const grant = async (acls: readonly Acl[]): Promise<void> => {
  await admin.createAcls({ acl: [...acls] })
  for (const acl of acls) await inForce(acl, true)
}

const revoke = async (acl: Acl): Promise<void> => {
  await admin.deleteAcls({ filters: [acl] })
  await inForce(acl, false)
}

const inForce = (acl: Acl, wanted: boolean): Promise<unknown> =>
  untilAnswer(async () => (await admin.describeAcls(acl)).resources.length > 0 === wanted, 'the ACL is in force')

const provision = (settings: Settings, ...args: readonly string[]) => command('provision', settings, args)

/** Runs `bin/penstock`, and gives what it said in the end. */
const command = async (name: string, settings: Settings, args: readonly string[] = []) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'penstock-'))
  const { url, user, password } = inject('clickhouse')
  const store = name === 'up' ? { CLICKHOUSE_URL: url, CLICKHOUSE_USER: user, CLICKHOUSE_PASSWORD: password } : {}
  const env = { ...machine, ...store, PORT: String(await freePort()), DATA_DIR: dataDir, DEMO: 'false', ...settings }
  const root = resolve(import.meta.dirname, '../..')
  try {
    const ended = promisify(execFile)('bin/penstock', [name, ...args], { cwd: root, env })
    return await ended.then(
      ({ stdout, stderr }) => ({ code: 0, out: stdout, errors: stderr }),
      ({ code, stdout, stderr }) => ({ code, out: stdout, errors: stderr }),
    )
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}
