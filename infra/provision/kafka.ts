import type { Logger } from '../../topology/flow/ports.ts'
import { fixedTopics, projectTopics, type TopicSpec } from '../../topology/topics.ts'
import { openCatalogue } from '../catalogue/open.ts'
import { checkTopics } from '../kafka/check-topics.ts'
import { openCluster } from '../kafka/cluster.ts'
import { makeTopics } from '../kafka/make-topics.ts'
import type { KafkaOptions } from '../kafka/open.ts'
import { tailOf } from '../kafka/tail.ts'
import { inTime } from './in-time.ts'
import type { Report } from './report.ts'

export type ProvisionKafka = Readonly<{
  kafka: KafkaOptions & Readonly<{ prefix: string }>
  /** Beside the fixed ones and those of deployed projects. */
  topics: readonly TopicSpec[]
  logger: Logger
  stop: AbortSignal
}>

/** Makes all topics that are missing, and compares those that were there. Throws a StartProblem with the remedy. */
export const provisionKafka = ({
  kafka,
  topics,
  logger,
  stop,
}: ProvisionKafka): Promise<NonNullable<Report['kafka']>> => {
  const { prefix, brokers } = kafka
  const made = new Set<string>()
  return inTime(
    `Kafka at ${brokers.join(', ')}`,
    async () => {
      await using cluster = await openCluster(kafka)
      const make = async (specs: readonly TopicSpec[]): Promise<void> => {
        for (const name of await makeTopics(cluster, specs, kafka)) made.add(prefix + name)
      }
      await make(fixedTopics)
      const log = { tail: (topic: string, signal: AbortSignal) => tailOf(cluster, topic, { prefix, signal, logger }) }
      await using catalogue = await openCatalogue(log, { logger, signal: stop })
      const deployed = [...catalogue.known()].flatMap(([project, jobs]) => projectTopics(project, [...jobs]))
      const specs = new Map([...fixedTopics, ...deployed, ...topics].map((spec) => [spec.name, spec]))
      await make([...specs.values()])
      const before = [...specs.values()].filter(({ name }) => !made.has(prefix + name))
      const checked = await checkTopics(cluster, before, kafka)
      return { brokers, made: [...made], present: before.length, ...checked }
    },
    stop,
  )
}
