import { listOffsetsV7, offsetCommitV9, offsetFetchV9 } from '@platformatic/kafka'
import type { Cluster } from './cluster.ts'
import { type Commit, type Place, placeKey } from './desk.ts'
import { codeName, hasCode, responseOf } from './errors.ts'

export const earliest = -2n
export const latest = -1n

/**
 * The first offset at or after a time (milliseconds), or `earliest`, or `latest`, of each place; places that the brokers do not know are
 * left out. -1 when nothing is that young. Throws what the client throws when a broker does not answer.
 */
export const listOffsets = async (
  cluster: Cluster,
  prefix: string,
  asked: readonly (Place & Readonly<{ timestamp: bigint }>)[],
): Promise<ReadonlyMap<string, bigint>> => {
  const byNode = new Map<number, (Place & { timestamp: bigint })[]>()
  for (const one of asked) {
    const node = cluster.topic(one.topic)?.leaders[one.partition] ?? -1
    const ones = byNode.get(node)
    if (ones) ones.push(one)
    else byNode.set(node, [one])
  }
  const found = new Map<string, bigint>()
  for (const [node, ones] of byNode) {
    if (node < 0) continue
    const answer = await cluster.line
      .call(
        node,
        listOffsetsV7.api,
        -1,
        readCommitted,
        byTopic(ones).map(([topic, places]) => ({
          name: prefix + topic,
          partitions: places.map(({ partition, timestamp }) => ({
            partitionIndex: partition,
            currentLeaderEpoch: -1,
            timestamp,
          })),
        })),
      )
      .catch(goodParts)
    for (const { name, partitions } of answer.topics)
      for (const { partitionIndex, errorCode, offset } of partitions)
        if (errorCode === 0)
          found.set(placeKey({ topic: name.slice(prefix.length), partition: partitionIndex }), offset)
  }
  return found
}

/** What a group has committed; left out are places without a commit, and those whose commit is of another topic that had the name before. */
export const fetchCommits = async (
  cluster: Cluster,
  prefix: string,
  { group, places }: Readonly<{ group: string; places: readonly Place[] }>,
): Promise<ReadonlyMap<string, Commit>> => {
  const topics = byTopic(places).map(([topic, ones]) => ({
    name: prefix + topic,
    partitionIndexes: ones.map(({ partition }) => partition),
  }))
  const node = await cluster.coordinator(group)
  const asked = [{ groupId: prefix + group, memberId: null, memberEpoch: -1, topics }]
  try {
    const answer = await cluster.line.call(node, offsetFetchV9.api, asked, false)
    const commits = new Map<string, Commit>()
    for (const { name, partitions } of answer.groups[0]?.topics ?? [])
      for (const { partitionIndex, committedOffset, metadata } of partitions) {
        const place = { topic: name.slice(prefix.length), partition: partitionIndex }
        const topicId = cluster.topic(place.topic)?.id
        const [, said = '', mark] = marked.exec(metadata ?? '') ?? []
        if (committedOffset < 0n || (topicId && mark && mark !== markOf(topicId))) continue
        commits.set(placeKey(place), { ...place, offset: committedOffset, metadata: said, topicId: topicId ?? '' })
      }
    return commits
  } catch (error) {
    cluster.forgetCoordinator(group)
    throw error
  }
}

export type CommitsToSend = Readonly<{ group: string; member: string; generation: number; commits: readonly Commit[] }>

/** Commits, and gives back those that the coordinator took. Those that it refuses are forgotten: who asks is no member (any more). */
export const sendCommits = async (
  cluster: Cluster,
  prefix: string,
  { group, member, generation, commits }: CommitsToSend,
): Promise<readonly Commit[]> => {
  if (commits.length === 0) return []
  const topics = byTopic(commits).map(([topic, ones]) => ({
    name: prefix + topic,
    partitions: ones.map(({ partition, offset, metadata, topicId }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: -1,
      committedMetadata: metadata + markOf(topicId),
    })),
  }))
  const node = await cluster.coordinator(group)
  const answer = await cluster.line
    .call(node, offsetCommitV9.api, prefix + group, generation, member, null, topics)
    .catch((error: unknown) => {
      const good = responseOf<Awaited<ReturnType<typeof offsetCommitV9.api.async>>>(error)
      if (!good || hasCode(error, 'NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE')) cluster.forgetCoordinator(group)
      if (!good) throw error
      return good
    })
  const taken = new Set<string>()
  for (const { name, partitions } of answer.topics)
    for (const { partitionIndex, errorCode } of partitions)
      if (codeName(errorCode) === 'NONE')
        taken.add(placeKey({ topic: name.slice(prefix.length), partition: partitionIndex }))
  return commits.filter((commit) => taken.has(placeKey(commit)))
}

/**
 * Kafka keeps commits by the topics' names, and forgets those of a topic some time after it was deleted: a topic that is made anew under
 * the name would be read from where the old one was left.
 */
const markOf = (topicId: string): string => topicId && `@${topicId.slice(0, 8)}`
const marked = /^(.*?)(@[0-9a-f]{8})?$/s

const readCommitted = 1

const byTopic = <P extends Place>(places: readonly P[]): readonly [string, readonly P[]][] => {
  const topics = new Map<string, P[]>()
  for (const place of places) {
    const known = topics.get(place.topic)
    if (known) known.push(place)
    else topics.set(place.topic, [place])
  }
  return [...topics]
}

type ListAnswer = Awaited<ReturnType<typeof listOffsetsV7.api.async>>
const goodParts = (error: unknown): ListAnswer => {
  const answer = responseOf<ListAnswer>(error)
  if (!answer) throw error
  return answer
}
