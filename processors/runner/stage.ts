import type { Cancels } from '../../topology/flow/cancels.ts'
import { Fault, isBurial } from '../../topology/flow/fault.ts'
import { type Gate, gate } from '../../topology/flow/lanes.ts'
import { unlessAborted } from '../../topology/flow/stop.ts'
import { again, bury, emit, type Hand, type Stage, type Verdict } from '../../topology/flow/verdict.ts'
import { shownAdaptor } from '../../topology/project/adaptors.ts'
import { type Catalogue, needDefinitions } from '../../topology/project/catalogue.ts'
import type { Job } from '../../topology/project/project.ts'
import { maxRunRecordBytes } from '../../topology/topics.ts'
import { deadLetterRecord } from '../../topology/wire/dead-letters.ts'
import { parseJobRecord } from '../../topology/wire/job.ts'
import { retryRecord } from '../../topology/wire/retry.ts'
import {
  type Attempted,
  type FinishedFacts,
  finishedRecord,
  runFactsOf,
  runRecord,
  type Started,
} from '../../topology/wire/runs.ts'
import { CredentialError } from '../../topology/words/credential.ts'
import type { DeadLetter } from '../../topology/words/dead-letter.ts'
import type { Incoming, Outgoing } from '../../topology/words/record.ts'
import type { LogLine, Outcome, RunCall, RunRequest, Tried } from '../../topology/words/run.ts'
import { nextTry } from './attempts.ts'
import { cancellable, cancelledBy, unseen } from './cut-off.ts'
import { stateText, withConfiguration } from './language/state.ts'
import { crashLoop, ended, isCrashLoop } from './sandbox/killed.ts'
import type { Sandbox } from './sandbox/open.ts'
import { withinDepth } from './within-depth.ts'
import type { OpenWorld } from './world.ts'
import type { World } from './world-of-run.ts'

export type RunnerDeps = Readonly<{
  catalogue: Catalogue
  sandbox: Sandbox
  world: OpenWorld
  /** Penstock's, which is also that of the built-in adaptors; shown on each run. */
  version: string
  /** Called when a run takes over a second, so that history shows it while it goes on. */
  announce: (started: Started, key: string) => void
  ended: (request: RunRequest, event: FinishedFacts) => void
  cancels: Pick<Cancels, 'of' | 'watch'>
  /** Makes of the longest wait of a retry policy the one that is taken. */
  spread: (ms: number) => number
  /** Told of each dead letter that is about to be written beside an outcome. */
  buried: (letter: DeadLetter) => void
}>

/**
 * Job topic in, outcome out: runs the job once in the sandbox. `finished` is the commit point of the run (design.md 4): everything that
 * follows is derived from it by others. A job that is no longer in force ends what waits for it as `cancelled` (promise 7). A run that takes
 * its process with it again and again ends as `CrashLoopError`, and as a dead letter before that, so that somebody looks.
 */
export const runnerStage = (deps: RunnerDeps): Stage => {
  const gates = { alone: gate(1), once: gate(4) }
  return async (record, hand) => {
    const request = requestOf(record)
    if (request instanceof Fault) return bury(request)
    await needDefinitions(deps.catalogue, { offset: request.definitions, signal: hand.signal })
    const job = deps.catalogue.jobVersion(request.project, request.job, request.jobVersion)
    if (!job) return bury(unknownJob(request), { project: request.project, message: request.message, run: request.run })

    const state = stateText(request.input)
    const startedAt = new Date()
    const came = await cameTo({ ...deps, gates }, { request, job, state, hand })
    const { outcome } = came
    const tried = hand.tried ?? request.tried
    const event = eventOf(request, { startedAt, ...came, tried, adaptor: shownAdaptor(job.adaptor, deps.version) })
    const now = Date.parse(event.finished_at)
    const next = nextTry(job, { outcome, starts: event.starts, tried, now, spread: deps.spread })
    if (next)
      return tryAgain({ request, job }, { next, now, attempt: attemptRecord(attemptOf(event, next), request.key) })
    const states = { final_state: outcome.state, input: outcome.status === 'success' ? null : state }
    const whole = finishedRecord(event, states)
    const isTooLarge = Buffer.byteLength(whole.value ?? '') > maxRunRecordBytes
    const end = isTooLarge ? tooLarge(event) : event
    const outgoing = isTooLarge ? finishedRecord(end, { final_state: null, input: null }) : whole
    deps.ended(request, end)
    if (!isCrashLoop(outcome)) return emit([outgoing])
    const letter = letterOf(request, { record, outcome })
    deps.buried(letter)
    return emit([deadLetterRecord(letter)], [outgoing])
  }
}

