import { describe, expect, test } from 'vitest'
import { Fault } from '../../../../topology/flow/fault.ts'
import { bury, drop, emit, type Stage, type Verdict } from '../../../../topology/flow/verdict.ts'
import { counted, limitBurials, safely } from '../../../../topology/flow/wrappers.ts'
import { firstHand, handOf } from '../../../fixtures/hand.ts'
import { published } from '../../../fixtures/memory-house.ts'

const record = published('intake.p', '{}')
const failing =
  (error: unknown): Stage =>
  () => {
    throw error
  }

describe('safely', () => {
  test('turns a bug into a burial that keeps what it was', async () => {
    const bug = new TypeError('x is not a function')
    const verdict = await safely(failing(bug))(record, firstHand)
    expect(verdict).toMatchObject({
      kind: 'bury',
      fault: { code: 'stage-broke', message: 'TypeError: x is not a function', cause: bug },
    })
  })

  test('buries for the fault that a stage throws', async () => {
    const fault = new Fault('headers-unreadable', 'penstock-run-id is missing')
    expect(await safely(failing(fault))(record, firstHand)).toEqual(bury(fault))
  })

  test.each(['log-unavailable', 'membership-lost'] as const)('leaves %s to those who retry or stop', async (code) => {
    const fault = new Fault(code, 'the world')
    await expect(safely(failing(fault))(record, firstHand)).rejects.toBe(fault)
  })

  test('buries nothing for having been stopped', async () => {
    const stopped = new Error('stopped')
    await expect(
      safely(failing(new Error('cut off')))(record, handOf({ signal: AbortSignal.abort(stopped) })),
    ).rejects.toBe(stopped)
  })

  test('passes on what a stage says', async () => {
    expect(await safely(() => drop('nothing to do'))(record, firstHand)).toEqual(drop('nothing to do'))
  })
})

describe('limitBurials', () => {
  const broke = bury(new Fault('stage-broke', 'bug'))
  const unreadable = bury(new Fault('message-unreadable', 'not JSON'))
  const through = async (verdicts: readonly Verdict[]) => {
    const left = [...verdicts]
    const stage = limitBurials(3, () => left.shift() ?? drop('none left'))
    for (const _ of verdicts) await stage(record, firstHand)
    return 'went through'
  }

  test('stops at more bugs in a row than it takes', async () => {
    expect(await through([broke, broke, broke])).toBe('went through')
    await expect(through([broke, broke, broke, broke])).rejects.toThrow('more than 3 records in a row')
  })

  test('begins to count anew when something went well', async () => {
    expect(await through([broke, broke, broke, emit(), broke, broke, broke, drop('x'), broke])).toBe('went through')
  })

  test('bad input stops nothing, and hides no bugs', async () => {
    expect(await through(Array(100).fill(unreadable))).toBe('went through')
    await expect(through([broke, unreadable, broke, unreadable, broke, unreadable, broke])).rejects.toThrow('in a row')
  })
})

test('counted tells of each verdict and its record', async () => {
  const told: unknown[] = []
  const stage = counted(
    (verdict, of) => told.push([verdict.kind, of.topic]),
    () => emit(),
  )
  expect(await stage(record, firstHand)).toEqual(emit())
  expect(told).toEqual([['emit', 'intake.p']])
})
