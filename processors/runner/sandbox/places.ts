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

  fleet.onUnfit(async (unfit) => {
    const place = places.indexOf(unfit)
    if (place < 0 || leaving.has(unfit)) return
    leaving.add(unfit)
    const next = fleet.next()
    if ((await isReady(next)) && places[place] === unfit) occupy(place, next)
    else next.kill('recycled')
    unfit.retire()
    leaving.delete(unfit)
  })

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
export type AlonePlaces = Readonly<{ run(work: Work, signal: AbortSignal): Promise<Outcome> }>

export const openAlonePlaces = (fleet: Fleet): AlonePlaces => {
  const places: Place[] = Array.from({ length: alonePlaces }, () => ({
    turn: Promise.resolve(),
    child: undefined,
    idle: undefined,
  }))

  const runIn = async (place: Place, work: Work, signal: AbortSignal): Promise<Outcome> => {
    signal.throwIfAborted()
    fleet.watch()
    clearTimeout(place.idle)
    const child = place.child?.isAlive() ? place.child : fleet.start()
    place.child = child
    await child.ready
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
      place.idle = setTimeout(child.retire, idleMs).unref()
    }
  }

  return {
    run: (work, signal) => {
      const place = places[placeOf(work.job.codeId)] as Place
      const mine = place.turn.then(() => runIn(place, work, signal))
      place.turn = mine.then(
        () => {},
        () => {},
      )
      return unlessAborted(mine, signal)
    },
  }
}

type Place = { turn: Promise<void>; child: Child | undefined; idle: NodeJS.Timeout | undefined }

/** Two, so that one job's long end holds up fewer others; runs of one job are always in the same. */
const alonePlaces = 2
const placeOf = (codeId: string): number => (Number.parseInt(codeId.slice(0, 8), 16) || 0) % alonePlaces

const idleMs = 10_000

/** How a process ends that has no memory left: by us, or by V8. */
const tooMuch: ReadonlySet<string> = new Set(['memory', 'SIGABRT', 'SIGTRAP', 'SIGILL'])
