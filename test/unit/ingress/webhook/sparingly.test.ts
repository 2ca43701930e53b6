import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sparingly } from '../../../../ingress/webhook/sparingly.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('the first is said at once, those that follow together, and after a pause it is as at first', () => {
  const said: number[] = []
  const happened = sparingly(1_000, (times) => said.push(times))
  happened()
  expect(said).toEqual([1])
  for (let n = 0; n < 500; n++) happened()
  vi.advanceTimersByTime(999)
  expect(said).toEqual([1])
  vi.advanceTimersByTime(1)
  expect(said).toEqual([1, 500])
  vi.advanceTimersByTime(5_000)
  expect(said).toEqual([1, 500])
  expect(vi.getTimerCount()).toBe(0)
  happened()
  expect(said).toEqual([1, 500, 1])
})
