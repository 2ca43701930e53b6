import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../topology/flow/fault.ts'
import type { MessageLog, Reader, ReaderOptions, TailItem } from '../../topology/flow/ports.ts'
import { type RepeatsWindow, repeatsWithin } from '../../topology/flow/repeats.ts'
import type { Incoming, Outgoing } from '../../topology/words/record.ts'
import { type Commit, type Desk, openDesk, type Place, placeKey } from '../kafka/desk.ts'
import { assign } from './assign.ts'
import { stored, type Topic } from './topic.ts'

export type MemoryLogOptions = Readonly<{
  partitions?: Readonly<{ intake: number; job: number }>
  repeats?: RepeatsWindow
  /** What records are stamped with; the wall clock unless a test says otherwise. */
  now?: () => number
  /** How long a member that is to give up a partition may go on with what it has in hand. */
  drainMs?: number
}>

export type MemoryLog = MessageLog &
  Readonly<{
    /** All readers that are open now die without a word: what they have in hand is not taken back, what they did not commit is lost. */
    killReaders(): Promise<void>
  }>

/** The message log without Kafka: the same promises, kept in this process only. Topics have to be made here, too. */
export const openMemoryLog = (options: MemoryLogOptions = {}): MemoryLog => {
  const { partitions = { intake: 2, job: 1 }, repeats = { ms: 120_000, records: 200_000 } } = options
  const { now = Date.now, drainMs = 4_000 } = options
  const topics = new Map<string, Topic>()
  const groups = new Map<string, Group>()
  const waiting = new Map<string, ((topic: Topic) => void)[]>()
  const listeners = new Set<() => void>()
  const readers = new Set<Reader>()
  const closing = new AbortController()

  const changed = (): void => {
    for (const listener of [...listeners]) listener()
  }

  const store = (outgoing: Outgoing, topic: Topic): void => {
    const record = stored(outgoing, topic, now())
    if (!record) throw new Fault('record-too-large', `a record of ${outgoing.topic} is larger than the topic takes`)
    topic.partitions[record.partition]?.push(record)
  }

  /** What is written to a topic that is not there waits for it, in its order. */
  const put = async (outgoing: Outgoing, permit: () => void): Promise<void> => {
    if (closing.signal.aborted) throw closing.signal.reason
    const topic = topics.get(outgoing.topic)
    if (topic) return store(outgoing, topic)
    const made = Promise.withResolvers<void>()
    const go = (there: Topic): void => {
      try {
        permit()
        made.resolve(store(outgoing, there))
      } catch (error) {
        made.reject(error)
      }
    }
    waiting.set(outgoing.topic, [...(waiting.get(outgoing.topic) ?? []), go])
    closing.signal.addEventListener('abort', () => made.reject(closing.signal.reason), { once: true })
    await made.promise
  }

  const write = async (records: readonly Outgoing[], permit: () => void = () => {}): Promise<void> => {
    await Promise.resolve()
    permit()
    const written = Promise.all(records.map((record) => put(record, permit)))
    changed()
    await written
  }

  const groupOf = (name: string): Group => {
    const group = groups.get(name) ?? {
      members: new Set(),
      owners: new Map(),
      commits: new Map(),
      work: Promise.resolve(),
    }
    groups.set(name, group)
    return group
  }

  /** Hands over what the new members should have; those that give up may finish what they have in hand. */
  const rebalance = (group: Group): void => {
    group.work = group.work.then(async () => {
      const wanted = assign(group, placesOf(topics))
      for (const member of group.members) member.assignments++
      for (const [key, owner] of group.owners) {
        if (wanted.get(key)?.member === owner) continue
        await giveUp(group, owner, placeOf(key))
      }
      for (const [key, { member, place }] of wanted) {
        if (group.owners.get(key) === member || !group.members.has(member)) continue
        group.owners.set(key, member)
        const log = topics.get(place.topic)?.partitions[place.partition] ?? []
        const { offset, metadata } = group.commits.get(key) ?? { offset: 0n, metadata: '' }
        member.desk.gain(place, { offset, metadata, topicId: '', repeats: member.learn(log.slice(0, Number(offset))) })
      }
      changed()
    })
  }

  const giveUp = async (group: Group, owner: Member, place: Place): Promise<void> => {
    const over = new AbortController()
    owner.desk.retire(place)
    const drained = group.members.has(owner) ? owner.desk.quiet(place) : owner.desk.settled()
    await Promise.race([drained, sleep(drainMs, undefined, { signal: over.signal }).catch(() => {})])
    over.abort()
    owner.desk.cutOff(place)
    commit(group, owner)
    owner.desk.lose(place)
    if (group.owners.get(placeKey(place)) === owner) group.owners.delete(placeKey(place))
  }

  const endOf = ({ topic, partition }: Place): bigint => BigInt(topics.get(topic)?.partitions[partition]?.length ?? 0)

  const openReader = ({ group: name, idOf, budgetBytes = 32_000_000, share }: ReaderOptions): Reader => {
    const group = groupOf(name)
    /** Lays out all there is room for. */
    const feed = (): void => {
      for (let laid = true; laid; ) {
        laid = false
        for (const { topic, partition, position } of member.desk.wants()) {
          const start = Number(position)
          const records = topics.get(topic)?.partitions[partition]?.slice(start, start + 1_000) ?? []
          if (records.length === 0) continue
          const next = position + BigInt(records.length)
          member.desk.offer({ topic, partition }, { from: position, records, next, end: endOf({ topic, partition }) })
          laid = true
        }
      }
    }
    const member: Member = {
      topics: [],
      assignments: 0,
      desk: openDesk({
        budgetBytes,
        share,
        idOf,
        permit() {},
        unsure: () => undefined,
        write,
        commit: async () => commit(group, member),
        onSettled: feed,
        onBegun: () => commit(group, member),
      }),
      learn(records) {
        if (!idOf) return undefined
        const seen = repeatsWithin(repeats)
        for (const record of records.slice(-repeats.records)) {
          const id = idOf(record)
          if (id !== undefined) seen.isRepeat(id, record.offset, record.timestamp)
        }
        return seen
      },
    }
    listeners.add(feed)
    const reader: Reader = {
      subscribe(wanted) {
        member.topics = wanted
        group.members.add(member)
        rebalance(group)
      },
      async *deliveries(reading) {
        for (;;) {
          const delivery = await member.desk.take(reading)
          if (!delivery) return
          yield delivery
        }
      },
      async commit() {
        commit(group, member)
      },
      progress() {
        for (const place of member.desk.holds()) member.desk.endsAt(place, endOf(place))
        return { group: name, assignments: member.assignments, silentMs: 0, partitions: member.desk.progress() }
      },
      async [Symbol.asyncDispose]() {
        listeners.delete(feed)
        group.members.delete(member)
        readers.delete(reader)
        rebalance(group)
        await group.work
      },
    }
    readers.add(reader)
    return reader
  }

  return {
    append: (records) => write(records),
    async tryAppend(record, withinMs) {
      const answered = new AbortController()
      const late = new Fault('log-unavailable', `not acknowledged within ${withinMs} ms`)
      let isLate = false
      const inTime = (): void => {
        if (isLate) throw late
      }
      const timer = sleep(withinMs, undefined, { signal: answered.signal }).then(() => {
        isLate = true
        throw late
      })
      try {
        await Promise.race([write([record], inTime), timer])
      } finally {
        timer.catch(() => {})
        answered.abort()
      }
    },
    reader: openReader,
    async *tail(topic, signal): AsyncGenerator<TailItem> {
      const ends = topics.get(topic)?.partitions.map((records) => records.length) ?? []
      const positions = ends.map(() => 0)
      let caughtUp = false
      while (!signal.aborted) {
        const more = Promise.withResolvers<void>()
        const resolve = (): void => more.resolve()
        listeners.add(resolve)
        signal.addEventListener('abort', resolve, { once: true })
        for (const [partition, records] of topics.get(topic)?.partitions.entries() ?? []) {
          for (let at = positions[partition] ?? 0; at < records.length && !signal.aborted; at++) {
            positions[partition] = at + 1
            const record = records[at]
            if (record) yield { kind: 'record', record }
          }
        }
        if (!caughtUp && !signal.aborted) {
          caughtUp = true
          yield { kind: 'caught-up' }
        }
        await more.promise
        listeners.delete(resolve)
        signal.removeEventListener('abort', resolve)
      }
    },
    async ensureTopics(specs) {
      for (const spec of specs) {
        if (topics.has(spec.name)) continue
        const count = typeof spec.partitions === 'number' ? spec.partitions : partitions[spec.partitions]
        const topic: Topic = { spec, partitions: Array.from({ length: count }, () => []) }
        topics.set(spec.name, topic)
        for (const go of waiting.get(spec.name) ?? []) go(topic)
        waiting.delete(spec.name)
      }
      changed()
      for (const group of groups.values()) rebalance(group)
      await Promise.all([...groups.values()].map((group) => group.work))
    },
    async ping() {},
    progress: () => [...readers].map((reader) => reader.progress()),
    async killReaders() {
      readers.clear()
      for (const group of groups.values()) {
        for (const { desk } of group.members) for (const place of desk.holds()) desk.lose(place)
        group.members.clear()
        group.owners.clear()
      }
      await Promise.all([...groups.values()].map((group) => group.work))
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Fault('log-unavailable', 'the log is closed'))
      await Promise.all([...groups.values()].map((group) => group.work))
    },
  }
}

type Member = {
  topics: readonly string[]
  assignments: number
  readonly desk: Desk
  learn(records: readonly Incoming[]): ReturnType<typeof repeatsWithin> | undefined
}
type Group = {
  readonly members: Set<Member>
  readonly owners: Map<string, Member>
  readonly commits: Map<string, Commit>
  work: Promise<void>
}

const commit = (group: Group, { desk }: Member): void => {
  const commits = desk.uncommitted()
  for (const done of commits) group.commits.set(placeKey(done), done)
  desk.committed(commits)
}

const placesOf = (topics: ReadonlyMap<string, Topic>): readonly Place[] =>
  [...topics].flatMap(([topic, { partitions }]) => partitions.map((_, partition) => ({ topic, partition })))

const placeOf = (key: string): Place => {
  const at = key.lastIndexOf('/')
  return { topic: key.slice(0, at), partition: Number(key.slice(at + 1)) }
}
