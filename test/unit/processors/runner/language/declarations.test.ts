import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { deferredName } from '../../../../../processors/runner/language/deferred.ts'
import { globalNames, standardGlobals } from '../../../../../processors/runner/language/globals.ts'
import { adaptorNames, stateName } from '../../../../../processors/runner/language/names.ts'
import { commonScope, lazyName } from '../../../../../processors/runner/language/scope.ts'

test('job.d.ts declares for editors what a job has in scope', () => {
  const file = resolve(import.meta.dirname, '../../../../../processors/runner/language/job.d.ts')
  const declarations = readFileSync(file, 'utf8').matchAll(/^declare (?:const|function) ([\w$]+)/gm)
  const declared = new Set([...declarations].map(([, name]) => name))
  const ofAdaptors = Object.values(adaptorNames).flat()
  const inScope = [...ofAdaptors, ...commonScope.operations, ...commonScope.ofRun, ...globalNames, stateName, lazyName]
  const own = inScope.filter((name) => name !== deferredName && !standardGlobals.includes(name))
  expect(own.filter((name) => !declared.has(name))).toEqual([])
})
