import type { Adaptor } from '../../../../topology/project/adaptors.ts'
import type { Outcome, RunError } from '../../../../topology/words/run.ts'
import type { Bundle } from '../../adaptors/upstream/world.ts'
import type { RunHost } from '../../language/host.ts'
import { stateName } from '../../language/names.ts'
import { isGenerator, type Operation, type State } from '../../language/operation.ts'
import type { Insert, Place } from '../../language/positions.ts'
import { type Calls, openCalls } from './calls.ts'
import { type Failure, failureOf, NotRunnable } from './failure.ts'
import { finalState, maxBytes } from './final-state.ts'
import { type Log, openLog } from './log.ts'
import { lostIn } from './lost-values.ts'
import { openRandom } from './random.ts'
import { openTimers, type Timers } from './timers.ts'

/** A compiled job (`language/compile.ts`), as V8 gives it back. */
export type JobFunction = (
  add: (number: number, thunk: () => unknown) => void,
  ...uses: readonly unknown[]
) => Promise<void>

/** What the realm is told of its one job, once. */
export type JobFacts = Readonly<{
  /** What the job takes beside `add`, in order. */
  uses: readonly string[]
  /** 32 random bytes of this realm's own, in hex. */
  seed: string
  adaptor: Adaptor
  inserts: readonly Insert[]
  operations: readonly (Place & Readonly<{ name: string }>)[]
  console: boolean
  logLimitBytes: number
}>

/** How the host moves the realm: it calls, with numbers and strings, and fetches what came of it. The realm never calls the host. */
export type Runs = Readonly<{
  load(job: JobFunction, facts: string, bundle?: Bundle): void
  /**
   * Fires the timers that are due, hands out `answers` answers (run, number of the call, JSON), starts runs (number, initial state), and gives
   * what came of it. First a line of four: milliseconds until the next timer (`-`: none), `more` where runs may still be moving, so that another
   * turn is wanted (else `-`), and how many calls and how many pieces of log follow. Then three lines for each call (run, its number, JSON), two
   * for each piece (run, JSON of its new lines), and three for each run that has ended: number, outcome without state and with the rest of its
   * log, state (empty: none). No line holds a line break, because JSON has none.
   */
  turn(answers: number, ...texts: readonly (number | string)[]): Promise<string>
  /** What the last turn gave: V8 loses it when a job leaves a promise that nobody asks why it was rejected. */
  again(): string
  /** Ends a run that did not end by itself. A wait of undefined: nobody wants to hear of it. */
  cut(run: number, waitedMs?: number): void
}>

type Run = Readonly<{ number: number; log: Log; timers: Timers; calls: Calls }> & {
  operation: number | null
  ended: boolean
}

/** What a job has in scope for one of its runs, by name, and what carries out its operations where the adaptor says how. */
export type InScope = Readonly<{ take(name: string): unknown; execute?: Execute }>
type Execute = (...operations: readonly Operation[]) => Operation

/** What jobs of an adaptor have in scope; `bundle` is the adaptor itself where it is not built in. */
export type ScopeMaker = (adaptor: Adaptor, bundle: Bundle | undefined) => (host: RunHost) => InScope

