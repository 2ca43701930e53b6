import { Fault } from '../../../topology/flow/fault.ts'
import type { Job } from '../../../topology/project/project.ts'
import type { LogLevel, LogLine, Outcome } from '../../../topology/words/run.ts'
import { asked } from './asked.ts'
import { framesOver } from './frames.ts'
import { type FromChild, type Isolates, parseFromChild, toChildText } from './messages.ts'
import { type Niceness, pipeOf, rssOf, spawnChild } from './spawn-child.ts'
import { openToldJobs } from './told-jobs.ts'

/** Why a child process ended: `recycled` because it had grown, `closed` with the sandbox, the rest by a run's fault or by itself. */
export type ChildEnd = 'closed' | 'recycled' | 'memory' | 'silent' | 'died'

/**
 * A job for one state, as JSON text. `answer` gives what the world says to a call of the run, numbered from 1 (JSON in, JSON out); the signal
 * is aborted when the run is over. `begin` is called, and waited for, when there is a process for the run and its turn has come. `onLog` is given
 * the log as it grows; `firstLine` is what it begins with. A run that is done again makes the same calls again, and its log begins anew.
 */
export type Work = Readonly<{
  job: Job
  state: string
  firstLine: LogLine
  begin: () => Promise<void> | undefined
  answer: AnswerCall
  onLog?: OnLog | undefined
}>
export type AnswerCall = (call: Call, signal: AbortSignal) => Promise<string>
/** `note` adds a line of Penstock's own to the run's log. */
export type Call = Readonly<{ number: number; text: string; note(level: LogLevel, message: string): void }>
export type OnLog = (soFar: readonly LogLine[]) => void

/** What came of a run in a child: its outcome, or that it has to be done again, because nobody knows whose fault it was; `log` is what it had printed. */
export type Answer =
  | Readonly<{ kind: 'outcome'; outcome: Outcome }>
  | Readonly<{ kind: 'again'; why: string; childDied: boolean; log: readonly LogLine[] }>

/** One process that runs jobs, as its parent holds it. */
export type Child = Readonly<{
  /** Resolves when a realm is warm; rejects with Fault `sandbox-unavailable` when the process could not start. */
  ready: Promise<void>
  ended: Promise<ChildEnd>
  run(work: Omit<Work, 'begin'>): Readonly<{ answer: Promise<Answer>; cut(): void }>
  size(): number
  isAlive(): boolean
  /** As it last said. */
  isolates(): Isolates
  /** Resident memory in bytes. */
  memory(): number
  /** Kills it for what can be seen from outside: more memory than its runs may need, silence. Gives its memory in bytes. */
  check(limits: ChildLimits): number
  /** Takes no more runs by its owner's promise; ends when it is empty. */
  retire(): void
  kill(why: ChildEnd): void
}>

export type ChildLimits = Readonly<{
  maxRssMb: number
  /** What the process of a run that is alone may have beside three times the limit of its isolate. */
  baseRssMb: number
  /**
   * How many checks may find that a child with runs has said nothing since the one before. Checks, not milliseconds: a parent that was held up
   * itself has not listened.
   */
  quietChecks: number
}>

export type ChildOptions = Readonly<{ nice: Niceness; onStuck: (job: Job) => void }>

/**
 * Starts a process. Whatever happens to it, also that there is none, every run that it was given gets an answer. `onStuck` is told of a job
 * whose isolate nothing ends but the process.
 */
