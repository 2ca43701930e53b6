import type { Catalogue } from '../../topology/project/catalogue.ts'
import type { EgressPolicy, Job } from '../../topology/project/project.ts'
import { runFactsOf } from '../../topology/wire/runs.ts'
import { newMessageId, type RunId } from '../../topology/words/ids.ts'
import type { JsonObject } from '../../topology/words/json.ts'
import type { LogLine, Outcome, RunCall, RunRequest } from '../../topology/words/run.ts'
import { traceOf } from '../../topology/words/trace.ts'
import { type CredentialsDeps, openCredentials } from './credentials/open.ts'
import type { CallRecord } from './egress/call-record.ts'
import { type EgressOptions, openEgress } from './egress/open.ts'
import { type Redact, redactor } from './redaction.ts'
import type { AnswerCall } from './sandbox/child-process.ts'

/** What a run has of the world beyond its input: its credential, and a way out for its HTTP calls. */
export type World = Readonly<{
  /** What the job sees as `state.configuration`; null for nothing. */
  configuration: JsonObject | null
  answer: AnswerCall
  /** The outcome as others may see it: nothing in it that the credential says is secret. */
  shown(outcome: Outcome): Outcome
  /** The calls made so far, in the order in which the run asked for them. */
  calls(): readonly RunCall[]
}>

/** Opens the world for one attempt. Throws `CredentialError` when the job's credential cannot be had. */
export type OpenWorld = (of: Readonly<{ request: RunRequest; job: Job; state: string }>) => Promise<World>

export type Worlds = AsyncDisposable & Readonly<{ open: OpenWorld }>

export type WorldDeps = Omit<CredentialsDeps, 'request' | 'catalogue'> &
  Omit<EgressOptions, 'limits' | 'onBug'> &
  Readonly<{ catalogue: CredentialsDeps['catalogue'] & Pick<Catalogue, 'projects'> }>

/** What all runs of this process share: one way out, one keeper of credentials, whose tokens are fetched by that way, too. */
export const openWorlds = (deps: WorldDeps): Worlds => {
  const egress = openEgress({
    ...deps,
    onBug: (error) => {
      const stack = error instanceof Error ? error.stack : typeof error // the rest of it may hold what a server sent
      deps.logger.error({ stack }, 'A call of a job failed in a way that nobody foresaw')
    },
  })
  const policyOf = (project: string): EgressPolicy => deps.catalogue.projects().get(project)?.project.egress ?? closed
  const credentials = openCredentials({
    ...deps,
    request: async (call, { project }) => {
      const id = newMessageId()
      const { answer } = await egress.request(call, {
        ...{ policy: policyOf(project), run: id as string as RunId, number: 1, testMode: false },
        ...{ traceparent: traceOf({ id, traceparent: null }), timeoutMs: tokenMs, signal: never },
      })
      if ('error' in answer) throw new Error(answer.error.message)
      return answer
    },
  })

  const open: OpenWorld = async ({ request, job, state }) => {
    const { configuration, secrets } =
      job.credential === null ? nothing : await credentials.configurationFor(request.project, job.credential, state)
    const redact = redactor(secrets)
    const calls = new Map<number, CallRecord>() // by number: what is executed again makes the same calls again
    const rehearsals: LogLine[] = []
    const { traceparent = traceOf({ id: request.message, traceparent: null }) } = runFactsOf(request)
    const began = performance.now()

    const answer: AnswerCall = async ({ number, text }, signal) => {
      const called = await egress.request(JSON.parse(text), {
        policy: policyOf(request.project),
        run: request.run,
        number,
        traceparent,
        testMode: job.testMode,
        signal,
        timeoutMs: Math.max(1, job.timeoutMs - (performance.now() - began)),
      })
      calls.set(number, called.record)
      if (job.testMode) rehearsals.push(rehearsed(called.record))
      return JSON.stringify(called.answer)
    }

    return {
      configuration,
      answer,
      shown: (outcome) => withRehearsals(redacted(outcome, redact), rehearsals),
      calls: () =>
        [...calls.values()]
          .toSorted((a, b) => a.number - b.number)
          .map(({ testMode, url, ...facts }) => ({ ...facts, url: redact(url, 'text'), test_mode: testMode })),
    }
  }
  return { open, [Symbol.asyncDispose]: () => egress[Symbol.asyncDispose]() }
}

const tokenMs = 30_000
const never = new AbortController().signal

const nothing = { configuration: null, secrets: [] } as const

/** Of a project that is no more. */
const closed: EgressPolicy = { allow: [], allowPrivate: false }

const rehearsed = ({ method, url }: CallRecord): LogLine => ({
  time: new Date().toISOString(),
  level: 'info',
  source: 'penstock',
  message: `Test mode: ${method} ${url} was not sent, and answered 200`,
})

const withRehearsals = (outcome: Outcome, rehearsals: readonly LogLine[]): Outcome =>
  rehearsals.length === 0
    ? outcome
    : { ...outcome, log: [...outcome.log, ...rehearsals].toSorted((a, b) => (a.time < b.time ? -1 : 1)) }

const redacted = (outcome: Outcome, redact: Redact): Outcome => ({
  ...outcome,
  error: outcome.error && {
    ...outcome.error,
    message: redact(outcome.error.message, 'text'),
    details: JSON.parse(redact(JSON.stringify(outcome.error.details), 'json')),
  },
  state: outcome.state && redact(outcome.state, 'json'),
  log: outcome.log.map((line) => ({ ...line, message: redact(line.message, 'text') })),
})
