import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { readTools } from '../../infra/config.ts'
import { type Broker, startBroker } from '../../infra/embedded/broker.ts'
import { brokerJars, kafkaVersion } from '../../infra/embedded/broker-jars.ts'
import { killChildren } from '../../infra/embedded/child.ts'
import { isRunning, type ProcessId, runningProcess } from '../../infra/embedded/process-id.ts'
import { StartProblem } from '../../infra/start-problem.ts'
import { until } from '../fixtures/penstock.ts'
import { silent } from '../fixtures/silent.ts'

// The tests go on from one another: one data directory lives through a clean stop, kills, and a damaged archive.
const root = mkdtempSync(join(tmpdir(), 'penstock-broker-'))
const [dataDir, cacheDir] = [join(root, 'data'), join(root, 'cache')]
const patience = 120_000

beforeAll(async () => {
  const ownCache = fileURLToPath(new URL('../../.cache', import.meta.url))
  await brokerJars({ cacheDir: ownCache, tools: readTools(), onProgress: () => {} })
  mkdirSync(cacheDir)
  symlinkSync(join(ownCache, `kafka-${kafkaVersion}`), join(cacheDir, `kafka-${kafkaVersion}`))
}, patience)

afterAll(() => {
  killChildren()
  rmSync(root, { recursive: true, force: true })
})

test('a broker takes records up to 25 MB, and when it stops nothing of it runs', { timeout: patience }, async () => {
  let id: ProcessId | undefined
  {
    mkdirSync(dataDir, { mode: 0o755 })
    await using broker = await start()
    expect(statSync(join(dataDir, 'kafka')).mode & 0o777).toBe(0o700)
    id = runningProcess(broker.pid)
    expect(id && isRunning(id)).toBe(true)
    await write(broker, ['first', 'x'.repeat(25_000_000)])
    expect(await read(broker)).toEqual(['first', 'xxxxx'])
  }
  expect(id && isRunning(id)).toBe(false)
})

test('data and port outlive a stop, a kill of the owner (its broker is taken over) and a kill of the broker', {
  timeout: patience,
}, async () => {
  const last = JSON.parse(readFileSync(join(dataDir, 'kafka', 'ports.json'), 'utf8'))
  const owner = spawn(process.execPath, ['--input-type=module', '-e', ownerProgram], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [pid, address] = String((await once(owner.stdout, 'data'))[0])
    .trim()
    .split(' ')
  expect(address).toBe(`127.0.0.1:${last.port}`)
  const survivor = runningProcess(Number(pid))
  await write({ address: address ?? '' }, ['second'])
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  expect(survivor && isRunning(survivor)).toBe(true)

  const broker = await start()
  expect(survivor && isRunning(survivor)).toBe(false)
  expect(await read(broker)).toEqual(['first', 'xxxxx', 'second'])

  process.kill(broker.pid, 'SIGKILL')
  expect(await broker.exited).toMatchObject({ signal: 'SIGKILL', wanted: false })
  await using again = await start()
  expect(again.address).toBe(broker.address)
  expect(await read(again)).toEqual(['first', 'xxxxx', 'second'])
})

test('a class archive is made once in the background, and one that is damaged is made anew', {
  timeout: patience,
}, async () => {
  await using first = await start()
  await expect.poll(archives, { timeout: patience }).toHaveLength(1)
  await first[Symbol.asyncDispose]()

  damage(join(cacheDir, archives()[0] ?? ''))
  await using second = await start()
  expect(archives()).toEqual([])
  expect(await read(second)).toEqual(['first', 'xxxxx', 'second'])
})

test('a wanted port that is taken is told before anything is started', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const refused = startBroker({ dataDir: join(root, 'other'), cacheDir, port, logger: silent })
  await expect(refused).rejects.toThrow(StartProblem)
  await expect(refused).rejects.toThrow('KAFKA_PORT')
})

const start = (options: { port?: number } = {}): Promise<Broker> =>
  startBroker({ dataDir, cacheDir, logger: silent, ...options })

const archives = (): string[] => readdirSync(cacheDir).filter((name) => name.endsWith('.jsa'))

const damage = (file: string): void => {
  const bytes = readFileSync(file)
  bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + 1_000_000)
  rmSync(file)
  writeFileSync(file, bytes)
}

const ownerProgram = `
  import { startBroker } from ${JSON.stringify(new URL('../../infra/embedded/broker.ts', import.meta.url).href)}
  const logger = { debug() {}, info() {}, warn() {}, error() {} }
  const broker = await startBroker({ dataDir: ${JSON.stringify(dataDir)}, cacheDir: ${JSON.stringify(cacheDir)}, logger })
  console.log(broker.pid, broker.address)
  setInterval(() => {}, 1e6)`

const clientOf = ({ address }: Pick<Broker, 'address'>): Kafka =>
  new Kafka({ brokers: [address], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 100, retries: 20 } })

const write = async (broker: Pick<Broker, 'address'>, values: readonly string[]): Promise<void> => {
  const client = clientOf(broker)
  const [admin, producer] = [client.admin(), client.producer()]
  await Promise.all([admin.connect(), producer.connect()])
  const configEntries = [
    { name: 'max.message.bytes', value: '26000000' },
    { name: 'flush.messages', value: '1' },
  ]
  await admin.createTopics({ topics: [{ topic: 'kept', configEntries }], waitForLeaders: true })
  for (const value of values) await producer.send({ topic: 'kept', acks: -1, messages: [{ value }] })
  await Promise.all([admin.disconnect(), producer.disconnect()])
}

/** The first letters of all records, in order, read by a group that is new each time. */
const read = async (broker: Broker): Promise<readonly string[]> => {
  const client = clientOf(broker)
  const [admin, consumer] = [client.admin(), client.consumer({ groupId: `reader-${process.hrtime.bigint()}` })]
  await Promise.all([admin.connect(), consumer.connect()])
  const offsets = () => admin.fetchTopicOffsets('kept').catch(() => undefined) // a broker that has just started leads nothing yet
  const end = Number((await until(offsets, 'the broker leads the topic'))[0]?.high)
  await consumer.subscribe({ topic: 'kept', fromBeginning: true })
  const { promise: all, resolve } = Promise.withResolvers<void>()
  const values: string[] = []
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(String(message.value).replace(/^x+$/, 'xxxxx'))
      if (Number(message.offset) === end - 1) resolve()
    },
  })
  await all
  await Promise.all([consumer.disconnect(), admin.disconnect()])
  return values
}
