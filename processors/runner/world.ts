import type { Catalogue } from '../../topology/project/catalogue.ts'
import type { EgressPolicy, Job } from '../../topology/project/project.ts'
import { runFactsOf } from '../../topology/wire/runs.ts'
import { newMessageId, type RunId } from '../../topology/words/ids.ts'
import type { RunRequest } from '../../topology/words/run.ts'
import { traceOf } from '../../topology/words/trace.ts'
import { type CredentialsDeps, openCredentials } from './credentials/open.ts'
import { type EgressOptions, openEgress } from './egress/open.ts'
import { type World, worldOfRun } from './world-of-run.ts'

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
    const { traceparent = traceOf({ id: request.message, traceparent: null }) } = runFactsOf(request)
    return worldOfRun({
      ...{ egress, job, traceparent, configuration, secrets },
      policy: policyOf(request.project),
      run: request.run,
    })
  }
  return { open, [Symbol.asyncDispose]: () => egress[Symbol.asyncDispose]() }
}

const tokenMs = 30_000
const never = new AbortController().signal

const nothing = { configuration: null, secrets: [] } as const

/** Of a project that is no more. */
const closed: EgressPolicy = { allow: [], allowPrivate: false }
