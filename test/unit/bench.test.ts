import { expect, test } from 'vitest'
import { partOf } from '../../bench/parts.ts'
import { changesOf, type Report, tableOf } from '../../bench/report.ts'
import { cellOf, type Result } from '../../bench/result.ts'
import { markOf } from '../../bench/targets.ts'

const resultOf = (rounds: readonly number[]): Result => ({
  id: 'B6',
  conditions: 'tried',
  cells: { 'rows per CPU-second': cellOf(rounds, '/CPU-s') },
})
const reportOf = (rounds: readonly number[]): Report => ({
  date: '2026-11-21',
  versions: { penstock: '0', commit: 'a', node: '0', java: '0', kafka: '0', clickhouse: '0' },
  machine: 'one',
  loadBefore: 0,
  conditions: { short: true, warmUpSeconds: 0, seconds: 0, rounds: rounds.length },
  results: [resultOf(rounds)],
})

test('a cell is the median of its rounds, with the least and the greatest', () => {
  expect(cellOf([30, 10, 20], 'ms')).toEqual({ value: 20, unit: 'ms', spread: [10, 30] })
})

test.each([
  { rate: 19_999, mark: 'missed' },
  { rate: 20_000, mark: 'must' },
  { rate: 30_000, mark: 'ambition' },
] as const)('a rate of $rate against ≥ 20,000 (30,000) is $mark', ({ rate, mark }) => {
  expect(markOf({ at: 'least', must: 20_000, ambition: 30_000 }, rate)).toBe(mark)
})

test('a latency has to stay below its target, and what has no target has no mark', () => {
  expect(markOf({ at: 'most', must: 8, ambition: 4 }, 9)).toBe('missed')
  expect(markOf({ at: 'most', must: 8 }, 1)).toBe('must')
  expect(markOf(undefined, 1)).toBe('none')
})

test('the table shows a losing cell, its spread and what it missed', () => {
  expect(tableOf(resultOf([9_000, 12_345, 15_000])).split('\n')).toContain(
    '| rows per CPU-second | 12,345 /CPU-s | 9,000 – 15,000 | ≥ 20,000 (30,000) | **missed** |',
  )
})

test('a change beyond both spreads is one, a smaller one may be noise', () => {
  expect(changesOf(reportOf([90, 100, 110]), reportOf([190, 200, 210]))).toEqual([
    'B6 rows per CPU-second: 100 → 200 /CPU-s, +100 % (noise ± 10 %)',
  ])
  expect(changesOf(reportOf([90, 100, 110]), reportOf([80, 95, 100]))).toEqual([
    'B6 rows per CPU-second: 100 → 95 /CPU-s, -5 % (noise ± 11 %: may be none)',
  ])
})

test.each([
  ['(garbage collector)', '', 'garbage collector'],
  ['parse', '', 'JSON (V8)'],
  ['writev', '', 'socket writes'],
  ['take', 'file:///somewhere/infra/kafka/desk.ts', 'infra/kafka'],
  ['run', 'file:///somewhere/topology/flow/run-stage.ts', 'topology/flow'],
  ['read', 'file:///somewhere/node_modules/@platformatic/kafka/dist/reader.js', '@platformatic/kafka'],
  ['emit', 'node:events', 'node:stream, events'],
  ['(idle)', '', undefined],
])('the time of %s at “%s” belongs to %s', (functionName, url, part) => {
  expect(partOf({ functionName, url })).toBe(part)
})
