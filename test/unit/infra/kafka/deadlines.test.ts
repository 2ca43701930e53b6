import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openDeadlines } from '../../../../infra/kafka/deadlines.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('tells of what is not over in time, once and soon after, and of nothing else', () => {
  const late: string[] = []
  const deadlines = openDeadlines((item: string) => void late.push(item), 50)
  deadlines.put('slow', 1_000)
  deadlines.put('quick', 200)
  deadlines.put('over', 200)
  vi.advanceTimersByTime(199)
  deadlines.out('over')
  expect(late).toEqual([])
  vi.advanceTimersByTime(51)
  expect(late).toEqual(['quick'])
  vi.advanceTimersByTime(5_000)
  expect(late).toEqual(['quick', 'slow'])
})

it('has no timer while there is nothing to look at', () => {
  const deadlines = openDeadlines(() => {}, 50)
  expect(vi.getTimerCount()).toBe(0)
  for (const item of ['a', 'b', 'c']) deadlines.put(item, 8_000)
  expect(vi.getTimerCount()).toBe(1)
  for (const item of ['a', 'b', 'c']) deadlines.out(item)
  vi.advanceTimersByTime(50)
  expect(vi.getTimerCount()).toBe(0)
})
