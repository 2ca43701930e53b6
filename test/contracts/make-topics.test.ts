import { randomUUID } from 'node:crypto'
import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import { describe, expect, inject, it } from 'vitest'
import { checkTopics } from '../../infra/kafka/check-topics.ts'
import { openCluster } from '../../infra/kafka/cluster.ts'
import { makeTopics, type TopicSettings } from '../../infra/kafka/make-topics.ts'
import { fixedTopics, projectTopics, retryTopics } from '../../topology/topics.ts'
import { silent } from '../fixtures/silent.ts'

const installation = (embedded: boolean): TopicSettings => ({
  prefix: `${randomUUID()}.`,
  replication: 1,
  partitions: { intake: 2, job: 1 },
  embedded,
})
const open = ({ prefix }: TopicSettings) =>
  openCluster({ brokers: [inject('kafkaBrokers')], clientId: 'make-topics', prefix, logger: silent })

describe('A topic that we make', () => {
  it.each([
    [true, 'on the broker of this machine syncs each append'],
    [false, 'on a cluster has copies instead'],
  ])('has settings of its own, whatever the broker has for others (%j: %s)', async (embedded) => {
    const settings = installation(embedded)
    await using cluster = await open(settings)
    const topics = [...fixedTopics, ...projectTopics('p', ['a'])]
    expect(await makeTopics(cluster, topics, settings)).toEqual(topics.map(({ name }) => name))
    const usual = {
      'cleanup.policy': 'delete',
      'compression.type': 'uncompressed',
      'message.timestamp.type': 'LogAppendTime',
      'min.insync.replicas': '1',
      ...(embedded && { 'flush.messages': '1' }),
    }
    const [day, own] = [86_400_000, await ownSettings(settings.prefix)]
    expect(own).toEqual({
      runs: { ...usual, 'retention.ms': String(7 * day), 'max.message.bytes': '24000000' },
      'dead-letters': { ...usual, 'retention.ms': String(30 * day), 'max.message.bytes': '25000000' },
      definitions: { ...usual, 'retention.ms': '-1', 'max.message.bytes': '11000000' },
      control: { ...usual, 'cleanup.policy': 'compact', 'retention.ms': '-1', 'max.message.bytes': '1000000' },
      ...Object.fromEntries(
        retryTopics.map((name) => [
          name,
          { ...usual, 'retention.ms': String(7 * day), 'max.message.bytes': '11000000' },
        ]),
      ),
      'intake.p': { ...usual, 'retention.ms': String(7 * day), 'max.message.bytes': '11000000' },
      'job.p.a': { ...usual, 'retention.ms': String(7 * day), 'max.message.bytes': '11000000' },
    })
    expect(await checkTopics(cluster, topics, settings)).toEqual({ differences: [], unread: [] })
  })

  it('has its leader, also of more topics than one request makes; a second time none is made', async () => {
    const settings = installation(true)
    await using cluster = await open(settings)
    const topics = projectTopics(
      'p',
      Array.from({ length: 300 }, (_, n) => `job-${n}`),
    )
    expect(await makeTopics(cluster, topics, settings)).toHaveLength(301)
    const led = topics.filter(({ name }) => cluster.topic(name)?.leaders.every((leader) => leader >= 0))
    expect(led).toHaveLength(301)
    expect(await makeTopics(cluster, topics, settings)).toEqual([])
  })
})

/** By topic, what was set for it alone; asked by a client that is not ours. */
const ownSettings = async (prefix: string) => {
  const admin = new Kafka({ brokers: [inject('kafkaBrokers')], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const names = (await admin.listTopics()).filter((name) => name.startsWith(prefix))
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  })
  await admin.disconnect()
  return Object.fromEntries(
    resources.map(({ resourceName, configEntries }) => [
      resourceName.slice(prefix.length),
      Object.fromEntries(
        configEntries
          .filter(({ configSource }) => configSource === ofTopic)
          .map((one) => [one.configName, one.configValue]),
      ),
    ]),
  )
}

/** DYNAMIC_TOPIC_CONFIG of the protocol. */
const ofTopic = 1
