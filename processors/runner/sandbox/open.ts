import { shownAdaptor } from '../../../topology/project/adaptors.ts'
import type { RunId } from '../../../topology/words/ids.ts'
import type { Outcome } from '../../../topology/words/run.ts'
import { type ChildEnd, ownLine, type Work } from './child-process.ts'
import { openFleet, type SandboxState } from './fleet.ts'
import { mayHaveTaken } from './killed.ts'
import { attempt, begunIn, openAlonePlaces, openSharedPlaces } from './places.ts'
import { openQuarantine } from './quarantine.ts'
import { realmScript } from './realm-script.ts'

/**
 * One job for one state. `state` is the JSON text of the initial state (`language/state.ts`); `answer` is the run's only way into the world;
 * `alone`: in a child of its own from the start, for one that may be why a whole runner died.
 */
export type SandboxTask = Omit<Work, 'firstLine' | 'begin'> &
  Readonly<{ run: RunId; alone?: boolean; begin?: () => Promise<void> | undefined }>

/**
 * Where jobs run. Whatever a job does is an outcome; `run` rejects only with the signal's reason, when the run is cut off, with Fault
 * `sandbox-unavailable` when no process can be started, when the sandbox is closed, or with what the task's `answer` threw: the run is cut off then.
 */
export type Sandbox = AsyncDisposable & Readonly<{ run(task: SandboxTask, signal: AbortSignal): Promise<Outcome> }>

/** With what it consists of now: for metrics. */
export type OpenSandbox = Sandbox & Readonly<{ state(): SandboxState }>

export type SandboxOptions = Readonly<{
  /** Penstock's version, for the first line of every log. */
  version: string
  /** Processes that share the runs. One serves many cores: each isolate has its own thread. */
  children?: number
  /** A process above this is killed; its runs are done again, each alone. Default 1 GB. */
  maxRssMb?: number
  /** What the process of a run that is alone may have beside three times the run's limit. Default 400 MB. */
  baseRssMb?: number
  /** A process that is above this for three seconds is replaced when another one is warm. Default 850 MB. */
  recycleRssMb?: number
  /** A process that has runs and says nothing for so long is killed; a sound one says every half a second that it lives. Default 10 s. */
  silenceMs?: number
  /** Told of each process that ended: for metrics. */
  onChildEnd?: (why: ChildEnd) => void
}>

/** Opens the sandbox; its first process is warm then. Closing it leaves no process. */
export const openSandbox = async (options: SandboxOptions): Promise<OpenSandbox> => {
  const { version, children = 1 } = options
  const { maxRssMb = 1_000, baseRssMb = 400, recycleRssMb = 850, silenceMs = 10_000, onChildEnd = () => {} } = options
  const script = await realmScript()
  const quarantine = openQuarantine()
  const fleet = openFleet({
    ...{ script, maxRssMb, baseRssMb, recycleRssMb, silenceMs, onChildEnd },
    onStuck: quarantine.take,
  })
  const shared = openSharedPlaces(fleet, children)
  const alone = openAlonePlaces(fleet)
  const versions = `Penstock ${version}, Node ${process.version}, adaptor `

  const outcomeOf = async (work: Work, signal: AbortSignal): Promise<Outcome> => {
    if (quarantine.holds(work.job)) return alone.runInTurn(work, signal)
    const answer = await attempt(await begunIn(shared.child, { work, signal }), work, signal)
    if (answer.kind === 'outcome') return answer.outcome
    const outcome = await alone.runInTurn(work, signal)
    if (answer.childDied && mayHaveTaken(outcome)) quarantine.take(work.job)
    return outcome
  }

  const run = async (task: SandboxTask, signal: AbortSignal): Promise<Outcome> => {
    let begun = false
    const begin = (): Promise<void> | undefined => {
      if (begun) return undefined // it is done again
      begun = true
      return task.begin?.()
    }
    const firstLine = ownLine('info', versions + shownAdaptor(task.job.adaptor, version))
    const work = { ...task, begin, firstLine }
    return task.alone ? alone.runAnywhere(work, signal) : outcomeOf(work, signal)
  }

  await using opening = new AsyncDisposableStack()
  opening.defer(fleet.close)
  await shared.child()
  opening.move()
  return { run, state: fleet.state, [Symbol.asyncDispose]: fleet.close }
}
