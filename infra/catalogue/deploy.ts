import type { MessageLog } from '../../topology/flow/ports.ts'
import type { Deployment, DeployOutcome } from '../../topology/project/deployment.ts'
import { StartProblem } from '../start-problem.ts'
import { readBack, type WriteTo } from './read-back.ts'

export type DeployTo = WriteTo & Readonly<{ log: Pick<MessageLog, 'ensureTopics'> }>

/**
 * Writes a deploy: its topics first, so that nobody meets a job without one, then its records; then reads its own record back, which says
 * whether it counts. Throws Fault `log-unavailable` when the log does not take it.
 */
export const deployProject = async (
  deployment: Deployment,
  { log, catalogue, signal }: DeployTo,
): Promise<DeployOutcome> => {
  try {
    await log.ensureTopics(deployment.topics)
  } catch (error) {
    if (error instanceof StartProblem) return { kind: 'topics-refused', detail: error.message }
    throw error
  }
  const read = await readBack(deployment, { log, catalogue, signal })
  switch (read.kind) {
    case 'accepted':
      return { kind: 'accepted', offset: read.offset }
    case 'stale':
      return { kind: 'stale' }
    case 'source-taken':
      return { kind: 'source-taken', id: read.id }
    case 'unreadable':
      throw new Error(`What was deployed cannot be read back: ${read.detail}`)
    case 'credential':
      throw new Error(`What was deployed was read back as the credential ${read.name}`)
    default:
      return read satisfies never
  }
}
