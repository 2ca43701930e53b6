import { deferred, deferredName } from './deferred.ts'
import { cursorOf } from './functions/cursor.ts'
import { pureUtilOf } from './functions/encoding.ts'
import { debugOf, logOf } from './functions/printing.ts'
import { validateOf } from './functions/schema.ts'
import type { OfRun } from './host.ts'
import { httpOf } from './http/http-object.ts'
import { httpOperationsOfRun } from './http/of-run.ts'
import { httpUtilOf } from './http/util-part.ts'
import { webOfRun } from './web/of-run.ts'

/** Those that a job calls at its top level: they give operations. */
export const operationsOfRun: OfRun = {
  ...httpOperationsOfRun,
  http: httpOf,
  cursor: cursorOf,
  debug: debugOf,
  log: logOf,
  validate: validateOf,
}

/** All that is made for a run when its job mentions it. The job takes it as a parameter, so it is out of reach of other runs. */
export const ofRun: OfRun = {
  console: ({ console }) => console,
  setTimeout: ({ setTimeout }) => setTimeout,
  setInterval: ({ setInterval }) => setInterval,
  clearTimeout: ({ clearTimer }) => clearTimer,
  clearInterval: ({ clearTimer }) => clearTimer,
  [deferredName]: () => deferred,
  util: (host) => ({ ...pureUtilOf(host), ...httpUtilOf(host) }),
  ...webOfRun,
  ...operationsOfRun,
}
