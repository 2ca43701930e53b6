import fc from 'fast-check'
import { JSONPath } from 'jsonpath-plus'
import { expect, test, vi } from 'vitest'
import { valuesAt } from '../../../../../processors/runner/language/json-path.ts'

test('no path stays in memory', () => {
  const forget = vi.spyOn(JSONPath, 'clearCache')
  for (let n = 0; n < 10; n++) expect(valuesAt(`$..a[${n}]`, { a: { [n]: n } })).toEqual([n])
  expect(forget).toHaveBeenCalledTimes(10)
})

test('plain paths are followed as the library follows them', () => {
  const step = fc.constantFrom('.a', '.b', '.length', '[0]', '[1]', '[01]', '.0', '.constructor', '._x')
  const path = fc.array(step, { maxLength: 4 }).map((steps) => `$${steps.join('')}`)
  const leaf = fc.constantFrom<unknown>(null, undefined, 0, '', 'text', false, [], {})
  const { json } = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('json'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b', '0', '_x', 'constructor'), tie('json')),
    ),
  }))
  fc.assert(
    fc.property(path, json, (one, value) => {
      const root = { a: value, b: [value], 0: value }
      expect(valuesAt(one, root)).toEqual(JSONPath({ path: one, json: root, wrap: true, eval: 'safe' }))
    }),
    { numRuns: 2_000 },
  )
})

test.each([null, undefined])('there is nothing in %s', (json) => {
  expect(valuesAt('$.a', json)).toEqual([])
})
