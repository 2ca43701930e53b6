import { randomUUID } from 'node:crypto'
import { expect, inject, it } from 'vitest'
import { openKafka } from '../../infra/kafka/open.ts'
import { intakeTopic, projectTopics } from '../../topology/topics.ts'
import { openDoors } from '../fixtures/doors.ts'
import { until } from '../fixtures/penstock.ts'
import { listeningLogger } from '../unit/infra/http/serving.ts'

it('where a topic was made for records of 1 MB, the door says so before it reads the body, and we are warned once', async () => {
  const logger = listeningLogger()
  await using log = await openKafka({
    brokers: [inject('kafkaBrokers')],
    clientId: 'contract',
    prefix: `${randomUUID()}.`,
    replication: 1,
    partitions: { intake: 1, job: 1 },
    embedded: true,
    logger,
  })
  await log.ensureTopics(projectTopics('small', []).map((spec) => ({ ...spec, maxMessageBytes: 1_000_000 })))
  await log.ensureTopics(projectTopics('usual', []))
  const known = (project: string): number => log.largestRecord(intakeTopic(project))
  const projects = ['small', 'usual', 'missing'] as const
  await until(() => known('small') < known('usual') && known('usual') < 20_000_000, 'the limits are known')
  expect(projects.map(known)).toEqual([1_000_000, 11_000_000, Number.POSITIVE_INFINITY])

  await using doors = await openDoors({ largestRecord: known })
  for (const [at, name] of projects.entries()) {
    const id = `018f2b1c-0000-7000-8000-00000000000${at}`
    await doors.deploy({ name, sources: { open: { type: 'webhook', id } }, triggers: {}, jobs: {} })
  }
  const send = (at: number, bytes: number) =>
    doors.post(`/i/018f2b1c-0000-7000-8000-00000000000${at}`, `"${'x'.repeat(bytes - 2)}"`)
  expect((await send(0, 960_000)).status).toBe(200)
  const refused = await send(0, 960_001)
  expect([refused.status, await refused.json()]).toEqual([
    413,
    expect.objectContaining({ detail: 'The body is larger than the 960000 bytes that are taken here.' }),
  ])
  expect([(await send(1, 960_001)).status, (await send(2, 960_001)).status]).toEqual([200, 200])
  expect(logger.said.filter(({ level }) => level === 'warn')).toHaveLength(1)
})
