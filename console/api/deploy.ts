import type { Static } from 'typebox'
import { Fault } from '../../topology/flow/fault.ts'
import { problem, type Reply, type Request } from '../../topology/http.ts'
import type { Deployment, DeployOutcome, History } from '../../topology/project/deployment.ts'
import { notesOf } from '../../topology/project/notes.ts'
import { etagOf, stale } from './etag.ts'
import type { deployAnswer } from './project-answers-schema.ts'
import { sourcesOf } from './sources.ts'

/** Writes a deployment and says what it came to. Throws Fault `log-unavailable` when the log does not take it. */
export type Deploy = (deployment: Deployment, signal: AbortSignal) => Promise<DeployOutcome>

export type DeployDeps = Readonly<{
  catalogue: Readonly<{ history(project: string): History }>
  deploy: Deploy
  publicUrl: () => string
}>
export type Change = Readonly<{ deployment: Deployment; history: History; request: Request }>

/** Applies a change, or only says what it would do (`?dry_run=true`). What would change nothing at all is not written. */
export const write = async (deps: DeployDeps, { deployment, history, request }: Change): Promise<Reply> => {
  const before = history.deployed
  const dryRun = request.query['dry_run'] === true
  const reply = (deploy: number): Reply => ({
    status: 200,
    headers: { etag: etagOf(deploy) },
    body: {
      project: deployment.project,
      deploy,
      dry_run: dryRun,
      difference: deployment.difference,
      notes: deployment.next === undefined ? [] : [...notesOf(deployment.next.project)],
      sources:
        deployment.next === undefined
          ? {}
          : sourcesOf(deployment.next.project, {
              publicUrl: deps.publicUrl(),
              without: dryRun ? deployment.drawn : new Set(),
            }),
    } satisfies Static<typeof deployAnswer>,
  })
  if (dryRun) return reply(history.deploy)
  const sameText = before !== undefined && textOf(before.document) === textOf(deployment.next?.document)
  if (sameText && deployment.records.length === 1) return reply(before.deploy) // else what it names has become another
  try {
    const outcome = await inTime(deps.deploy, deployment)
    switch (outcome.kind) {
      case 'accepted':
        return reply(history.deploy + 1)
      case 'stale':
        return stale(deps.catalogue.history(deployment.project).deploy)
      case 'source-taken':
        return sourceTaken(outcome.id)
      case 'topics-refused':
        return problem(409, 'Conflict', `${outcome.detail} Nothing was changed.`)
      default:
        return outcome satisfies never
    }
  } catch (error) {
    if (error instanceof Fault && error.code === 'log-unavailable') return unavailable
    throw error
  }
}

/** The log may be away for longer than anybody waits for an answer; a thousand new topics take a busy broker a while. */
const inTime = async (deploy: Deploy, deployment: Deployment): Promise<DeployOutcome> => {
  const late = AbortSignal.timeout(deployMs + topicMs * deployment.difference.jobs.added.length)
  const gaveUp = Promise.withResolvers<never>()
  late.addEventListener('abort', () =>
    gaveUp.reject(new Fault('log-unavailable', 'the log did not confirm the deploy in time')),
  )
  return await Promise.race([deploy(deployment, late), gaveUp.promise])
}

const deployMs = 15_000
const topicMs = 50

const textOf = (document: unknown): string | undefined => JSON.stringify(document)

const sourceTaken = (id: string): Reply =>
  problem(409, 'Conflict', `A source of another project has got the id ${id} meanwhile: give this one another.`)

const unavailable: Reply = problem(
  503,
  'Service Unavailable',
  'The log did not confirm the change in time: look whether it took effect before you repeat it.',
  { headers: { 'retry-after': '10' } },
)