/** The runs of one job in this realm. */
export const openRuns = (scopeMaker: ScopeMaker): Runs => {
  const open = new Map<number, Run>()
  const random = openRandom()
  const asked: (number | string)[] = []
  let ended: string[] = []
  let given = ''
  let job: JobFunction | undefined
  let inScope: (host: RunHost) => InScope = () => ({ take: () => undefined })
  let facts: JobFacts = {
    ...{ uses: [], seed: '', adaptor: 'common', inserts: [], operations: [] },
    ...{ console: true, logLimitBytes: 0 },
  }

  const start = async (run: Run, state: string): Promise<void> => {
    try {
      await carryOut(run, initialState(state))
    } catch (thrown) {
      end(run, outcomeOf(run, failureOf(thrown, facts.inserts)))
    }
  }

  const carryOut = async (run: Run, initial: unknown): Promise<void> => {
    let state = initial
    const scope = inScope(hostOf(run))
    const operations = await operationsOf(run, { initial, scope })
    if (scope.execute) state = await scope.execute(...operations.map(watched(run)))(initial as State)
    else
      for (const [number, operation] of operations.entries()) {
        run.operation = number
        state = await operation(state as State)
        if (run.ended) return
        if (state === undefined)
          run.log.note('warn', `${nameOf(number)} returned nothing, so the state is lost. Return a state`)
      }
    const final = finalState(state)
    const lost = final.kind === 'state' && lostIn(state, final.json)
    if (lost) run.log.note('warn', lost)
    if (final.kind === 'too-large') {
      const message = `The final state has ${final.bytes} bytes; it may have ${maxBytes}`
      end(run, killed(run, { name: 'StateTooLargeError', message }), final.json)
    } else end(run, { status: 'success', exitCode: 0, error: null }, final.kind === 'state' ? final.json : 'null')
  }

  /** The job's own declarations come first, all of them; then its operations are made, in order; only then is one called. */
  const operationsOf = async (
    run: Run,
    { initial, scope }: Readonly<{ initial: unknown; scope: InScope }>,
  ): Promise<readonly Operation[]> => {
    const thunks: (() => unknown)[] = []
    const add = (number: number, thunk: () => unknown): void => {
      thunks[number] = thunk
    }
    await job?.(add, ...facts.uses.map((name) => (name === stateName ? initial : scope.take(name))))
    return thunks.map((thunk, number) => {
      run.operation = number
      const made = thunk()
      if (typeof made === 'function' && !isGenerator(made)) return made as Operation
      throw new NotRunnable(
        'ValidationError',
        `${nameOf(number)} gives no operation: it must return a function of state`,
      )
    })
  }

  /** For an adaptor that carries them out itself: says which one is going on. One of a run that is over never ends. */
  const watched =
    (run: Run) =>
    (operation: Operation, number: number): Operation =>
    async (state) => {
      if (run.ended) return new Promise(() => {})
      run.operation = number
      return operation(state)
    }

  const hostOf = ({ log, timers, calls }: Run): RunHost => ({
    http: calls.http,
    sql: calls.sql,
    console: log.console,
    random: random.bytes,
    setTimeout: timers.setTimeout,
    setInterval: timers.setInterval,
    clearTimer: timers.clear,
  })

  const nameOf = (number: number): string => {
    const { name, line } = facts.operations[number] ?? { name: 'an operation', line: 0 }
    return `${name}(…) in line ${line}`
  }

  const end = (run: Run, outcome: Ending, state = ''): void => {
    if (run.ended) return
    close(run)
    const flood =
      run.log.flooded() &&
      killed(run, { name: 'LogFloodError', message: 'The job printed far more than its log may hold' })
    ended.push(String(run.number), JSON.stringify({ ...(flood || outcome), log: run.log.take() }), flood ? '' : state)
  }

  const close = (run: Run): void => {
    run.ended = true
    run.timers.end()
    run.calls.end()
    open.delete(run.number)
  }

  /** Whether one was due. */
  const fireTimers = (run: Run, now: number): boolean => {
    if (run.timers.due() > now) return false
    try {
      while (!run.ended && run.timers.fire(now));
    } catch (thrown) {
      end(run, outcomeOf(run, failureOf(thrown, facts.inserts)))
    }
    return true
  }

  const begin = (number: number, state: string): Run => {
    const log = openLog(facts.logLimitBytes, facts.console)
    const calls = openCalls((call, text) => asked.push(number, call, text))
    const run: Run = { number, log, timers: openTimers(), calls, operation: null, ended: false }
    open.set(number, run)
    void start(run, state)
    return run
  }

  const collect = (more: boolean): string => {
    const now = Date.now()
    let due = Number.POSITIVE_INFINITY
    const printed: string[] = []
    for (const { number, log, timers } of open.values()) {
      due = Math.min(due, timers.due())
      const lines = log.take()
      if (lines.length > 0) printed.push(String(number), JSON.stringify(lines))
    }
    const wait = due === Number.POSITIVE_INFINITY ? '-' : Math.max(0, due - now)
    const calls = asked.splice(0, callsOfTurn(asked))
    const next = `${wait} ${more || asked.length > 0 ? 'more' : '-'} ${calls.length / 3} ${printed.length / 2}`
    const text = [next, ...calls, ...printed, ...ended].join('\n')
    ended = []
    return text
  }

  const outcomeOf = (run: Run, failure: Failure): Ending => {
    const { name, message, details, kind, place } = failure
    if (kind === 'memory') return killed(run, { name: 'OOMError', message })
    if (kind === 'forbidden') return killed(run, { name: 'SecurityError', message: noCodeOfText, place })
    return { status: kind, exitCode: 1, error: { name, message, details, ...placeOf(run, place) } }
  }

  const killed = (
    run: Run,
    { name, message, place = null }: Readonly<{ name: keyof typeof killCodes; message: string; place?: Place | null }>,
  ): Ending => ({
    status: 'killed',
    exitCode: killCodes[name],
    error: { name, message, details: null, ...placeOf(run, place) },
  })

  const placeOf = ({ operation }: Run, place: Place | null): Pick<RunError, 'line' | 'column' | 'operation'> => {
    const current = operation === null ? undefined : facts.operations[operation]
    const { line = null, column = null } = place ?? current ?? {}
    return { line, column, operation: current?.name ?? null }
  }

  return {
    load: (loaded, text, bundle) => {
      job = loaded
      facts = JSON.parse(text) as JobFacts
      inScope = scopeMaker(facts.adaptor, bundle)
      random.seed(facts.seed)
    },
    turn: async (answers, ...texts) => {
      const now = Date.now()
      const moved = [...open.values()].filter((run) => fireTimers(run, now))
      let at = 0
      for (; at < answers * 3; at += 3) {
        const run = open.get(Number(texts[at]))
        run?.calls.answer(Number(texts[at + 1]), String(texts[at + 2]))
        if (run) moved.push(run)
      }
      for (; at < texts.length; at += 2) moved.push(begin(Number(texts[at]), String(texts[at + 1])))
      given = collect(!(await haveEnded(moved)))
      return given
    },
    again: () => given,
    cut: (number, waitedMs) => {
      const run = open.get(number)
      if (!run) return
      if (waitedMs !== undefined)
        end(run, killed(run, { name: 'TimeoutError', message: `The job took more than ${waitedMs} ms` }))
      close(run)
    },
  }
}

