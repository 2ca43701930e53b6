import { asRecord } from '../../language/http/options.ts'
import type { Told } from '../ask.ts'

/** One thing that DHIS2 did not take, as it says it: a conflict of an import summary, or an error report. */
type Conflict = Readonly<Record<string, unknown>>

/**
 * What was wrong with an import, or nothing when all of it was taken; that it is only to be done is wrong, too. DHIS2 says it in import summaries (data values, the older tracker), in a
 * validation report (tracker) or in error reports (metadata), also where the status of the answer is 200.
 */
export const importTrouble = (body: unknown): Told | undefined => {
  const answer = asRecord(body)
  const report = asRecord(answer['response'] ?? body)
  if (jobs.has(report['responseType'])) return notYet(report)
  if (!marks.some((mark) => report[mark] !== undefined)) return undefined
  const conflicts = conflictsIn(report)
  const status = worstOf([answer['status'], ...statusesIn(report)])
  if (status !== 'ERROR' && (status !== 'WARNING' || conflicts.length === 0)) return undefined
  const counts = report['importCount'] ?? report['stats'] ?? answer['stats']
  return {
    code: `IMPORT_${status}`,
    message: [sentenceOf(report, answer), ...conflicts.slice(0, mostTold).map(conflictText)].filter(Boolean).join('; '),
    facts: { conflicts: conflicts.slice(0, mostStored), ...(counts === undefined ? {} : { counts }) },
  }
}

/** What DHIS2 answers that imports later: nobody knows by then what it will take. */
const jobs: ReadonlySet<unknown> = new Set(['TrackerJob', 'JobConfigurationWebMessageResponse'])

const notYet = ({ id, location, relativeNotifierEndpoint }: Conflict): Told => ({
  code: 'NOT_IMPORTED_YET',
  message: `DHIS2 made a job of it (${id}) and has imported nothing yet. Leave async out of the params, and it is waited for`,
  facts: { job: id, location: location ?? relativeNotifierEndpoint },
})

/** What tells a report from the error of a request that never got so far. */
const marks = [
  'responseType',
  'conflicts',
  'importCount',
  'importSummaries',
  'typeReports',
  'validationReport',
  'errorReports',
]

const sentenceOf = (report: Conflict, answer: Conflict): unknown =>
  [report['description'], answer['message'], report['message']].find(
    (text) => typeof text === 'string' && text !== '',
  ) ?? 'DHIS2 did not take all of it'

const conflictText = (conflict: Conflict): string => {
  const { errorCode, object, errorProperty, property, value, message } = conflict
  const about = [errorCode, object ?? errorProperty ?? property]
    .filter((part) => part !== undefined && part !== '')
    .join(' ')
  return [about, value ?? message].filter((part) => part !== undefined && part !== '').join(': ')
}

/** What a report holds of smaller reports: what was sent nests, and so do they. */
const parts = [
  'importSummaries',
  'enrollments',
  'events',
  'relationships',
  'typeReports',
  'objectReports',
  'validationReport',
]

const partsOf = (report: Conflict): readonly Conflict[] =>
  parts
    .flatMap((name) => [report[name]].flat())
    .filter((part) => part !== undefined && part !== null)
    .map(asRecord)

const conflictsIn = (report: Conflict): readonly Conflict[] => [
  ...listIn(report, 'conflicts'),
  ...listIn(report, 'errorReports'),
  ...partsOf(report).flatMap(conflictsIn),
]

const statusesIn = (report: Conflict): readonly unknown[] => [report['status'], ...partsOf(report).flatMap(statusesIn)]

const worstOf = (statuses: readonly unknown[]): 'ERROR' | 'WARNING' | undefined =>
  statuses.includes('ERROR') ? 'ERROR' : statuses.includes('WARNING') ? 'WARNING' : undefined

const listIn = (report: Conflict, name: string): readonly Conflict[] => {
  const list = report[name]
  return Array.isArray(list) ? list.map(asRecord) : []
}

const mostTold = 3
const mostStored = 100
