import { JSONPath } from 'jsonpath-plus'
import { expect, test, vi } from 'vitest'
import { valuesAt } from '../../../../../processors/runner/language/json-path.ts'

test('paths without end do not stay in memory', () => {
  const forget = vi.spyOn(JSONPath, 'clearCache')
  for (let n = 0; n < 2_000; n++) expect(valuesAt(`$.a[${n}]`, { a: { [n]: n } })).toEqual([n])
  expect(forget).toHaveBeenCalledTimes(2)
})
