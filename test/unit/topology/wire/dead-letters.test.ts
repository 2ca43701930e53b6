import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FaultCode, faults } from '../../../../topology/flow/fault.ts'
import { deadLetterIdOf, deadLetterRecord, parseDeadLetter } from '../../../../topology/wire/dead-letters.ts'
import type { DeadLetter } from '../../../../topology/words/dead-letter.ts'
import { anyRecord, name, utf8Text, uuid7 } from '../../../fixtures/arbitraries.ts'
import { asRead } from '../../../fixtures/memory-house.ts'

const letter: fc.Arbitrary<DeadLetter> = fc.record({
  reason: fc.constantFrom(...(Object.keys(faults) as FaultCode[])),
  detail: utf8Text,
  stage: name,
  project: fc.option(name, { nil: null }),
  message: fc.option(uuid7, { nil: null }),
  run: fc.option(uuid7, { nil: null }),
  record: fc.oneof(anyRecord('intake.clinic'), anyRecord('runs'), anyRecord('job.clinic.register')).map((record) => ({
    ...record,
    timestamp: Math.max(record.timestamp, 1),
    headers: new Map([...record.headers].filter(([header]) => !header.startsWith('penstock-dead-'))),
  })),
})

describe('a dead letter', () => {
  test('gives back what was buried and why, to the byte', () => {
    fc.assert(
      fc.property(letter, (buried) => {
        expect(parseDeadLetter(asRead(deadLetterRecord(buried)))).toEqual(buried)
      }),
    )
  })

  test('of any make can be shown', () => {
    fc.assert(
      fc.property(anyRecord('dead-letters'), (record) => {
        const { reason, record: original } = parseDeadLetter(record)
        expect(Object.keys(faults)).toContain(reason)
        expect(Number.isFinite(original.timestamp)).toBe(true)
      }),
    )
  })

  test('is the same as another when stage and origin are', () => {
    fc.assert(
      fc.property(letter, (buried) => {
        const idOf = (of: DeadLetter) => deadLetterIdOf(asRead(deadLetterRecord(of)))
        expect(idOf(buried)).toBe(idOf({ ...buried, detail: 'another' }))
        expect(idOf(buried)).not.toBe(idOf({ ...buried, stage: `${buried.stage}-2` }))
        expect(idOf(buried)).not.toBe(
          idOf({ ...buried, record: { ...buried.record, offset: buried.record.offset + 1n } }),
        )
      }),
    )
  })

  test('of a detail without end keeps the beginning', () => {
    const [buried] = fc.sample(letter, 1)
    if (!buried) throw new Error('no sample')
    const read = parseDeadLetter(asRead(deadLetterRecord({ ...buried, detail: 'x'.repeat(1_000_000) })))
    expect(read.detail).toBe('x'.repeat(4_000))
  })
})
