import * as control from './functions/control.ts'
import * as csv from './functions/csv.ts'
import * as dates from './functions/dates.ts'
import * as each from './functions/each.ts'
import * as fields from './functions/fields.ts'
import * as lists from './functions/lists.ts'
import * as paths from './functions/paths.ts'
import * as references from './functions/references.ts'
import * as texts from './functions/texts.ts'
import * as xml from './http/parse-xml.ts'

/** What every job has in scope without import and all runs share, by name: functions, and objects of functions. One module a family. */
export const operations: Readonly<Record<string, unknown>> = {
  ...control,
  ...csv,
  ...dates,
  ...each,
  ...fields,
  ...lists,
  ...paths,
  ...references,
  ...texts,
  ...xml,
}
