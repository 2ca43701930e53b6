import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newMessageId, runIdOf } from '../../../../topology/words/ids.ts'
import { parseTraceparent, traceIdOf, traceOf, traceWithin } from '../../../../topology/words/trace.ts'

const given = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('a traceparent', () => {
  test.each([
    ['as it should be', given, given],
    ['of a later version', given.replace('00-', 'cc-'), given],
    ['of a later version that says more', `${given.replace('00-', '01-')}-what-the-future-will-be-like`, given],
    ['of version 00 that says more', `${given}-more`, null],
    ['of a later version whose flags go on', `${given.replace('00-', '01-')}0`, null],
    ['of version ff', given.replace('00-', 'ff-'), null],
    ['in capitals', given.toUpperCase(), null],
    ['without a trace id', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`, null],
    ['without a span id', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`, null],
    ['that is cut off', given.slice(0, -1), null],
    ['that is two', `${given},${given}`, null],
    ['that is empty', '', null],
    ['that is not there', undefined, null],
  ])('%s', (_, text, parsed) => {
    expect(parseTraceparent(text)).toBe(parsed)
  })
})

test('a message that brings no trace has one of its own, the same whenever it is asked', () => {
  const id = newMessageId()
  const trace = traceOf({ id, traceparent: null })
  expect(traceOf({ id, traceparent: 'nonsense' })).toBe(trace)
  expect(traceOf({ id: newMessageId(), traceparent: null })).not.toBe(trace)
  expect(traceIdOf(trace)).toBe(id.replaceAll('-', ''))
  expect(traceOf({ id, traceparent: given })).toBe(given)
})

test('a run stays in the trace and has a span of its own, and the sender decides on sampling', () => {
  const message = newMessageId()
  const [a, b] = ['a', 'b'].map((job) => runIdOf({ message, job, parent: null, replay: '' }))
  if (!a || !b) throw new Error('two runs')
  const within = traceWithin(given, a)
  expect(traceIdOf(within)).toBe(traceIdOf(given))
  expect(within.endsWith('-01')).toBe(true)
  expect(within).not.toBe(traceWithin(given, b))
  expect(traceWithin(within, b)).toBe(traceWithin(given, b))
})

test('what is made is always a traceparent', () => {
  fc.assert(
    fc.property(fc.nat(4_102_444_800_000), fc.option(fc.string(), { nil: null }), fc.string(), (time, text, job) => {
      const message = newMessageId(time)
      const trace = traceOf({ id: message, traceparent: text })
      const within = traceWithin(trace, runIdOf({ message, job, parent: null, replay: '' }))
      expect([parseTraceparent(trace), parseTraceparent(within)]).toEqual([trace, within])
    }),
  )
})
