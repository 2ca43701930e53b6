import type { Adaptor } from '../../../topology/project/adaptors.ts'
import type { OfRun } from '../language/host.ts'
import { dhis2OfRun } from './dhis2/of-run.ts'
import { openmrsOfRun } from './openmrs/of-run.ts'
import { postgresqlOfRun } from './postgresql/of-run.ts'
import { salesforceOfRun } from './salesforce/of-run.ts'

/** What a job of this adaptor may take for each of its runs, beside what all jobs have; of two with one name this one counts. */
export const makersOf = (adaptor: Adaptor): OfRun => makers.get(adaptor) ?? none

const makers: ReadonlyMap<Adaptor, OfRun> = new Map([
  ['salesforce', salesforceOfRun],
  ['dhis2', dhis2OfRun],
  ['openmrs', openmrsOfRun],
  ['postgresql', postgresqlOfRun],
])
const none: OfRun = {}
