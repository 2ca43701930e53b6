import './console.ts'
import 'ses'
import type { Adaptor } from '../../../../topology/project/adaptors.ts'
import { makersOf } from '../../adaptors/makers.ts'
import { scopeOfRun } from '../../adaptors/scope-of-run.ts'
import { adaptorNames } from '../../language/names.ts'
import { ofRun } from '../../language/of-run.ts'
import { operations } from '../../language/operations.ts'
import { webGlobals } from '../../language/web/globals.ts'
import { handedOut } from './handed-out.ts'
import { lockDown, repair } from './lockdown.ts'
import { openRuns, type Runs } from './runs.ts'

repair()

/**
 * Makes this a realm for jobs; from here on nothing in it can be changed. What it gives is the realm's only door: the host holds it, the job
 * cannot reach it.
 */
export const open = (): Runs => {
  const adaptors = Object.keys(adaptorNames) as readonly Adaptor[]
  lockDown({ ...operations, ...webGlobals }, () => handedOut([ofRun, ...adaptors.map(makersOf)]))
  return openRuns(scopeOfRun)
}
