import { expect, test } from 'vitest'
import { runFilter } from '../../../../processors/filter/run.ts'
import { backoff, retryFaults } from '../../../../topology/flow/retry.ts'
import { deadLettersTopic, intakeTopic, jobTopic, runsTopic } from '../../../../topology/topics.ts'
import { parseDeadLetter } from '../../../../topology/wire/dead-letters.ts'
import { intakeRecord } from '../../../../topology/wire/intake.ts'
import { parseJobRecord } from '../../../../topology/wire/job.ts'
import { newMessageId } from '../../../../topology/words/ids.ts'
import type { Outgoing } from '../../../../topology/words/record.ts'
import { type MemoryHouse, never, openMemoryHouse } from '../../../fixtures/memory-house.ts'

const document = (name: string) => `
name: ${name}
triggers:
  all: { type: message }
jobs:
  one: { trigger: all, expression: fn(s => s) }
`
const retry = retryFaults(backoff(1, 10))

/** A filter that is at work until the end of the block; stopped by then, whatever happened. */
const startFilter = (house: MemoryHouse) => {
  const reading = new AbortController()
  const done = runFilter({ ...house, retry }, { reading: reading.signal, working: never })
  return {
    done,
    [Symbol.asyncDispose]: async () => {
      reading.abort()
      await done
    },
  }
}

const message = (project: string, n: number, body = JSON.stringify({ n })): Outgoing =>
  intakeRecord({
    id: newMessageId(),
    project,
    source: null,
    key: `key ${n % 5}`,
    contentType: 'application/json',
    body: Buffer.from(body),
    headers: {},
    request: {},
    traceparent: null,
  })

test('messages of one key come out in the order in which they came in, each once', async () => {
  await using house = await openMemoryHouse(document('p'))
  const sent = Array.from({ length: 500 }, (_, n) => message('p', n))
  await house.log.append(sent)
  {
    await using _filter = startFilter(house)
    await house.records(runsTopic, 500)
  }

  const requests = (await house.recordsNow(jobTopic('p', 'one'))).map(parseJobRecord)
  expect(requests.length).toBe(500)
  for (let key = 0; key < 5; key++) {
    const order = requests.filter((request) => request.key === `key ${key}`).map(({ message }) => message)
    expect(order).toEqual(
      sent.filter(({ key: of }) => of === `key ${key}`).map(({ headers }) => headers['penstock-message-id']),
    )
  }
  expect(house.counts.get('penstock_matches_total p')).toBe(500)
  expect(house.counts.get('penstock_filter_verdicts_total emit')).toBe(500)
})

test('what is settled is not read again after a restart', async () => {
  await using house = await openMemoryHouse(document('p'))
  await house.log.append([message('p', 1)])
  {
    await using _filter = startFilter(house)
    await house.records(runsTopic, 1)
  }
  await house.log.append([message('p', 2)])
  {
    await using _filter = startFilter(house)
    await house.records(runsTopic, 2)
  }
  expect((await house.recordsNow(jobTopic('p', 'one'))).length).toBe(2)
})

test('a project that is deployed while the filter runs gets its messages looked at', async () => {
  await using house = await openMemoryHouse(document('p'))
  await using _filter = startFilter(house)
  await house.deploy(document('q'))
  await house.log.append([message('q', 1)])
  expect((await house.records(jobTopic('q', 'one'), 1)).length).toBe(1)
})

test('messages that wait for a project that is gone are buried, and say so', async () => {
  await using house = await openMemoryHouse(document('p'))
  await house.log.append([message('p', 1)])
  await house.remove('p')
  await using _filter = startFilter(house)
  const [letter] = (await house.records(deadLettersTopic, 1)).map(parseDeadLetter)
  expect(letter).toMatchObject({ reason: 'project-unknown', stage: 'filter', project: 'p' })
})

test('any number of unreadable messages is buried without holding up the others', async () => {
  await using house = await openMemoryHouse(document('p'))
  await house.log.append(Array.from({ length: 300 }, (_, n) => message('p', n, '{"broken":')))
  const good = message('p', 1)
  await house.log.append([good])
  await using _filter = startFilter(house)

  const letters = (await house.records(deadLettersTopic, 300)).map(parseDeadLetter)
  const [request] = (await house.records(jobTopic('p', 'one'), 1)).map(parseJobRecord)
  expect(request?.message).toBe(good.headers['penstock-message-id'])
  expect(letters[0]).toMatchObject({ reason: 'message-unreadable', project: 'p', record: { topic: intakeTopic('p') } })
  expect(letters[0]?.record.value?.toString()).toBe('{"broken":')
  expect(house.counts.get('penstock_dead_letters_total filter message-unreadable')).toBe(300)
})

test('a message whose run request is too large for the log is buried, and the next one goes on', async () => {
  await using house = await openMemoryHouse(document('p'))
  const headers = 120 // about what the intake record has besides its body; the run request has more
  await house.log.append([message('p', 1, JSON.stringify('x'.repeat(11_000_000 - headers - 2)))])
  await house.log.append([message('p', 2)])
  await using _filter = startFilter(house)

  const [letter] = (await house.records(deadLettersTopic, 1)).map(parseDeadLetter)
  expect(letter).toMatchObject({ reason: 'record-too-large', stage: 'filter', project: 'p' })
  expect((await house.records(jobTopic('p', 'one'), 1)).length).toBe(1)
  expect(house.counts.get('penstock_dead_letters_total filter record-too-large')).toBe(1)
})
