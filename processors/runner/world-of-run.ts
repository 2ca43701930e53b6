import type { EgressPolicy, Job } from '../../topology/project/project.ts'
import type { RunId } from '../../topology/words/ids.ts'
import type { JsonObject } from '../../topology/words/json.ts'
import type { LogLine, Outcome, RunCall } from '../../topology/words/run.ts'
import type { Traceparent } from '../../topology/words/trace.ts'
import type { Configuration } from './credentials/open.ts'
import { CallFailure } from './egress/call-failure.ts'
import { recordOf } from './egress/call-record.ts'
import type { Egress } from './egress/open.ts'
import { parseCall } from './egress/parse-call.ts'
import { type Redact, redactor } from './redaction.ts'
import type { AnswerCall } from './sandbox/child-process.ts'

/** What a run has of the world beyond its input: its credential, and a way out for its HTTP calls. */
export type World = Readonly<{
  /** What the job sees as `state.configuration`; null for nothing. */
  configuration: JsonObject | null
  answer: AnswerCall
  /** The outcome as others may see it: nothing in it that the credential says is secret. */
  shown(outcome: Outcome): Outcome
  /** The calls made so far, in the order in which the run asked for them; a thousand at most. */
  calls(): readonly RunCall[]
}>

export type WorldOfRunDeps = Configuration &
  Readonly<{
    egress: Pick<Egress, 'request'>
    policy: EgressPolicy
    run: RunId
    traceparent: Traceparent
    job: Pick<Job, 'testMode' | 'timeoutMs'>
  }>

/** The world of one attempt, which begins now. */
export const worldOfRun = (deps: WorldOfRunDeps): World => {
  const { egress, job, configuration, secrets, ...context } = deps
  const redact = redactor(secrets)
  const calls = new Map<number, RunCall>() // by number: what is executed again makes the same calls again
  const notes = new Map<number, LogLine>()
  let left: LogLine | undefined

  const keep = (record: RunCall): void => {
    const { number, method, url } = record
    if (calls.size === mostCalls && !calls.has(number)) {
      left ??= note('warn', `Of the calls of this run the first ${mostCalls} are kept, and no more`)
      return
    }
    calls.set(number, record)
    if (job.testMode) notes.set(number, note('info', `Test mode: ${method} ${url} was not sent, and answered 200`))
  }

  const answer: AnswerCall = async ({ number, text }, signal) => {
    const asked: unknown = JSON.parse(text)
    const about = { ...context, number, testMode: job.testMode, signal, timeoutMs: job.timeoutMs }
    keep(recordOf(parseCall(asked), { context: about, came: cutOff, ms: 0 })) // what it is if the run ends before it does
    const called = await egress.request(asked, about)
    keep(called.record)
    return JSON.stringify(called.answer)
  }

  return {
    configuration,
    answer,
    shown: (outcome) => {
      const whole = withNotes(outcome, [...notes.values(), ...(left ? [left] : [])])
      return secrets.length === 0 ? whole : redacted(whole, redact)
    },
    calls: () =>
      [...calls.values()]
        .toSorted((a, b) => a.number - b.number)
        .map((call) => ({
          ...call,
          method: redact(call.method, 'text'),
          url: redact(call.url, 'text').slice(0, longestUrl),
        })),
  }
}

/** They are stored with the run, and a job can make ten times as many. */
const mostCalls = 1_000
const longestUrl = 2_000

/** Nobody heard what became of it: the run was over before. The server may have done what it was asked for. */
const cutOff = new CallFailure('CUT_OFF', 'the run was over before the answer came')

const note = (level: LogLine['level'], message: string): LogLine => ({
  time: new Date().toISOString(),
  level,
  source: 'penstock',
  message,
})

const withNotes = (outcome: Outcome, notes: readonly LogLine[]): Outcome =>
  notes.length === 0
    ? outcome
    : { ...outcome, log: [...outcome.log, ...notes].toSorted((a, b) => (a.time < b.time ? -1 : 1)) }

const redacted = (outcome: Outcome, redact: Redact): Outcome => ({
  ...outcome,
  error: outcome.error && {
    ...outcome.error,
    name: redact(outcome.error.name, 'text'),
    operation: outcome.error.operation && redact(outcome.error.operation, 'text'),
    message: redact(outcome.error.message, 'text'),
    details: JSON.parse(redact(JSON.stringify(outcome.error.details), 'json')),
  },
  state: outcome.state && redact(outcome.state, 'json'),
  log: outcome.log.map((line) => ({ ...line, message: redact(line.message, 'text') })),
})
