import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fault } from '../../../../topology/flow/fault.ts'
import { jobRecord, jobRecordIdOf, parseJobRecord } from '../../../../topology/wire/job.ts'
import { anyRecord, runRequest } from '../../../fixtures/arbitraries.ts'
import { asRead } from '../../../fixtures/memory-house.ts'

describe('a job record', () => {
  test('gives back the request that it was made from', () => {
    fc.assert(
      fc.property(runRequest, (request) => {
        expect(parseJobRecord(asRead(jobRecord(request)))).toEqual(request)
      }),
    )
  })

  test('of a later attempt says what came before it', () => {
    const [request] = fc.sample(runRequest, 1)
    if (!request) throw new Error('no sample')
    const tried = { attempts: 2, starts: 3, waitedMs: 61_000, dueAt: Date.UTC(2026, 10, 21, 9) }
    const record = asRead(jobRecord({ ...request, attempt: 3, tried }))
    expect(parseJobRecord(record)).toEqual({ ...request, attempt: 3, tried })
    for (const header of ['penstock-starts', 'penstock-waited-ms']) {
      const without = new Map([...record.headers].filter(([name]) => name !== header))
      expect(() => parseJobRecord({ ...record, headers: without })).toThrow(`${header} is missing`)
    }
  })

  test('of any make is a request or a fault that names the header', () => {
    fc.assert(
      fc.property(anyRecord('job.clinic.register'), (record) => {
        try {
          parseJobRecord(record)
        } catch (error) {
          expect(error).toBeInstanceOf(Fault)
          expect(error).toMatchObject({ code: 'headers-unreadable', message: expect.stringContaining('penstock-') })
        }
      }),
    )
  })

  test('that lacks a header, or has an odd one, is refused by the name of it', () => {
    const [request] = fc.sample(runRequest, 1)
    if (!request) throw new Error('no sample')
    const record = asRead(jobRecord({ ...request, input: { kind: 'state', state: '{}' } }))
    const optional = ['penstock-parent-run-id', 'penstock-retry-of', 'penstock-replay', 'traceparent']
    for (const [header] of record.headers) {
      if (optional.includes(header)) continue
      const without = new Map([...record.headers].filter(([name]) => name !== header))
      expect(() => parseJobRecord({ ...record, headers: without })).toThrow(`${header} is missing`)
      const odd = new Map([...record.headers, [header, Buffer.from('!')]])
      expect(() => parseJobRecord({ ...record, headers: odd })).toThrow(`${header} is not readable: !`)
    }
  })

  test('is the same as another when run and attempt are', () => {
    fc.assert(
      fc.property(runRequest, (request) => {
        const idOf = (attempt: number) => jobRecordIdOf(asRead(jobRecord({ ...request, attempt })))
        expect(idOf(1)).toBe(idOf(1))
        expect(idOf(1)).not.toBe(idOf(2))
        expect(idOf(1)).toContain(request.run)
      }),
    )
  })
})
