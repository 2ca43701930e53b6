import { Fault } from '../../topology/flow/fault.ts'
import { bury, drop, emit, type Stage } from '../../topology/flow/verdict.ts'
import { type Catalogue, needDefinitions } from '../../topology/project/catalogue.ts'
import { perDeploy } from '../../topology/project/per-deploy.ts'
import type { Job, Project } from '../../topology/project/project.ts'
import { jobRecord } from '../../topology/wire/job.ts'
import { type Finished, parseRunRecord, parseRunTexts } from '../../topology/wire/runs.ts'
import { runIdOf } from '../../topology/words/ids.ts'
import { headerOf } from '../../topology/words/record.ts'
import type { RunRequest } from '../../topology/words/run.ts'
import { traceOf } from '../../topology/words/trace.ts'
import { failState, flowState } from './next-state.ts'

/**
 * The end of a run in, run requests for the jobs that follow it out: those with a `flow` trigger on its job after a success, those with a
 * `fail` trigger after anything else but a cancelling. The same end gives the same ids.
 */
export const followStage =
  (catalogue: Catalogue): Stage =>
  async (record, { signal }) => {
    const kind = headerOf(record, 'penstock-event')
    if (kind === 'matched' || kind === 'started' || kind === 'attempt') return drop(kind) // most records: not worth parsing
    const facts = parseRunTexts(record)
    if (facts.event !== 'finished') return drop(facts.event)

    const after = nextKind(facts)
    if (!after) return drop('cancelled')
    await needDefinitions(catalogue, { offset: BigInt(facts.definitions), signal })
    const definitions = catalogue.offset()
    const project = catalogue.projects().get(facts.project)?.project
    if (!project) return drop('project-gone')
    const next = followers(project, { job: facts.job, kind: after })
    if (next.length === 0) return drop('nothing-follows') // most ends: their states need no parsing

    const event = parseRunRecord(record) as Finished
    if (event.depth + 1 >= project.limits.loopLimit) return bury(loop(event, project.limits.loopLimit), letterOf(event))
    const state = after === 'flow' ? flowState(event.final_state) : failState(event)
    return emit(next.map((follower) => jobRecord(requestOf(event, { ...follower, kind: after, definitions, state }))))
  }

type After = 'flow' | 'fail'

const nextKind = ({ status }: Pick<Finished, 'status'>): After | undefined => {
  switch (status) {
    case 'success':
      return 'flow'
    case 'failed':
    case 'crashed':
    case 'killed':
    case 'unknown':
      return 'fail'
    case 'cancelled':
      return undefined
    default:
      return status satisfies never
  }
}

type Follower = Readonly<{ job: Job; trigger: string }>

/** Looked up in an index that is made once for a deploy: most ends start nothing, and a project may have thousands of jobs. */
const followers = (project: Project, ended: Readonly<{ job: string; kind: After }>): readonly Follower[] =>
  indexOf(project).get(`${ended.kind} ${ended.job}`) ?? []

/** By kind and job of an end: each enabled job once, by the first of its triggers that this end fires. */
const indexOf = perDeploy((project: Project): ReadonlyMap<string, readonly Follower[]> => {
  const index = new Map<string, Follower[]>()
  for (const job of project.jobs.values())
    for (const name of job.enabled ? job.triggers : []) {
      const trigger = project.triggers.get(name)
      if (trigger === undefined || trigger.kind === 'message') continue
      const end = `${trigger.kind} ${trigger.job}`
      const found = index.get(end) ?? []
      index.set(end, found)
      if (found.at(-1)?.job !== job) found.push({ job, trigger: name })
    }
  return index
})

type Next = Follower & Readonly<{ kind: After; definitions: bigint; state: string }>

const requestOf = (event: Finished, { job, trigger, kind, definitions, state }: Next): RunRequest => ({
  run: runIdOf({ message: event.message_id, job: job.name, parent: event.run_id, replay: event.replay }),
  message: event.message_id,
  project: event.project,
  job: job.name,
  jobVersion: job.version,
  trigger,
  triggerKind: kind,
  parent: event.run_id,
  retryOf: null,
  replay: event.replay,
  attempt: 1,
  depth: event.depth + 1,
  key: event.key,
  queuedAt: new Date(event.finished_at),
  definitions,
  input: { kind: 'state', state },
  traceparent: event.traceparent ?? traceOf({ id: event.message_id, traceparent: null }),
})

const loop = ({ run_id, job }: Finished, limit: number): Fault =>
  new Fault('loop-limit', `run ${run_id} of ${job} ends a chain of ${limit} runs; what should follow it is not started`)

const letterOf = (event: Finished): { project: string; message: string; run: string } => ({
  project: event.project,
  message: event.message_id,
  run: event.run_id,
})
