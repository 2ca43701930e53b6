import { expect, test } from 'vitest'
import { cpuOf, type Reading, sharesOf, sumOf, usedBetween } from '../../bench/cpu.ts'

const reading = (endedTicks: number, processes: Readonly<Record<number, readonly [string, number]>>): Reading => ({
  endedTicks,
  processes: new Map(Object.entries(processes).map(([pid, [name, ticks]]) => [Number(pid), { name, ticks }])),
})

test('what processes used is summed by what they do', () => {
  const before = reading(0, { 1: ['penstock', 100], 2: ['broker', 50] })
  const after = reading(0, { 1: ['penstock', 300], 2: ['broker', 150] })
  expect(usedBetween(before, after)).toEqual({ penstock: 2, broker: 1 })
})

test('a process that ended counts with what it used since, and not with what it had used before', () => {
  const before = reading(70, { 1: ['penstock', 100], 3: ['sandbox', 400] })
  const after = reading(70 + 450, { 1: ['penstock', 200], 4: ['sandbox', 30] })
  expect(usedBetween(before, after)).toEqual({ penstock: 1, sandbox: 0.3, ended: 0.5 })
})

test('a process that came and went between the readings counts whole', () => {
  const used = usedBetween(reading(0, { 1: ['penstock', 0] }), reading(700, { 1: ['penstock', 300] }))
  expect(used).toEqual({ penstock: 3, ended: 7 })
  expect(sumOf(used)).toBe(10)
  expect(sharesOf(used)).toBe('ended 70 %, penstock 30 %')
})

test('this process is in its own tree', () => {
  expect(cpuOf(process.pid).processes.has(process.pid)).toBe(true)
})
