import { describe, expect, test } from 'vitest'
import {
  asData,
  dataPath,
  dataValue,
  jsonValue,
  lastReferenceValue,
  referencePath,
  source,
  sourceValue,
} from '../../../../../../processors/runner/language/functions/paths.ts'

const state = {
  data: {
    name: 'Ada',
    list: [{ id: 1 }, { id: 2 }],
    zero: 0,
    none: null,
    '*meta-instance-id*': 'uuid:1',
    data: { x: 'deep' },
  },
  references: [{ id: 'newest' }, { id: 'older' }],
}

describe('paths into the state', () => {
  test.each<[string, unknown, unknown]>([
    ['source', source('$.data.list[*].id')(state), [1, 2]],
    ['source of nothing', source('$.data.no')(state), []],
    ['sourceValue', sourceValue('$.data.list[*].id')(state), 1],
    ['sourceValue of nothing', sourceValue('$.no.no')(state), undefined],
    ['sourceValue of zero', sourceValue('$.data.zero')(state), 0],
    ['sourceValue of null', sourceValue('$.data.none')(state), null],
    ['dataPath', dataPath('a.b'), '$.data.a.b'],
    ['dataPath with a root', dataPath('$.data.x'), '$.data.data.x'],
    ['dataPath of the root', dataPath('$'), '$.data.$'],
    ['dataValue', dataValue('name')(state), 'Ada'],
    ['dataValue with a root', dataValue('$.data.x')(state), 'deep'],
    ['dataValue of a strange key', dataValue('*meta-instance-id*')(state), 'uuid:1'],
    ['referencePath', referencePath('[1].id'), '$.references[1].id'],
    ['lastReferenceValue', lastReferenceValue('id')(state), 'newest'],
    ['lastReferenceValue without references', lastReferenceValue('id')({}), undefined],
    ['jsonValue', jsonValue({ a: [{ b: 3 }] }, '$.a[0].b'), 3],
    ['jsonValue of nothing', jsonValue(null, '$.a'), undefined],
    ['asData of a path', asData('$.data.list[*]', state), [{ id: 1 }, { id: 2 }]],
    ['asData of a function', asData((given: typeof state) => given.data.name, state), 'Ada'],
    ['asData of data', asData(state.data, state), state.data],
  ])('%s', (_what, found, expected) => {
    expect(found).toEqual(expected)
  })

  test.each([source, sourceValue, dataPath, dataValue, referencePath, lastReferenceValue])(
    '$name says what it was not given',
    (make) => {
      expect(() => make(undefined as never)).toThrow(`${make.name} takes a JSONPath such as`)
    },
  )

  test('an empty path is refused', () => {
    expect(() => dataValue('')).toThrow("dataValue takes a path such as 'form.name', not an empty text")
  })
})
