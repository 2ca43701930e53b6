import { expect, test } from 'vitest'
import { makersOf } from '../../../../../processors/runner/adaptors/makers.ts'
import {
  adaptorNames,
  ofRunNames,
  ofRunOperationNames,
  operationNames,
  webGlobalNames,
} from '../../../../../processors/runner/language/names.ts'
import { ofRun, operationsOfRun } from '../../../../../processors/runner/language/of-run.ts'
import { operations } from '../../../../../processors/runner/language/operations.ts'
import { webGlobals } from '../../../../../processors/runner/language/web/globals.ts'
import { builtInAdaptors } from '../../../../../topology/project/adaptors.ts'

test('names.ts names what is there, and nothing else', () => {
  expect([...operationNames].sort()).toEqual(Object.keys(operations).sort())
  expect([...ofRunNames].sort()).toEqual(Object.keys(ofRun).sort())
  expect([...ofRunOperationNames].sort()).toEqual(Object.keys(operationsOfRun).sort())
  expect([...webGlobalNames].sort()).toEqual(Object.keys(webGlobals).sort())
  for (const adaptor of builtInAdaptors)
    expect([...adaptorNames[adaptor]].sort()).toEqual(Object.keys(makersOf(adaptor)).sort())
})
