import { expect, test } from 'vitest'
import { parseJobRecord } from '../../../../topology/wire/job.ts'
import { dueOf, parseRetryRecord, retryRecord, retryRecordIdOf } from '../../../../topology/wire/retry.ts'
import { asRead } from '../../../fixtures/memory-house.ts'
import { requested } from '../../../fixtures/records.ts'

const now = Date.UTC(2026, 10, 21, 9)
const tried = { attempts: 1, starts: 1, waitedMs: 90_000, dueAt: now + 90_000 }
const request = { ...requested({ attempt: 2 }), tried }
const record = asRead(retryRecord(request, { hops: 3, now }))

test('a request that waits lies in the longest step that it has left, and comes back as it was written', () => {
  expect(record.topic).toBe('retry.30s')
  expect(parseRetryRecord(record)).toEqual({ request, hops: 3 })
  expect(parseJobRecord(record)).toEqual(request)
  expect(dueOf(record)).toBe(now + 90_000)
})

test('it is the same as another when run, attempt and hops are', () => {
  const idOf = (attempt: number, hops: number) =>
    retryRecordIdOf(asRead(retryRecord({ ...request, attempt }, { hops, now })))
  expect(idOf(2, 3)).toBe(retryRecordIdOf(record))
  expect(new Set([idOf(2, 3), idOf(2, 4), idOf(3, 3)]).size).toBe(3)
})

test.each(['penstock-due', 'penstock-hops', 'penstock-run-id'])('without %s it is refused by that name', (header) => {
  const without = new Map([...record.headers].filter(([name]) => name !== header))
  expect(() => parseRetryRecord({ ...record, headers: without })).toThrow(`${header} is missing`)
  if (header === 'penstock-due') expect(dueOf({ ...record, headers: without })).toBe(0)
})
