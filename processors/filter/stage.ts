import { Fault, isBurial } from '../../topology/flow/fault.ts'
import { bury, emit, type Stage, type Verdict } from '../../topology/flow/verdict.ts'
import { parseIntake } from '../../topology/wire/intake.ts'
import { jobRecord } from '../../topology/wire/job.ts'
import { runFactsOf, runRecord } from '../../topology/wire/runs.ts'
import { runIdOf } from '../../topology/words/ids.ts'
import type { Message } from '../../topology/words/message.ts'
import type { RunRequest } from '../../topology/words/run.ts'
import { traceOf } from '../../topology/words/trace.ts'
import type { WantedRun } from './matcher.ts'
import type { Matchers, Serving } from './matchers.ts'
import { type Body, openBody } from './read-body.ts'

/**
 * A message in; a run request for each job that wants it out, and then the word on what matched, also when nothing did. The same record
 * gives the same ids, whenever it is asked.
 */
export const filterStage =
  (matchers: Pick<Matchers, 'of'>): Stage =>
  (record) => {
    const message = parseIntake(record)
    const letter = { project: message.project, message: message.id }
    const serving = matchers.of(message.project)
    if (serving === undefined) {
      return bury(new Fault('project-unknown', `no project ${message.project} is deployed`), letter)
    }
    const body = bodyOf(message)
    if (body instanceof Fault) return bury(body, letter)
    return serving instanceof Promise
      ? serving.then((first) => verdictOn({ message, body }, first))
      : verdictOn({ message, body }, serving)
  }

const verdictOn = ({ message, body }: Readonly<{ message: Message; body: Body }>, serving: Serving): Verdict => {
  const { matcher, definitions } = serving
  const { triggers, jobs } = matcher.match(message, body)
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

const bodyOf = (message: Message): Body | Fault => {
  try {
    return openBody(message)
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
