import type { Cancels } from '../../topology/flow/cancels.ts'
import { emit, type Stage } from '../../topology/flow/verdict.ts'
import { cancelDone } from '../../topology/wire/control.ts'
import { endedRunOf } from '../../topology/wire/runs.ts'

/** Takes the wish that a run ends out of `control` when it has, however it did. */
export const tidied =
  (cancels: Pick<Cancels, 'of'>, stage: Stage): Stage =>
  async (record, hand) => {
    const verdict = await stage(record, hand)
    const run = endedRunOf(record)
    if (run === undefined || !cancels.of(run)) return verdict
    switch (verdict.kind) {
      case 'emit':
        return emit(...verdict.steps, [cancelDone(run)])
      case 'drop':
        return emit([cancelDone(run)])
      case 'bury':
      case 'again':
        return verdict
      default:
        return verdict satisfies never
    }
  }