export const startChild = (realmScript: string, { nice, onStuck }: ChildOptions): Child => {
  const process_ = spawnChild(nice)
  const inHand = new Map<number, InHand>()
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<ChildEnd>()
  let lastRun = 0
  let why: ChildEnd | undefined
  let alive = true
  let retiring = false
  let quiet = 0
  let complaint = ''
  let isolates: Isolates = { loaded: 0, spare: 0 }

  const frames = framesOver(pipeOf(process_), {
    onText: (text) => {
      quiet = 0
      try {
        receive(parseFromChild(text))
      } catch {
        kill('died') // not ours any longer, whatever it is
      }
    },
    onEnd: () => kill('died'),
    maxBytes: 500_000_000,
  })
  const jobs = openToldJobs((message) => frames.send(toChildText(message)))

  const receive = (message: FromChild): void => {
    switch (message.kind) {
      case 'ready':
        ready.resolve()
        return
      case 'alive':
        isolates = message.isolates
        return
      case 'ended':
        for (const { run, outcome } of message.runs)
          settle(run, (log) => ({ kind: 'outcome', outcome: { ...outcome, log: [...log, ...outcome.log] } }))
        return
      case 'printed':
        for (const { run, lines } of message.pieces) print(run, lines)
        return
      case 'calls':
        for (const { run, call, text } of message.calls) void ask(run, { number: call, text })
        return
      case 'again':
        for (const run of message.runs) again(run, { why: message.why, childDied: false })
        return
      case 'stuck': {
        const job = jobs.job(message.job)
        if (job) onStuck(job)
        return
      }
      default:
        message satisfies never
    }
  }

  const print = (run: number, lines: readonly LogLine[]): void => {
    const held = inHand.get(run)
    if (!held) return
    for (const line of lines) held.log.push(line)
    held.onLog?.(held.log)
  }

  const ask = async (run: number, call: Omit<Call, 'note'>): Promise<void> => {
    const held = inHand.get(run)
    if (!held) return
    held.over ??= new AbortController()
    const { signal } = held.over
    const note: Call['note'] = (level, message) => print(run, [ownLine(level, message)])
    try {
      const text = await held.answer({ ...call, note }, signal)
      if (!signal.aborted) frames.send(toChildText({ kind: 'answer', run, call: call.number, text }))
    } catch (error) {
      if (signal.aborted) return
      held.failed(error)
      cut(run)
    }
  }

  const cut = (run: number): void => {
    if (inHand.has(run)) frames.send(toChildText({ kind: 'cut', run }))
    again(run, { why: 'cut', childDied: false })
  }

  const again = (run: number, facts: Readonly<{ why: string; childDied: boolean }>): void =>
    settle(run, (log) => ({ kind: 'again', ...facts, log }))

  const settle = (run: number, answerFor: (log: readonly LogLine[]) => Answer): void => {
    const held = inHand.get(run)
    inHand.delete(run)
    held?.over?.abort()
    held?.settled(answerFor(held.log))
    if (retiring && inHand.size === 0) kill('recycled')
  }

  const kill = (reason: ChildEnd): void => {
    why ??= reason
    process_.kill('SIGKILL')
  }

  const onExit = (exit: string): void => {
    if (!alive) return
    alive = false
    const reason = why ?? 'died'
    const how = reason === 'silent' ? 'it did not answer' : reason === 'memory' ? 'memory' : exit
    for (const run of inHand.keys()) again(run, { why: how, childDied: true })
    ready.reject(
      reason === 'closed'
        ? closedError()
        : new Fault('sandbox-unavailable', `A sandbox process could not start (${how}). ${complaint}`),
    )
    ended.resolve(reason)
  }
  const starting = setTimeout(() => kill('silent'), startMs).unref()
  ready.promise.catch(() => {}).finally(() => clearTimeout(starting)) // told to whoever waits; otherwise `ended` says it
  process_.stderr?.on('data', (text: Buffer) => {
    complaint = (complaint + text.toString('utf8')).slice(-2_000)
  })
  process_.on('exit', (code, signal) => onExit(signal ?? `exit code ${code}`))
  process_.on('error', (error) => onExit(error.message))
  frames.send(toChildText({ kind: 'realm', script: realmScript }))

  return {
    ready: ready.promise,
    ended: ended.promise,
    run: ({ job, state, firstLine, answer, onLog }) => {
      const run = ++lastRun
      const { timeoutMs, memoryMb } = job
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      if (inHand.size === 0) quiet = 0
      const of = { settled: resolve, failed: reject, answer: asked(answer), onLog, memoryMb }
      const held = { ...of, log: [firstLine], over: undefined }
      inHand.set(run, held)
      onLog?.(held.log)
      if (!alive) again(run, { why: 'it had ended', childDied: true })
      frames.send(toChildText({ kind: 'run', run, job: jobs.numberOf(job), timeoutMs, state }))
      return { answer: promise, cut: () => cut(run) }
    },
    size: () => inHand.size,
    isolates: () => isolates,
    memory: () => rssOf(process_),
    isAlive: () => alive && why === undefined && !retiring,
    check: ({ maxRssMb, baseRssMb, quietChecks }) => {
      const rss = rssOf(process_)
      let largest = 0
      for (const { memoryMb } of inHand.values()) largest = Math.max(largest, memoryMb)
      const ofLargest = baseRssMb + slack * largest
      const isAlone = nice > 0 && inHand.size > 0
      if (rss > (isAlone ? ofLargest : Math.max(maxRssMb, ofLargest)) * 2 ** 20) kill('memory')
      if (inHand.size > 0 && ++quiet > quietChecks) kill('silent')
      return rss
    },
    retire: () => {
      retiring = true
      if (inHand.size === 0) kill('recycled')
    },
    kill,
  }
}

/** A line that Penstock adds to a run's log. */
export const ownLine = (level: LogLevel, message: string): LogLine => ({
  time: new Date().toISOString(),
  level,
  source: 'penstock',
  message,
})

export const closedError = (): Error => new Error('The sandbox is closed')

type InHand = Readonly<{
  settled: (answer: Answer) => void
  failed: (error: unknown) => void
  answer: AnswerCall
  onLog: OnLog | undefined
  memoryMb: number
  log: LogLine[]
}> & { over: AbortController | undefined }

/** How far over its limit an isolate may go (the limit is a guideline, says isolated-vm). */
const slack = 3

/** A warm realm takes half a second on a quiet machine. */
const startMs = 60_000
