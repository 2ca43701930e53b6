import { unlessAborted } from '../../../topology/flow/stop.ts'
import type { Outcome } from '../../../topology/words/run.ts'
import type { Answer, Child, Work } from './child-process.ts'
import type { Fleet } from './fleet.ts'
import { crashLoop, mayHaveTaken, outOfMemory } from './killed.ts'

/** Does the work in a child, until the signal cuts it off: then it rejects with the signal's reason. */
export const attempt = async (child: Child, work: Work, signal: AbortSignal): Promise<Answer> => {
  signal.throwIfAborted()
  const { answer, cut } = child.run(work)
  signal.addEventListener('abort', cut, { once: true })
  try {
    const answered = await answer
    signal.throwIfAborted()
    return answered
  } finally {
    signal.removeEventListener('abort', cut)
  }
}

/** A child for the run, which has begun then. That may take a commit, and meanwhile a process may end. */
export const begunIn = async (
  childFor: () => Promise<Child>,
  { work, signal }: Readonly<{ work: Work; signal: AbortSignal }>,
): Promise<Child> => {
  const child = await childFor()
  signal.throwIfAborted()
  const begun = work.begin()
  if (!begun) return child
  await begun
  return child.isAlive() ? child : childFor()
}

/** Children that many runs share. */
export type SharedPlaces = Readonly<{
  /** A warm child with few runs. Starts one where none is; rejects with Fault `sandbox-unavailable` when none can be started. */
  child(): Promise<Child>
}>

export const openSharedPlaces = (fleet: Fleet, count: number): SharedPlaces => {
  const places: (Child | undefined)[] = Array.from({ length: count }, () => undefined)

  const leaving = new Set<Child>()

  const occupy = (place: number, child: Child): Child => {
    places[place] = child
    void child.ended.then(async () => {
      if (places[place] !== child) return
      places[place] = undefined
      const wasReady = await isReady(child)
      if (wasReady && !places[place] && !fleet.isClosed()) occupy(place, fleet.next()) // at once: the next run finds it warm
    })
    return child
  }

  const replace = async (unfit: Child): Promise<void> => {
    const place = places.indexOf(unfit)
    if (place < 0 || leaving.has(unfit)) return
    leaving.add(unfit)
    const next = fleet.next()
    if ((await isReady(next)) && places[place] === unfit) occupy(place, next)
    else next.kill('recycled')
    unfit.retire()
    leaving.delete(unfit)
  }
  fleet.onUnfit((child) => void replace(child))

  return {
    child: async () => {
      fleet.watch()
      for (;;) {
        let best: Child | undefined
        for (let place = 0; place < places.length; place++) {
          const child = places[place] ?? occupy(place, fleet.next())
          if (!best || child.size() < best.size()) best = child
        }
        if (!best) throw new Error('A sandbox needs at least one place')
        try {
          await best.ready
          if (best.isAlive()) return best
          await best.ended
        } catch (error) {
          if ((await best.ended) !== 'recycled') throw error // else another one has its place already
        }
      }
    },
  }
}

const isReady = (child: Child): Promise<boolean> =>
  child.ready.then(
    () => true,
    () => false,
  )

/** Children in which one run at a time is alone, so that whatever happens is its own doing. */
export type AlonePlaces = Readonly<{
  /** In the place that its job has, after the runs of that job that wait: a job whose runs end badly, and slowly, holds up few others. */
  runInTurn(work: Work, signal: AbortSignal): Promise<Outcome>
  /** Where fewest wait, and a process is warm if there is one. */
  runAnywhere(work: Work, signal: AbortSignal): Promise<Outcome>
}>

export const openAlonePlaces = (fleet: Fleet): AlonePlaces => {
  const places: Place[] = Array.from({ length: alonePlaces }, () => ({
    turn: Promise.resolve(),
    size: 0,
    child: undefined,
    idle: undefined,
  }))

  const warmIn = async (place: Place): Promise<Child> => {
    const child = place.child?.isAlive() ? place.child : fleet.start()
    place.child = child
    await child.ready
    return child
  }

  const runIn = async (place: Place, work: Work, signal: AbortSignal): Promise<Outcome> => {
    signal.throwIfAborted()
    fleet.watch()
    clearTimeout(place.idle)
    const child = await begunIn(() => warmIn(place), { work, signal })
    try {
      const answer = await attempt(child, work, signal)
      if (answer.kind === 'again') {
        const outcome = tooMuch.has(answer.why)
          ? outOfMemory(work.job.memoryMb)
          : crashLoop(`The job ended the process in which it was alone (${answer.why})`)
        return { ...outcome, log: answer.log }
      }
      if (mayHaveTaken(answer.outcome)) child.kill('recycled') // nobody is to be blamed for what this run left behind
      return answer.outcome
    } finally {
      if (child.memory() > largeAlone) child.retire() // the next one would be blamed for it
      place.idle = setTimeout(child.retire, idleMs).unref()
    }
  }
  fleet.onUnfit((child) => {
    if (places.some((place) => place.child === child)) child.retire()
  })

  const runAfterOthers = (place: Place, work: Work, signal: AbortSignal): Promise<Outcome> => {
    const mine = place.turn.then(() => runIn(place, work, signal))
    const leave = (): void => void place.size--
    place.size++
    place.turn = mine.then(leave, leave)
    return unlessAborted(mine, signal)
  }

  const busyness = ({ size, child }: Place): number => 2 * size + (child?.isAlive() ? 0 : 1)

  return {
    runInTurn: (work, signal) => runAfterOthers(places[placeOf(work.job.codeId)] as Place, work, signal),
    runAnywhere: (work, signal) => {
      const best = places.reduce((one, other) => (busyness(other) < busyness(one) ? other : one))
      return runAfterOthers(best, work, signal)
    },
  }
}

type Place = { turn: Promise<void>; size: number; child: Child | undefined; idle: NodeJS.Timeout | undefined }

const alonePlaces = 4

/** Two for the runs that are kept apart for what their job did, so that others find a place. */
const placeOf = (codeId: string): number => (Number.parseInt(codeId.slice(0, 8), 16) || 0) % 2

const idleMs = 10_000

/** Bytes: a fresh process has 100 MB, and one run may add 400 MB to three times its limit. */
const largeAlone = 250 * 2 ** 20

/** How a process ends that has no memory left: by us, or by V8. */
const tooMuch: ReadonlySet<string> = new Set(['memory', 'SIGABRT', 'SIGTRAP', 'SIGILL'])
