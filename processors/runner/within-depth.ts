import { depthOf } from '../../topology/words/json.ts'
import type { Outcome } from '../../topology/words/run.ts'
import { ended } from './sandbox/killed.ts'

/** Deeper states could be written but not read again by every part that handles them. */
export const withinDepth = (outcome: Outcome): Outcome =>
  outcome.state !== null && depthOf(Buffer.from(outcome.state)) > maxStateDepth
    ? {
        ...ended('killed', 4, {
          name: 'StateTooLargeError',
          message: `the final state nests deeper than ${maxStateDepth}`,
        }),
        log: outcome.log,
      }
    : outcome

const maxStateDepth = 1_000