/** Gives the runs as long as the short ones take. A run that waits for something is not waited for. */
const haveEnded = async (runs: Run[]): Promise<boolean> => {
  for (let tick = 0; tick < patience; tick++) {
    while (runs.at(-1)?.ended) runs.pop()
    if (runs.length === 0) return true
    await undefined
  }
  return false
}

/** In turns of the queue of promises; three or four an operation. */
const patience = 50

/** How many of these fields leave in one turn: whole calls, one at least, and no more than can be held beside those of other isolates. */
const callsOfTurn = (fields: readonly (number | string)[]): number => {
  let length = 0
  for (let at = 0; at < fields.length; at += 3) {
    length += String(fields[at + 2]).length
    if (at > 0 && length > longestTurn) return at
  }
  return fields.length
}

/** In characters. */
const longestTurn = 32_000_000

const initialState = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new NotRunnable('InputError', `The initial state is not JSON: ${(error as Error).message}`)
  }
}

type Ending = Pick<Outcome, 'status' | 'exitCode' | 'error'>

/** `semantics.md` 7. */
const killCodes = { TimeoutError: 2, OOMError: 134, StateTooLargeError: 4, LogFloodError: 4, SecurityError: 4 } as const

const noCodeOfText = 'The job makes code of text (eval, new Function), and no job may: write the code itself'
