import { Fault, isBurial } from '../../topology/flow/fault.ts'
import { bury, emit, type Stage } from '../../topology/flow/verdict.ts'
import type { Catalogue, Deployed } from '../../topology/project/catalogue.ts'
import { parseIntake } from '../../topology/wire/intake.ts'
import { jobRecord } from '../../topology/wire/job.ts'
import { runFactsOf, runRecord } from '../../topology/wire/runs.ts'
import { runIdOf } from '../../topology/words/ids.ts'
import type { Json } from '../../topology/words/json.ts'
import type { Message } from '../../topology/words/message.ts'
import type { RunRequest } from '../../topology/words/run.ts'
import { traceOf } from '../../topology/words/trace.ts'
import { type Matcher, matcherOf, type WantedRun } from './matcher.ts'
import { readBody } from './read-body.ts'

/**
 * A message in; a run request for each job that wants it out, and then the word on what matched, also when nothing did. The same record
 * gives the same ids, whenever it is asked.
 */
export const filterStage = (catalogue: Catalogue): Stage => {
  const matcherFor = matchers()
  return (record) => {
    const message = parseIntake(record)
    const letter = { project: message.project, message: message.id }
    const deployed = catalogue.projects().get(message.project)
    if (!deployed) return bury(new Fault('project-unknown', `no project ${message.project} is deployed`), letter)

    const body = bodyOf(message)
    if (body instanceof Fault) return bury(body, letter)

    const definitions = catalogue.offset()
    const { triggers, jobs } = matcherFor(deployed).match(message, body)
    const requests = jobs.map((wanted) => requestOf(message, wanted, definitions))
    const matched = runRecord(
      {
        event: 'matched',
        project: message.project,
        message_id: message.id,
        replay: message.replay,
        triggers,
        runs: requests.map(runFactsOf),
        definitions: String(definitions),
      },
      message.key,
    )
    return emit(requests.map(jobRecord), [matched])
  }
}

/** A matcher is made once for each deploy of a project; it goes when the deploy is replaced. */
const matchers = (): ((deployed: Deployed) => Matcher) => {
  const made = new WeakMap<Deployed, Matcher>()
  return (deployed) => {
    const matcher = made.get(deployed) ?? matcherOf(deployed.project)
    made.set(deployed, matcher)
    return matcher
  }
}

const bodyOf = (message: Message): Json | Fault => {
  try {
    return readBody(message)
  } catch (error) {
    if (isBurial(error)) return error
    throw error
  }
}

const requestOf = (message: Message, { job, triggers }: WantedRun, definitions: bigint): RunRequest => ({
  run: runIdOf({ message: message.id, job: job.name, parent: null, replay: message.replay }),
  message: message.id,
  project: message.project,
  job: job.name,
  jobVersion: job.version,
  trigger: triggers[0],
  triggerKind: 'message',
  parent: null,
  retryOf: null,
  replay: message.replay,
  attempt: 1,
  depth: 0,
  key: message.key,
  queuedAt: message.receivedAt,
  definitions,
  input: { kind: 'body', body: message.body, request: JSON.stringify(message.request) },
  traceparent: traceOf(message),
})
