import { describe, expect, test } from 'vitest'
import { nextTry } from '../../../../processors/runner/attempts.ts'
import { crashLoop } from '../../../../processors/runner/sandbox/killed.ts'
import type { Job, RetryPolicy } from '../../../../topology/project/project.ts'
import type { Outcome, Tried } from '../../../../topology/words/run.ts'
import { failing } from '../../../fixtures/runner.ts'

const policy = { attempts: 4, backoffMs: [5_000, 60_000], on: null } satisfies RetryPolicy
const outcomeOf = (some: Partial<Outcome>): Outcome => ({ ...failing('E'), log: [], ...some })

type Asked = Readonly<{ retry?: Partial<RetryPolicy>; order?: Job['order']; tried?: Tried; outcome?: Partial<Outcome> }>
const asked = ({ retry, order = 'key', tried, outcome = {} }: Asked) =>
  nextTry({ retry: { ...policy, ...retry }, order } as Job, {
    outcome: outcomeOf(outcome),
    starts: (tried?.starts ?? 0) + 1,
    tried,
    now: 1_000_000,
    spread: (ms) => ms / 2,
  })

test('a policy gives so many attempts, and its last wait is that of all later ones', () => {
  const tries: Tried[] = []
  for (let next = asked({}); next; next = asked({ tried: next })) tries.push(next)
  expect(tries).toEqual([
    { attempts: 1, starts: 1, waitedMs: 2_500, dueAt: 1_002_500 },
    { attempts: 2, starts: 2, waitedMs: 32_500, dueAt: 1_030_000 },
    { attempts: 3, starts: 3, waitedMs: 62_500, dueAt: 1_030_000 },
  ])
  expect(asked({ retry: { attempts: 1 } })).toBeUndefined()
})

test.each([
  ['key', 15 * 60_000],
  ['strict', 15 * 60_000],
  ['none', 3 * 86_400_000],
] as const)('with order %s all waits add up to %d ms at most', (order, most) => {
  const tried = (waitedMs: number) => ({ attempts: 2, starts: 2, waitedMs, dueAt: 0 })
  expect(asked({ order, tried: tried(most - 30_000) })?.waitedMs).toBe(most)
  expect(asked({ order, tried: tried(most - 29_999) })).toBeUndefined()
})

describe('what is tried again', () => {
  const names = ['AdaptorError', 'TimeoutError', 'OOMError', 'ECONNRESET', 'SyntaxError', 'CrashLoopError']
  const killed = { status: 'killed', exitCode: 2 } as const
  test.each([
    ['what the job threw', failing('TypeError'), null, true],
    ['a run over its time', failing('TimeoutError', killed), null, true],
    ['no memory left', failing('OOMError', killed), null, false],
    ['a state that is too large', failing('StateTooLargeError', killed), null, false],
    ['a flood of lines', failing('LogFloodError', killed), null, false],
    ['code that is none', failing('SyntaxError', { status: 'crashed' }), null, false],
    ['a success', { status: 'success', error: null }, names, false],
    ['what a person ended', failing('TimeoutError', { status: 'cancelled', exitCode: 6 }), names, false],
    ['what nobody saw the end of', failing('TimeoutError', { status: 'unknown', exitCode: 11 }), names, false],
    ['what takes its process with it', crashLoop('again and again'), names, false],
    ['what is named', failing('AdaptorError'), names, true],
    ['what is not named', failing('TypeError'), names, false],
    ['no memory left, if it is named', failing('OOMError', killed), names, true],
    ['what could not be read, if that is named', failing('SyntaxError', { status: 'crashed' }), names, true],
    ['an error by its code', failing('Error', { details: { code: 'ECONNRESET' } }), names, true],
    ['an error of another code', failing('Error', { details: { code: 'ENOENT' } }), names, false],
    ['a code of another kind', failing('Error', { details: { code: 7 } }), names, false],
  ] satisfies readonly (readonly [string, Partial<Outcome>, readonly string[] | null, boolean])[])(
    '%s',
    (_what, outcome, on, again) => {
      expect(asked({ outcome, retry: { on } }) !== undefined).toBe(again)
    },
  )
})
