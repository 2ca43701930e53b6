import { isIP } from 'node:net'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import {
  type API,
  type Connection,
  ConnectionPool,
  findCoordinatorV4,
  metadataV12,
  type SASLOptions,
} from '@platformatic/kafka'
import { Fault } from '../../topology/flow/fault.ts'
import type { Logger } from '../../topology/flow/ports.ts'
import { StartProblem } from '../start-problem.ts'
import { type Access, accessProblem } from './access-problem.ts'
import { codeName, hasCode, responseOf, unavailable } from './errors.ts'
import { pause } from './pause.ts'

/** What we know of the brokers: who leads which partition, who coordinates which group; and the way to talk to each of them. */
export type Cluster = AsyncDisposable &
  Readonly<{
    /** What is known of a topic; undefined when it has not been asked for, or is not there. */
    topic(name: string): TopicInfo | undefined
    /** It was asked for, and we may not know whether it is there. */
    hidden(name: string): boolean
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
  /** A connection on which an answer takes longer than this is given up, and with it all that was asked there. */
  answerMs?: number | undefined
  logger: Logger
}>

/** How the client connects, whichever part of it does: with TLS, brokers are told by which name we know them. */
export const connecting = ({ brokers, tls, sasl }: Pick<ClusterOptions, 'brokers' | 'tls' | 'sasl'>) => ({
  connectTimeout: 3_000,
  ...(tls && { tls, tlsServerName: brokers.every((broker) => isIP(addressOf(broker).host) === 0) }),
  ...(sasl && { sasl }),
})

/**
 * Connects to the first broker that answers. Throws Fault `log-unavailable` when none does, and a StartProblem that names the setting when one
 * does not let us in.
 */
export const openCluster = async (options: ClusterOptions): Promise<Cluster> => {
  const bootstrap = options.brokers.map(addressOf)
  const topics = new Map<string, TopicInfo>()
  const hidden = new Set<string>()
  const coordinators = new Map<string, number>()
  const access = accessOf(options)
  let brokers = new Map<number, Address>()
  let controllerId = -1

  const openLine = (): Line => {
    const pool = new ConnectionPool(options.clientId, {
      ...connecting(options),
      requestTimeout: options.answerMs ?? 15_000,
      maxInflights: 100,
    })
    // Without a listener each error of a connection would be an uncaught exception; whoever asked is only told that it was closed.
    const reasons = new WeakMap<Connection, Error>()
    pool.on('connecting', ({ connection }) => connection.on('error', (error) => void reasons.set(connection, error)))

    const ask = async <Request extends unknown[], Answer>(to: Address, api: API<Request, Answer>, request: Request) => {
      const connection = await pool.get(to)
      return api.async(connection, ...request).catch((error: unknown) => {
        throw responseOf(error) ? error : (reasons.get(connection) ?? error)
      })
    }

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
            if (!accessProblem(trouble, access)) trouble = error
          }
        }
        const problem = accessProblem(trouble, access)
        throw unavailable(trouble, problem && `Kafka ${problem.text}`)
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
      if (codeName(topic.errorCode) !== 'TOPIC_AUTHORIZATION_FAILED') hidden.delete(name)
      else if (!hidden.has(name)) {
        hidden.add(name)
        options.logger.warn(
          { topic: topic.name },
          'Kafka does not let us see a topic: penstock provision --print says which rights are needed',
        )
      }
      if (topic.errorCode !== 0) {
        topics.delete(name)
        continue
      }
      const leaders: number[] = []
      for (const partition of topic.partitions) leaders[partition.partitionIndex] = partition.leaderId
      topics.set(name, { id: topic.topicId, leaders })
    }
  }

  /** What may be a broker's that is just starting is looked at again before it counts. */
  const begin = async (): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await refresh([])
      } catch (error) {
        const problem = accessProblem(error, access)
        if (problem === undefined) throw error
        if (problem.sure || attempt === attempts)
          throw new StartProblem(`Kafka at ${options.brokers.join(', ')} ${problem.text}.`)
        await pause(againMs)
      }
    }
  }

  try {
    await begin()
  } catch (error) {
    await line[Symbol.asyncDispose]()
    throw error
  }

  return {
    topic: (name) => topics.get(name),
    hidden: (name) => hidden.has(name),
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

const attempts = 4
const againMs = 700

/** `[::1]:9092` names the host `::1`. */
const addressOf = (broker: string): Address => {
  const at = broker.lastIndexOf(':')
  return { host: broker.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(broker.slice(at + 1)) }
}

const accessOf = ({ tls, sasl }: ClusterOptions): Access => ({
  tls: tls !== undefined,
  ownCa: tls?.ca !== undefined,
  certificate: tls?.cert !== undefined,
  sasl: sasl?.mechanism,
})

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
