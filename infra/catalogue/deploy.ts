import type { MessageLog } from '../../topology/flow/ports.ts'
import type { Deployment, DeployOutcome } from '../../topology/project/deployment.ts'
import { StartProblem } from '../start-problem.ts'
import type { OpenCatalogue } from './open.ts'

export type DeployTo = Readonly<{
  log: Pick<MessageLog, 'append' | 'ensureTopics'>
  catalogue: Pick<OpenCatalogue, 'verdictOn'>
  /** Ends the waiting; the deploy may take effect all the same. */
  signal: AbortSignal
}>

/**
 * Writes a deploy: its topics first, so that nobody meets a job without one, then its records; then reads its own record back, which says
 * whether it counts. Throws Fault `log-unavailable` when the log does not take it.
 */
export const deployProject = async (
  deployment: Deployment,
  { log, catalogue, signal }: DeployTo,
): Promise<DeployOutcome> => {
  const giveUp = new AbortController()
  try {
    await log.ensureTopics(deployment.topics)
  } catch (error) {
    if (error instanceof StartProblem) return { kind: 'topics-refused', detail: error.message }
    throw error
  }
  const verdict = catalogue.verdictOn(deployment.token, AbortSignal.any([signal, giveUp.signal]))
  verdict.catch(() => {}) // when the writing fails, that is what is thrown
  try {
    await log.append(deployment.records)
  } catch (error) {
    giveUp.abort(error)
    throw error
  }
  const read = await verdict
  switch (read.kind) {
    case 'accepted':
      return { kind: 'accepted', offset: read.offset }
    case 'stale':
      return { kind: 'stale' }
    case 'source-taken':
      return { kind: 'source-taken', id: read.id }
    case 'unreadable':
      throw new Error(`What was deployed cannot be read back: ${read.detail}`)
    default:
      return read satisfies never
  }
}
