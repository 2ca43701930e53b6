import './console.ts'
import 'ses'
import { operations } from '../../language/operations.ts'
import { lockDown } from './lockdown.ts'
import { openRuns, type Runs } from './runs.ts'

// What makes a bare isolate a realm for jobs. From here on nothing in it can be changed.
lockDown(operations)

/** The realm's only door: the host holds it, the job cannot reach it. */
export const runs: Runs = openRuns()
