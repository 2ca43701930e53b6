import { join, relative } from 'node:path'
import type { Logger } from '../../topology/flow/ports.ts'
import type { Config } from '../config.ts'
import { startBroker } from './broker.ts'
import { keepAlive } from './keep-alive.ts'
import { startStore } from './store.ts'

/** Where Kafka is, and whether it is ours to keep alive. */
export type Brokers = AsyncDisposable &
  Readonly<{ addresses: readonly string[]; embedded: boolean; complaint(): string | null }>

/** Where ClickHouse is: how we log in, and what people are told. */
export type StoreServer = AsyncDisposable &
  Readonly<{
    url: string
    user: string
    password: string
    people: Readonly<{ login: string; url: string; passwordFile: string | null }>
    complaint(): string | null
  }>

export type Place = Readonly<{ dataDir: string; logger: Logger; onProgress: (text: string) => void }>

/** The brokers of KAFKA_BROKERS, else the embedded one. */
export async function openBrokers(config: Config, { dataDir, logger, onProgress }: Place): Promise<Brokers> {
  if (config.KAFKA_BROKERS) return { addresses: config.KAFKA_BROKERS, embedded: false, ...notOurs }
  let port = config.KAFKA_PORT
  const start = async () => {
    const started = await startBroker({ dataDir, logger, onProgress, ...(port !== undefined && { port }) })
    port = Number(started.address.split(':').at(-1)) // whoever has connected finds it there again
    return started
  }
  const broker = await keepAlive('broker', { start, logger })
  return {
    addresses: [broker.first.address],
    embedded: true,
    complaint: broker.complaint,
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  }
}

/** The ClickHouse of CLICKHOUSE_URL, else the embedded one. */
export async function openStoreServer(config: Config, { dataDir, logger }: Place): Promise<StoreServer> {
  if (config.CLICKHOUSE_URL) {
    const { CLICKHOUSE_URL: url, CLICKHOUSE_USER: user } = config
    const people = { login: `${user}, as set`, url, passwordFile: null }
    return { url, user, password: config.CLICKHOUSE_PASSWORD ?? '', people, ...notOurs }
  }
  let port = config.CLICKHOUSE_PORT
  const start = async () => {
    const started = await startStore({ dataDir, logger, ...(port !== undefined && { port }) })
    port = Number(new URL(started.url).port)
    return started
  }
  const store = await keepAlive('store', { start, logger })
  const { url, user, password, peopleUser, peoplePassword } = store.first
  const passwordFile = shortest(join(dataDir, 'sql-password'))
  const withLogin = Object.assign(new URL(url), { username: peopleUser, password: peoplePassword })
  return {
    url,
    user,
    password,
    people: { login: `${peopleUser}, password: ${passwordFile}`, url: withLogin.href, passwordFile },
    complaint: store.complaint,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

/** A path as a person would type it from here. */
export const shortest = (path: string): string => {
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith('..') ? path : fromHere
}

const notOurs = { complaint: () => null, [Symbol.asyncDispose]: async () => {} } as const
