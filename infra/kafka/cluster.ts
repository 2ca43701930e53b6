import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { type API, ConnectionPool, findCoordinatorV4, metadataV12, type SASLOptions } from '@platformatic/kafka'
import { Fault } from '../../topology/flow/fault.ts'
import { hasCode, responseOf, unavailable } from './errors.ts'

/** What we know of the brokers: who leads which partition, who coordinates which group; and the way to talk to each of them. */
export type Cluster = AsyncDisposable &
  Readonly<{
    /** What is known of a topic; undefined when it has not been asked for, or is not there. */
    topic(name: string): TopicInfo | undefined
    /** Asks the brokers anew. Topics that are not there are forgotten. Throws Fault `log-unavailable`. */
    refresh(topics: readonly string[]): Promise<void>
    coordinator(group: string): Promise<number>
    forgetCoordinator(group: string): void
    /** Ids of all brokers, as of the last answer. */
    nodes(): readonly number[]
    /** A broker that coordinates topics (any of them passes it on). */
    controller(): number
    /** Own connections, for those who may have to wait long for an answer. */
    openLine(): Line
    /** The connections that everybody uses for short questions. */
    line: Line
  }>

export type TopicInfo = Readonly<{ id: string; leaders: readonly number[] }>

/** Connections to brokers, one each. An answer that is an error is thrown as the client throws it. */
export type Line = AsyncDisposable &
  Readonly<{
    call<Request extends unknown[], Answer>(
      node: number,
      api: API<Request, Answer>,
      ...request: Request
    ): Promise<Answer>
    /** Asks one broker after another until one answers. */
    anyone<Request extends unknown[], Answer>(api: API<Request, Answer>, ...request: Request): Promise<Answer>
  }>

export type ClusterOptions = Readonly<{
  /** `host:port` */
  brokers: readonly string[]
  clientId: string
  /** Of topics and groups; names in here are without it. */
  prefix: string
  tls?: TlsOptions | undefined
  sasl?: SASLOptions | undefined
}>

/** Connects to the first broker that answers. Throws Fault `log-unavailable` when none does. */
export const openCluster = async (options: ClusterOptions): Promise<Cluster> => {
  const bootstrap = options.brokers.map(addressOf)
  const topics = new Map<string, TopicInfo>()
  const coordinators = new Map<string, number>()
  let brokers = new Map<number, Address>()
  let controllerId = -1

  const openLine = (): Line => {
    const pool = new ConnectionPool(options.clientId, {
      connectTimeout: 3_000,
      requestTimeout: 15_000,
      maxInflights: 100,
      ...(options.tls && { tls: options.tls }),
      ...(options.sasl && { sasl: options.sasl }),
    })
    // Without a listener each error of a connection would be an uncaught exception; whoever asked gets it anyway.
    pool.on('connecting', ({ connection }) => connection.on('error', () => {}))

    const ask = async <Request extends unknown[], Answer>(to: Address, api: API<Request, Answer>, request: Request) =>
      api.async(await pool.get(to), ...request)

    return {
      async call(node, api, ...request) {
        const address = brokers.get(node)
        if (!address) throw new Fault('log-unavailable', `broker ${node} is not known`)
        return ask(address, api, request)
      },
      async anyone(api, ...request) {
        let trouble: unknown
        for (const address of [...shuffled([...brokers.values()]), ...bootstrap]) {
          try {
            return await ask(address, api, request)
          } catch (error) {
            if (responseOf(error)) throw error
            trouble = error
          }
        }
        throw unavailable(trouble)
      },
      async [Symbol.asyncDispose]() {
        await pool.close()
      },
    }
  }

  const line = openLine()

  const refresh = async (names: readonly string[]): Promise<void> => {
    const real = names.map((name) => options.prefix + name)
    const answer = await line.anyone(metadataV12.api, real, false, false).catch(goodParts)
    brokers = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
    controllerId = answer.controllerId
    for (const topic of answer.topics) {
      const name = topic.name?.slice(options.prefix.length) ?? ''
      if (topic.errorCode !== 0) {
        topics.delete(name)
        continue
      }
      const leaders: number[] = []
      for (const partition of topic.partitions) leaders[partition.partitionIndex] = partition.leaderId
      topics.set(name, { id: topic.topicId, leaders })
    }
  }

  await refresh([])

  return {
    topic: (name) => topics.get(name),
    refresh,
    async coordinator(group) {
      const known = coordinators.get(group)
      if (known !== undefined && brokers.has(known)) return known
      const name = options.prefix + group
      const answer = await line.anyone(findCoordinatorV4.api, 0, [name])
      const found = answer.coordinators.find((one) => one.key === name)
      if (!found) throw new Fault('log-unavailable', `nobody coordinates the group ${name}`)
      brokers.set(found.nodeId, { host: found.host, port: found.port })
      coordinators.set(group, found.nodeId)
      return found.nodeId
    },
    forgetCoordinator: (group) => void coordinators.delete(group),
    nodes: () => [...brokers.keys()],
    controller: () => controllerId,
    openLine,
    line,
    async [Symbol.asyncDispose]() {
      await line[Symbol.asyncDispose]()
    },
  }
}

type Address = Readonly<{ host: string; port: number }>
type Metadata = Awaited<ReturnType<typeof metadataV12.api.async>>

const addressOf = (broker: string): Address => {
  const at = broker.lastIndexOf(':')
  return { host: broker.slice(0, at), port: Number(broker.slice(at + 1)) }
}

/** One topic that is not there makes the client throw what was said of all others. */
const goodParts = (error: unknown): Metadata => {
  const answer = responseOf<Metadata>(error)
  if (!answer || hasCode(error, 'CLUSTER_AUTHORIZATION_FAILED')) throw unavailable(error)
  return answer
}

const shuffled = <T>(items: readonly T[]): readonly T[] => {
  const start = Math.floor(Math.random() * items.length)
  return [...items.slice(start), ...items.slice(0, start)]
}
