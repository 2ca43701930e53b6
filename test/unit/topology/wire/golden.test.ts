import { describe, expect, test } from 'vitest'
import { parseDeadLetter } from '../../../../topology/wire/dead-letters.ts'
import { parseIntake } from '../../../../topology/wire/intake.ts'
import { parseJobRecord } from '../../../../topology/wire/job.ts'
import { parseRunRecord } from '../../../../topology/wire/runs.ts'
import { plain, wireCases } from '../../../fixtures/wire-cases.ts'

describe.each([
  ['intake', parseIntake, 4],
  ['job', parseJobRecord, 2],
  ['runs', parseRunRecord, 5],
  ['dead-letters', parseDeadLetter, 2],
] as const)('records of %s that lie in logs', (topic, parse, atLeast) => {
  const cases = wireCases(topic)

  test('are all there', () => {
    expect(cases.length).toBeGreaterThanOrEqual(atLeast)
  })

  test.each(cases)('$name still means what it meant', ({ record, decoded }) => {
    expect(plain(parse(record))).toEqual(decoded)
  })
})
