import { expect, test } from 'vitest'
import { openQuarantine } from '../../../../../processors/runner/sandbox/quarantine.ts'
import { jobOf } from '../../../../contracts/sandbox-jobs.ts'

test('a job is held for ten minutes, by its code, and then like any other', () => {
  let now = 0
  const quarantine = openQuarantine(() => now)
  const [bad, good] = [jobOf('fn(bad)'), jobOf('fn(good)')]
  expect(quarantine.holds(bad)).toBe(false)
  quarantine.take(bad)
  now = 599_999
  expect([quarantine.holds(bad), quarantine.holds(good)]).toEqual([true, false])
  now = 600_000
  expect(quarantine.holds(bad)).toBe(false)
})
