import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, openLog } from '../../../../../../processors/runner/sandbox/realm/log.ts'

test.each([
  ['0123456789', 5, '01234'],
  ['ééééé', 5, 'éé'],
  ['a患患', 6, 'a患'],
  ['a\u{1f600}b', 4, 'a'],
  ['a\u{1f600}b', 5, 'a\u{1f600}'],
  ['é', 1, ''],
])('of %s, %i bytes hold %s', (text, bytes, kept) => {
  const log = openLog(80 + bytes, true)
  log.console.log(text)
  expect(log.take().map(({ message }) => message)).toEqual([
    kept,
    `The log is cut here: it may have ${80 + bytes} bytes`,
  ])
})

test('what was taken counts for the limit and is not given again', () => {
  const log = openLog(170, true)
  log.console.log('12345')
  expect(log.take()).toHaveLength(1)
  log.console.log('12345')
  log.console.log('dropped')
  expect(log.take().map(({ message }) => message)).toEqual(['12345', 'The log is cut here: it may have 170 bytes'])
  expect(log.take()).toEqual([])
})

test('bytes are counted as UTF-8 has them', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(bytesOf(text)).toBe(Buffer.byteLength(text))
    }),
  )
})
