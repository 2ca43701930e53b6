import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { openKafka } from '../../infra/kafka/open.ts'
import { silent } from '../fixtures/silent.ts'
import { catalogueContract } from './catalogue-contract.ts'

catalogueContract('Kafka', () =>
  openKafka({
    brokers: [inject('kafkaBrokers')],
    clientId: 'catalogue-contract',
    prefix: `catalogue-${randomUUID().slice(0, 8)}.`, // nothing of other tests is in it
    replication: 1,
    partitions: { intake: 1, job: 1 },
    embedded: true,
    logger: silent,
  }),
)
