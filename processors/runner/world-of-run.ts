import type { EgressPolicy, Job } from '../../topology/project/project.ts'
import type { RunId } from '../../topology/words/ids.ts'
import type { JsonObject } from '../../topology/words/json.ts'
import type { LogLine, Outcome, RunCall } from '../../topology/words/run.ts'
import type { Traceparent } from '../../topology/words/trace.ts'
import type { Configuration } from './credentials/open.ts'
import { CallFailure } from './egress/call-failure.ts'
import { recordOf } from './egress/call-record.ts'
import type { CallContext, Egress } from './egress/open.ts'
import { isSql } from './egress/postgresql/parse-sql-call.ts'
import { type Redact, redactor } from './redaction.ts'
import type { AnswerCall } from './sandbox/child-process.ts'

/** What a run has of the world beyond its input: its credential, and a way out for its calls. */
export type World = Readonly<{
  /** What the job sees as `state.configuration`; null for nothing. */
  configuration: JsonObject | null
  answer: AnswerCall
  /** The outcome as others may see it: nothing in it that the credential says is secret. */
  shown(outcome: Outcome): Outcome
  /** The same for lines of its log. */
  shownLines(lines: readonly LogLine[]): readonly LogLine[]
  /** The calls made so far, in the order in which the run asked for them; a thousand at most. */
  calls(): readonly RunCall[]
}>

export type WorldOfRunDeps = Configuration &
  Readonly<{
    egress: Pick<Egress, 'request' | 'query'>
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
  const unheard = new Map<number, number>() // when they were made
  const inTransaction = new Set<string>()

  const keep = (record: RunCall): void => {
    if (record.number <= mostCalls) calls.set(record.number, record)
  }
  /** Short from the beginning: a job can make a thousand long ones. */
  const shownOf = ({ method, url }: RunCall): Pick<RunCall, 'method' | 'url'> => ({
    method: redact(method, 'text'),
    url: redact(url, 'text').slice(0, longestUrl),
  })

  const answer: AnswerCall = async ({ number, text, note }, signal) => {
    const asked: unknown = JSON.parse(text)
    const about = { ...context, number, testMode: job.testMode, signal, timeoutMs: job.timeoutMs }
    const ifCutOff = recordOf(asked, { context: about, end: cutOff, ms: 0 })
    const seen = shownOf(ifCutOff)
    keep({ ...ifCutOff, ...seen })
    unheard.set(number, performance.now())
    const { text: told, record } = isSql(asked) ? await query(asked, about) : await request(asked, about)
    keep({ ...record, ...seen })
    unheard.delete(number)
    if (number === mostCalls + 1) note('warn', `Of the calls of this run the first ${mostCalls} are kept, and no more`)
    if (job.testMode && record.error === null && number <= mostCalls)
      note('info', `Test mode: ${seen.method} ${seen.url} was not sent, and answered 200`)
    return told
  }

  const request = async (asked: unknown, about: CallContext): Promise<Told> => {
    const { answer, record } = await egress.request(asked, about)
    return { text: JSON.stringify(answer), record }
  }
  const query = async (asked: unknown, about: CallContext): Promise<Told> => {
    const told = await egress.query(asked, about)
    if (told.open === true) inTransaction.add(told.record.url)
    if (told.open === false) inTransaction.delete(told.record.url)
    return told
  }

  return {
    configuration,
    answer,
    shown: (outcome) => {
      const whole = outcome.status === 'success' ? withLines(outcome, [...inTransaction].map(undone)) : outcome
      return secrets.length === 0 ? whole : redacted(whole, redact)
    },
    shownLines: (lines) => (secrets.length === 0 ? lines : redactedLines(lines, redact)),
    calls: () =>
      [...calls.values()]
        .toSorted((a, b) => a.number - b.number)
        .map((call) => ({ ...call, ms: call.ms + msSince(unheard.get(call.number)) })),
  }
}

/** They are stored with the run, and a job can make ten times as many. */
const mostCalls = 1_000
const longestUrl = 2_000

/** Nobody heard what became of it: the run was over before. The server may have done what it was asked for. */
const cutOff = new CallFailure('CUT_OFF', 'the run was over before the answer came')

const msSince = (time: number | undefined): number => (time === undefined ? 0 : Math.round(performance.now() - time))

type Told = Readonly<{ text: string; record: RunCall }>

const undone = (url: string): LogLine => ({
  ...{ time: new Date().toISOString(), level: 'warn', source: 'penstock' },
  message: `${url}: the run ended in a transaction without COMMIT, so nothing of that transaction was kept`,
})

const withLines = (outcome: Outcome, lines: readonly LogLine[]): Outcome =>
  lines.length === 0 ? outcome : { ...outcome, log: [...outcome.log, ...lines] }

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
  log: redactedLines(outcome.log, redact),
})

const redactedLines = (lines: readonly LogLine[], redact: Redact): readonly LogLine[] =>
  lines.map((line) => ({ ...line, message: redact(line.message, 'text') }))
