import { Consumer, heartbeatV4, leaveGroupV5 } from '@platformatic/kafka'
import { type Cluster, type ClusterOptions, connecting } from './cluster.ts'
import { type Place, placeKey } from './desk.ts'
import { hasCode } from './errors.ts'

/** Our place in a consumer group: which partitions are ours, and since when we know that they still are. */
export type Membership = AsyncDisposable &
  Readonly<{
    /** Joins again when the topics are others than before; partitions that stay ours are not disturbed. */
    follow(topics: readonly string[]): void
    /** Whether there is anything to follow yet; before that it does not join. */
    follows(): boolean
    assigned(): ReadonlyMap<string, Place>
    /** What a commit has to name. */
    identity(): Readonly<{ member: string; generation: number }>
    /** On the monotonic clock: when the heartbeat was sent that the coordinator answered last. */
    lastAlive(): number
    /** Resolves when the group has settled; undefined when it has. */
    joining(): Promise<void> | undefined
    /** Resolves, with the reason, when this membership is of no use any more. */
    broken: Promise<unknown>
  }>

export type MembershipOptions = Readonly<{
  group: string
  sessionMs: number
  rebalanceMs: number
  heartbeatMs: number
  /** Called with what is ours from now on, each time the group has settled. */
  onAssigned: (places: readonly Place[]) => void
  /**
   * Called before we tell the group that we give up what is not in `kept` any more; `expelled` when it is others' already.
   */
  onLeaving: (kept: ReadonlyMap<string, Place>, expelled: boolean) => Promise<void>
}>

/**
 * Joins with the client's consumer, which does nothing else here: the classic protocol, cooperative-sticky, so that a rebalance moves only
 * what has to move. Nothing in it recovers for long; what breaks it resolves `broken`, and the reader opens another.
 */
export const openMembership = (cluster: Cluster, server: ClusterOptions, options: MembershipOptions): Membership => {
  const { prefix } = server
  const groupId = prefix + options.group
  const broken = Promise.withResolvers<unknown>()
  let joining: PromiseWithResolvers<void> | undefined = Promise.withResolvers<void>()
  let sentAt = Number.NEGATIVE_INFINITY
  let aliveAt = Number.NEGATIVE_INFINITY
  let joinedGeneration = -1
  let joinedTopics = ''
  let wanted: ReadonlySet<string> = new Set()
  let begun = false
  let closing = false
  let known: Readonly<{ of: unknown; places: ReadonlyMap<string, Place> }> = { of: null, places: new Map() }

  const consumer: Consumer = new Consumer({
    clientId: server.clientId,
    groupId,
    bootstrapBrokers: [...server.brokers],
    ...connecting(server),
    autocommit: false,
    retries: 6,
    retryDelay: 300,
    requestTimeout: options.rebalanceMs + 5_000,
    protocols: [{ name: 'cooperative-sticky', version: 3 }],
    sessionTimeout: options.sessionMs,
    rebalanceTimeout: options.rebalanceMs,
    heartbeatInterval: options.heartbeatMs,
    protocolsMetadata: async () => {
      joining ??= Promise.withResolvers<void>()
      joinedTopics = consumer.topics.current.join()
      const expelled = consumer.memberId === null || consumer.generationId === joinedGeneration
      // The client sends none before it has joined again, and what is to end meanwhile must be written by a member that is alive.
      const beating = setInterval(() => void beat().catch(() => {}), options.heartbeatMs)
      await options.onLeaving(assigned(), expelled).catch(broken.resolve)
      clearInterval(beating)
      return Buffer.alloc(0)
    },
  })

  /** Asked at each commit, and others only after a join: kept for as long as the client has the same ones. */
  const assigned = (): ReadonlyMap<string, Place> => {
    if (known.of === consumer.assignments) return known.places
    const places = new Map<string, Place>()
    for (const { topic, partitions } of consumer.assignments ?? [])
      for (const partition of partitions) {
        const place = { topic: topic.slice(prefix.length), partition }
        places.set(placeKey(place), place)
      }
    known = { of: consumer.assignments, places }
    return places
  }

  const join = (): void => {
    joining ??= Promise.withResolvers<void>()
    consumer.joinGroup({}).catch(broken.resolve)
  }

  /** The client does not say when it asked to join, so a heartbeat of our own tells since when we surely belong to the group. */
  const beat = async (): Promise<void> => {
    const now = performance.now()
    const node = await cluster.coordinator(options.group)
    await cluster.line
      .call(node, heartbeatV4.api, groupId, consumer.generationId, consumer.memberId ?? '', null)
      .catch((error: unknown) => {
        if (!hasCode(error, 'REBALANCE_IN_PROGRESS')) throw error // said to members only, whose session it renews
      })
    aliveAt = now
  }

  /** On another connection than the client's: behind a request to join, which may wait for others, the broker would not read it. */
  const leave = async (memberId: string): Promise<void> => {
    const node = await cluster.coordinator(options.group)
    await cluster.line.call(node, leaveGroupV5.api, groupId, [{ memberId }])
  }

  const onJoined = async (): Promise<void> => {
    joinedGeneration = consumer.generationId
    await beat().catch(() => cluster.forgetCoordinator(options.group))
    if (closing || consumer.generationId !== joinedGeneration) return
    options.onAssigned([...assigned().values()])
    joining?.resolve()
    joining = undefined
    subscribe()
  }

  /** Never while the group is joining: the client would then deal out topics that it has not asked the brokers about, and throw. */
  const subscribe = (): void => {
    for (const topic of [...consumer.topics.current]) if (!wanted.has(topic)) consumer.topics.untrack(topic)
    for (const topic of wanted) if (!consumer.topics.has(topic)) consumer.topics.track(topic)
    if (consumer.topics.current.join() !== joinedTopics) join()
  }

  // Without a listener each error of a connection would be an uncaught exception; whoever asked gets it anyway.
  consumer.connections.on('connecting', ({ connection }) => connection.on('error', () => {}))
  consumer.on('consumer:heartbeat:start', () => {
    sentAt = performance.now()
  })
  consumer.on('consumer:heartbeat:end', () => {
    aliveAt = sentAt
  })
  consumer.on('consumer:group:rebalance', () => {
    // The client joins by itself now; two joins at once would make it lose track of what it gives up.
    joining ??= Promise.withResolvers<void>()
  })
  consumer.on('consumer:group:join', () => void onJoined())
  consumer.on('error', broken.resolve)

  return {
    follow(topics) {
      wanted = new Set(topics.map((topic) => prefix + topic))
      if (begun && joining) return // taken up when the group has settled
      begun = true
      subscribe()
    },
    follows: () => wanted.size > 0,
    assigned,
    identity: () => ({ member: consumer.memberId ?? '', generation: consumer.generationId }),
    lastAlive: () => aliveAt,
    joining: () => joining?.promise,
    broken: broken.promise,
    async [Symbol.asyncDispose]() {
      closing = true
      joining?.resolve()
      broken.resolve(undefined)
      consumer.on('error', () => {})
      const { memberId } = consumer
      const closed = consumer.close(true).catch(() => consumer.close(true).catch(() => {}))
      const left = Promise.allSettled([closed, memberId && leave(memberId)])
      await Promise.race([left, new Promise((resolve) => setTimeout(resolve, leaveMs).unref())])
    },
  }
}

const leaveMs = 2_000