type Start = Readonly<{ request: RunRequest; job: Job; state: string; hand: Hand }>

/** What the attempt came to, how often it was started for that, what it called, and when it began, if it did. */
type Came = Readonly<{ outcome: Outcome; starts: number; calls: readonly RunCall[]; startedAt?: Date }>

/**
 * The third start is in a child of its own, one at a time, so that only this run dies with it; while others wait for that they have not begun.
 * There is no fourth. What may have effects at most once always has a child of its own, four at a time, and no second start.
 */
const cameTo = async (
  deps: RunnerDeps & Readonly<{ gates: Readonly<Record<'alone' | 'once', Gate>> }>,
  start: Start,
): Promise<Came> => {
  const { begun, signal } = start.hand
  const once = start.job.effects === 'at-most-once'
  if (once && begun > 0) return { outcome: unseen, starts: begun, calls: [] }
  const cancel = deps.cancels.of(start.request.run)
  const cancelled = cancel ? cancelledBy(cancel) : notInForce(deps.catalogue, start.request)
  if (cancelled) return { outcome: cancelled, starts: begun, calls: [] }
  if (begun < 2 && !once) return run(deps, start)
  if (begun > 2) return { outcome: crashLoop(startedSo(begun)), starts: begun, calls: [] }
  return deps.gates[once ? 'once' : 'alone'].run(() => {
    signal.throwIfAborted()
    return run(deps, start)
  })
}

const startedSo = (often: number): string =>
  `started ${often} times, and each time the process that ran it ended before it did: it is not started again`

const run = async (deps: RunnerDeps, { request, job, state, hand }: Start): Promise<Came> => {
  const facts = runFactsOf(request)
  const attempt = attemptsOf(request, hand.tried)
  const once = job.effects === 'at-most-once'
  const world = await worldFor(deps, { request, job, state, hand })
  if ('outcome' in world) return { ...world, starts: hand.begun, calls: [] }
  let starts = hand.begun
  let startedAt: Date | undefined
  let slow: NodeJS.Timeout | undefined
  const hasBegun = (often: number): void => {
    starts = often
    const now = new Date()
    startedAt = now
    slow = setTimeout(
      () => deps.announce({ ...facts, event: 'started', started_at: now.toISOString(), attempt }, request.key),
      slowMs,
    )
  }
  const begin = (): Promise<void> | undefined => {
    if (once) return hand.beginForGood().then(hasBegun)
    hasBegun(hand.begin())
    return undefined
  }
  try {
    const task = { run: request.run, job, state: withConfiguration(state, world.configuration), answer: world.answer }
    const outcome = await cancellable(deps.sandbox, deps.cancels).run(
      { ...task, alone: once || starts >= 2, begin },
      hand.signal,
    )
    const came = { outcome: world.shown(withinDepth(outcome)), starts, calls: world.calls() }
    return startedAt ? { ...came, startedAt } : came
  } finally {
    clearTimeout(slow)
  }
}

/** The run's world, or what the run comes to without one. A token may take half a minute: until then nothing has begun. */
const worldFor = async (
  { world, cancels }: RunnerDeps,
  { request, job, state, hand }: Start,
): Promise<World | Pick<Came, 'outcome'>> => {
  try {
    const opened = await unlessAborted(world({ request, job, state }), hand.signal)
    const cancel = cancels.of(request.run)
    return cancel ? { outcome: cancelledBy(cancel) } : opened
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error
    return { outcome: ended('failed', 1, { name: error.name, message: error.message }) }
  }
}

