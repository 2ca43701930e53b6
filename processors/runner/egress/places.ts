import { fairGate, type Gate, gate } from '../../../topology/flow/lanes.ts'
import type { RunId } from '../../../topology/words/ids.ts'
import { CallFailure } from './call-failure.ts'

/** Room for calls. */
export type Places = Readonly<{
  /** `task` takes bytes into memory by `hold`, which throws when all calls together have too many; they count until it ends. */
  run<T>(run: RunId, task: (hold: (bytes: number) => void) => Promise<T>): Promise<T>
}>

export type PlacesLimits = Readonly<{ callsOfRun: number; callsAtOnce: number; heldBytes: number }>

/** So many calls of one run at once, and of all runs; those that wait take turns by run. */
export const openPlaces = ({ callsOfRun, callsAtOnce, heldBytes }: PlacesLimits): Places => {
  const all = fairGate({ places: callsAtOnce, kept: Math.floor(callsAtOnce / 4) })
  const gates = new Map<RunId, { gate: Gate; users: number }>()
  let held = 0

  const counted = async <T>(task: (hold: (bytes: number) => void) => Promise<T>): Promise<T> => {
    let mine = 0
    const hold = (bytes: number): void => {
      if (held + bytes > heldBytes) {
        throw new CallFailure(
          'EGRESS_BUSY',
          'The answers of all calls together are too large at the moment: try again later',
        )
      }
      held += bytes
      mine += bytes
    }
    try {
      return await task(hold)
    } finally {
      held -= mine
    }
  }

  return {
    async run(run, task) {
      const entry = gates.get(run) ?? { gate: gate(callsOfRun), users: 0 }
      gates.set(run, entry)
      entry.users++
      try {
        return await entry.gate.run(() => all.run(run, () => counted(task)))
      } finally {
        entry.users--
        if (entry.users === 0) gates.delete(run)
      }
    },
  }
}
