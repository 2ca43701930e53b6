import { turns } from '../../topology/flow/turns.ts'
import type { Catalogue, Deployed } from '../../topology/project/catalogue.ts'
import { type Matcher, matcherMaker } from './matcher.ts'

/** The matcher of a deploy; `definitions` is an offset at which the catalogue had that deploy in force. */
export type Serving = Readonly<{ matcher: Matcher; definitions: bigint }>

/** The matchers of all projects: of each the first is made when somebody asks for it, the next ones as soon as a deploy is read. */
export type Matchers = Disposable &
  Readonly<{
    /**
     * The matcher that serves now: while that of a new deploy is being made, the one before; a promise while there is none; undefined for a
     * project that is not deployed.
     */
    of(project: string): Serving | Promise<Serving> | undefined
  }>

export const openMatchers = (catalogue: Pick<Catalogue, 'projects' | 'offset' | 'onChange'>): Matchers => {
  const closing = new AbortController()
  const followed = new Map<string, Followed>()
  const deployedNow = (project: string) => (): Now | undefined => {
    const deployed = closing.signal.aborted ? undefined : catalogue.projects().get(project)
    return deployed && { deployed, definitions: catalogue.offset() }
  }
  const changes = catalogue.onChange((project) => {
    if (catalogue.projects().has(project)) followed.get(project)?.catchUp()
    else followed.delete(project)
  })
  return {
    of: (project) => {
      if (!catalogue.projects().has(project)) return undefined
      const known = followed.get(project)
      if (known !== undefined) return known.serving()
      const own = follow(deployedNow(project))
      followed.set(project, own)
      own.catchUp()
      return own.serving()
    },
    [Symbol.dispose]: () => {
      closing.abort()
      changes[Symbol.dispose]()
    },
  }
}

type Now = Readonly<{ deployed: Deployed; definitions: bigint }>
type Followed = Readonly<{ serving(): Serving | Promise<Serving>; catchUp(): void }>

/** The matchers of one project, deploy after deploy; of deploys that come while one is being made, only the last. */
const follow = (now: () => Now | undefined): Followed => {
  const maker = matcherMaker()
  const first = Promise.withResolvers<Serving>()
  let serving: Serving | Promise<Serving> = first.promise
  let made: Deployed | undefined
  let busy = false

  const catchUp = async (): Promise<void> => {
    if (busy) return
    busy = true
    try {
      for (let next = now(); next !== undefined && next.deployed !== made; next = now()) {
        made = next.deployed
        serving = { matcher: await inSlices(maker.make(made.project)), definitions: next.definitions }
        first.resolve(serving)
      }
    } catch (error) {
      serving = Promise.reject(error) // each message of the project hears of it
      serving.catch(() => {})
      first.resolve(serving)
    }
    busy = false
  }
  return { serving: () => serving, catchUp: () => void catchUp() }
}

/** Takes the steps, and lets others have their turn after each slice of time. */
const inSlices = async <T>(steps: Generator<void, T>): Promise<T> => {
  const turn = turns(sliceMs)
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value
    const rest = turn()
    if (rest) await rest
  }
}

const sliceMs = 0.3