/** Where order counts, the run keeps its place; else it comes again by way of the log, and nobody waits for it. */
const tryAgain = (
  { request, job }: Pick<Start, 'request' | 'job'>,
  { next, now, attempt }: Readonly<{ next: Tried; now: number; attempt: Outgoing }>,
): Verdict =>
  job.order === 'none'
    ? emit([attempt], [retryRecord({ ...request, attempt: next.attempts + 1, tried: next }, { hops: 0, now })])
    : again(next, [attempt])

/** The attempts so far, the one that is going on included. */
const attemptsOf = (request: RunRequest, tried = request.tried): number => (tried?.attempts ?? request.attempt - 1) + 1

const slowMs = 1_000

const requestOf = (record: Parameters<Stage>[0]): RunRequest | Fault => {
  try {
    return parseJobRecord(record)
  } catch (error) {
    if (isBurial(error)) return error
    throw error
  }
}

const unknownJob = ({ project, job, jobVersion }: RunRequest): Fault =>
  new Fault('job-unknown', `project ${project} has no version ${jobVersion} of a job ${job}`)

/** The outcome of a run that is not to happen any more, or undefined when its job is in force. */
const notInForce = (catalogue: Catalogue, { project, job }: RunRequest): Outcome | undefined => {
  const deployed = catalogue.projects().get(project)
  const current = deployed?.project.jobs.get(job)
  if (current?.enabled) return undefined
  const why = !deployed
    ? `the project ${project} was deleted`
    : `the job ${job} was ${current ? 'disabled' : 'removed'}`
  return ended('cancelled', 6, { name: 'JobNotInForce', message: `cancelled before it started: ${why}` })
}

const letterOf = (
  { project, message, run }: RunRequest,
  { record, outcome }: Readonly<{ record: Incoming; outcome: Outcome }>,
): DeadLetter => ({
  reason: 'crash-loop',
  detail: outcome.error?.message ?? '',
  stage: 'runner',
  project,
  message,
  run,
  record,
})

/** What is left of an outcome that no record can hold: it is said, and nothing of it is retried (design.md 4). */
const tooLarge = (event: FinishedFacts): FinishedFacts => {
  const error = {
    name: 'StateTooLargeError',
    message: `the run's states and log together are over ${maxRunRecordBytes} bytes`,
  }
  const killed = ended('killed', 4, error)
  return { ...event, status: killed.status, exit_code: killed.exitCode, error: killed.error, log: beginOf(event.log) }
}

/** A log that no record can hold is cut; what counts is that the run is tried again. */
const attemptRecord = (event: Attempted, key: string): Outgoing => {
  const whole = runRecord(event, key)
  if (Buffer.byteLength(whole.value ?? '') <= maxRunRecordBytes) return whole
  return runRecord({ ...event, log: beginOf(event.log) }, key)
}

const beginOf = (log: readonly LogLine[]): readonly LogLine[] =>
  log.slice(0, 100).map((line) => ({ ...line, message: line.message.slice(0, 1_000) }))

const eventOf = (
  request: RunRequest,
  {
    outcome,
    starts,
    calls,
    tried,
    startedAt,
    adaptor,
  }: Came & Readonly<{ tried: Tried | undefined; startedAt: Date; adaptor: string }>,
): FinishedFacts => {
  const finishedAt = new Date()
  const isNotBegun = tried !== undefined && outcome.status === 'cancelled' && starts === 0 // it waited for its next attempt
  return {
    event: 'finished',
    ...runFactsOf(request),
    adaptor,
    status: outcome.status,
    exit_code: outcome.exitCode,
    error: outcome.error,
    attempts: isNotBegun ? tried.attempts : attemptsOf(request, tried),
    starts: (tried?.starts ?? 0) + starts,
    started_at: startedAt.toISOString(),
    finished_at: finishedAt.toISOString(),
    duration_ms: finishedAt.getTime() - startedAt.getTime(),
    calls,
    log: outcome.log,
    definitions: String(request.definitions),
  }
}

/** What is told of an attempt when it was not the last. */
const attemptOf = (event: FinishedFacts, { dueAt }: Tried): Attempted => {
  const { attempts, duration_ms: _, status: __, ...facts } = event
  return { ...facts, event: 'attempt', attempt: attempts, due_at: new Date(dueAt).toISOString() }
}
