import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Logger } from '../../topology/flow/ports.ts'
import { readTools, type Tools } from '../config.ts'
import { brokerJars, kafkaVersion } from './broker-jars.ts'
import { brokerSettings } from './broker-settings.ts'
import { type Child, type Exit, startChild, stopSurvivor } from './child.ts'
import { type ClassArchive, classArchive } from './class-archive.ts'
import { findJava, type Java } from './java.ts'
import { freePorts, isFree, needPort } from './ports.ts'

/** A Kafka of one node on 127.0.0.1. Disposing stops it in order. */
export type Broker = AsyncDisposable &
  Readonly<{
    /** host:port for any Kafka client. */
    address: string
    pid: number
    /** Resolves when the broker has ended, wanted or not. */
    exited: Promise<Exit>
  }>

export type BrokerOptions = Readonly<{
  /** The broker keeps all it has in `<dataDir>/kafka`. */
  dataDir: string
  /** The port that the user wants; otherwise that of the last time if it is free, else any. */
  port?: number
  logger: Logger
  onProgress?: (text: string) => void
  tools?: Tools
  cacheDir?: string
}>

/**
 * Starts the broker and resolves when it takes requests. The first time on a machine it fetches Kafka; the first time on a directory it
 * formats it. A broker that an earlier, killed process left on the directory is stopped first. Throws a StartProblem when something
 * that a person can mend is missing.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { port, tools = readTools(), cacheDir = ownCache, onProgress = () => {} } = options
  const dir = join(resolve(options.dataDir), 'kafka')
  const scratch = join(dir, 'tmp')
  mkdirSync(dir, { recursive: true, mode: 0o700 })

  const java = await findJava(tools)
  const jars = await brokerJars({ cacheDir, tools, onProgress })
  await stopSurvivor({ name: 'broker', dir })
  rmSync(scratch, { recursive: true, force: true })
  mkdirSync(scratch)
  if (port !== undefined) await needPort('KAFKA_PORT', { port })

  let ports = await portsFor(dir, port)
  for (let attempt = 1; ; attempt++) {
    const archive = classArchive({ cacheDir, java, jars, scratch })
    const machine = { java, jars, archive, dir, scratch }
    try {
      await format(machine, ports)
      const child = await run(machine, options.logger)
      writeFileSync(join(dir, 'ports.json'), JSON.stringify(ports))
      return brokerOf(child, { archive, port: ports.port })
    } catch (error) {
      if (attempt === 2) throw error
      options.logger.warn({ error: String(error) }, `Kafka ${kafkaVersion} did not start, trying again`)
      archive.drop()
      ports = await portsFor(dir, port)
    }
  }
}

const ownCache = fileURLToPath(new URL('../../.cache', import.meta.url))

type Ports = Readonly<{ port: number; controllerPort: number }>
type Machine = Readonly<{ java: Java; jars: readonly string[]; archive: ClassArchive; dir: string; scratch: string }>

const run = ({ java, jars, archive, dir, scratch }: Machine, logger: Logger): Promise<Child> =>
  startChild({
    name: 'broker',
    dir,
    command: java.command,
    args: [
      '-Xmx512m',
      '-XX:+UseSerialGC',
      '-XX:+ExitOnOutOfMemoryError',
      '-XX:-UsePerfData',
      `-XX:ErrorFile=${join(dir, 'crash.log')}`,
      `-Djava.io.tmpdir=${scratch}`,
      ...archive.flags,
      ...loggingTo(join(dir, 'broker.log')),
      '-cp',
      jars.join(delimiter),
      'kafka.Kafka',
      join(dir, 'broker.properties'),
    ],
    ready: /Kafka Server started/,
    readyWithinMs: 90_000,
    graceMs: 6_000,
    onLine: (line) => logger.debug({ part: 'broker' }, line),
  })

/** Into a directory aside, so that a start that was cut short leaves nothing half formatted. */
const format = async ({ java, jars, archive, dir, scratch }: Machine, ports: Ports): Promise<void> => {
  const logDir = join(dir, 'data')
  if (!existsSync(join(logDir, 'meta.properties'))) {
    const [settings, fresh] = [join(scratch, 'format.properties'), join(dir, 'data.new')]
    rmSync(fresh, { recursive: true, force: true })
    writeFileSync(settings, brokerSettings({ ...ports, logDir: fresh }))
    const tool = ['-cp', jars.join(delimiter), 'kafka.tools.StorageTool', 'format', '-t', clusterId(), '-c', settings]
    await promisify(execFile)(java.command, [
      '-XX:TieredStopAtLevel=1',
      ...archive.flags,
      ...loggingTo(join(dir, 'broker.log')),
      ...tool,
    ])
    renameSync(fresh, logDir)
  }
  writeFileSync(join(dir, 'broker.properties'), brokerSettings({ ...ports, logDir }))
}

const brokerOf = (child: Child, { archive, port }: Readonly<{ archive: ClassArchive; port: number }>): Broker => {
  const stopped = new AbortController()
  const archived = archive.make(stopped.signal)
  return {
    address: `127.0.0.1:${port}`,
    pid: child.pid,
    exited: child.exited,
    async [Symbol.asyncDispose]() {
      stopped.abort()
      await Promise.all([child[Symbol.asyncDispose](), archived])
    },
  }
}

const portsFor = async (dir: string, wanted: number | undefined): Promise<Ports> => {
  const last = lastPorts(dir)
  const [spare, controllerSpare] = (await freePorts(2)) as [number, number]
  const port = wanted ?? (last && (await isFree(last.port)) ? last.port : spare)
  const controllerPort =
    last && last.controllerPort !== port && (await isFree(last.controllerPort)) ? last.controllerPort : controllerSpare
  return { port, controllerPort }
}

const lastPorts = (dir: string): Ports | undefined => {
  try {
    return JSON.parse(readFileSync(join(dir, 'ports.json'), 'utf8')) as Ports
  } catch {
    return undefined
  }
}

const loggingTo = (file: string): readonly string[] => [
  `-Dlog4j2.configurationFile=${fileURLToPath(new URL('kafka/log4j2.properties', import.meta.url))}`,
  `-Dpenstock.log=${file}`,
]

/** Kafka's tools take an id that begins with "-" for an option. */
const clusterId = (): string => {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? clusterId() : id
}
