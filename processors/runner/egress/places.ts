import { fairGate, type Gate, gate } from '../../../topology/flow/lanes.ts'
import type { RunId } from '../../../topology/words/ids.ts'
import { CallFailure } from './call-failure.ts'

/** Takes bytes into memory: waits while the run's other calls have too many, throws where the calls of all runs have. */
export type Hold = (bytes: number) => Promise<void>

/** Room for calls. */
export type Places = Readonly<{
  /** The bytes that `task` holds count until it has ended and what came of it was handed on. */
  run<T>(run: RunId, task: (hold: Hold) => Promise<T>): Promise<T>
}>

export type PlacesLimits = Readonly<{
  callsOfRun: number
  callsAtOnce: number
  heldBytesOfRun: number
  heldBytes: number
}>

/** So many calls of one run at once, and of all runs; those that wait take turns by run. */
export const openPlaces = ({ callsOfRun, callsAtOnce, heldBytesOfRun, heldBytes }: PlacesLimits): Places => {
  const all = fairGate({ places: callsAtOnce, kept: Math.floor(callsAtOnce / 4) })
  const runs = new Map<RunId, OfRun>()
  let held = 0

  const counted = async <T>(ofRun: OfRun, task: (hold: Hold) => Promise<T>): Promise<T> => {
    const call = { held: 0 }
    const hold: Hold = async (bytes) => {
      ofRun.receiving.add(call)
      while (ofRun.held + bytes > heldBytesOfRun && !isOldest(call, ofRun)) await ofRun.freed.promise
      if (held + bytes > heldBytes) {
        throw new CallFailure(
          'EGRESS_BUSY',
          'The answers of all calls together are too large at the moment: try again later',
        )
      }
      held += bytes
      ofRun.held += bytes
      call.held += bytes
    }
    const release = (): void => {
      held -= call.held
      ofRun.held -= call.held
      ofRun.receiving.delete(call)
      ofRun.freed.resolve()
      ofRun.freed = Promise.withResolvers()
    }
    try {
      return await task(hold)
    } finally {
      setImmediate(release) // whoever gets the answer passes it on at once
    }
  }

  return {
    async run(run, task) {
      const ofRun = runs.get(run) ?? newcomer(callsOfRun)
      runs.set(run, ofRun)
      ofRun.users++
      const leave = (): void => {
        if (--ofRun.users === 0) runs.delete(run)
      }
      try {
        return await ofRun.gate.run(() => all.run(run, () => counted(ofRun, task)))
      } finally {
        setImmediate(leave)
      }
    },
  }
}

type OfRun = { gate: Gate; users: number; held: number; receiving: Set<object>; freed: PromiseWithResolvers<void> }

const newcomer = (calls: number): OfRun => ({
  ...{ gate: gate(calls), users: 0, held: 0 },
  ...{ receiving: new Set(), freed: Promise.withResolvers() },
})

/** Of those that receive. It goes on whatever the others hold, so that one always ends. */
const isOldest = (call: object, { receiving }: OfRun): boolean => {
  const [oldest] = receiving
  return call === oldest
}
