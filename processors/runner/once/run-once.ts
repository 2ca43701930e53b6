import type { Job } from '../../../topology/project/project.ts'
import type { DraftJob } from '../../../topology/project/schema.ts'
import { newMessageId, type RunId } from '../../../topology/words/ids.ts'
import type { JsonObject } from '../../../topology/words/json.ts'
import type { LogLine, Outcome, RunCall } from '../../../topology/words/run.ts'
import { traceOf } from '../../../topology/words/trace.ts'
import { configurationOf } from '../credentials/configuration.ts'
import { secretsOf } from '../credentials/secrets-of.ts'
import { openEgress } from '../egress/open.ts'
import { withConfiguration } from '../language/state.ts'
import { openSandbox } from '../sandbox/open.ts'
import { withinDepth } from '../within-depth.ts'
import { worldOfRun } from '../world-of-run.ts'

/** A job without a project. */
export type JobOnce = DraftJob

/** What came of a run, and what it called. */
export type Ran = Readonly<{ outcome: Outcome; calls: readonly RunCall[]; ms: number }>

/** A sandbox for somebody's own machine, whose own servers and network its jobs may call. */
export type Workbench = AsyncDisposable &
  Readonly<{
    /**
     * Runs a job for a state, as JSON text. `credential` is what it sees as `configuration`; what is secret in it is in nothing that comes back.
     * `onLines` is given the lines of the log as they come.
     */
    run(of: OnceToDo, signal: AbortSignal): Promise<Ran>
  }>

export type OnceToDo = Readonly<{
  job: JobOnce
  state: string
  credential: JsonObject | null
  onLines?: (lines: readonly LogLine[]) => void
}>

export const openWorkbench = async ({ version }: Readonly<{ version: string }>): Promise<Workbench> => {
  await using opening = new AsyncDisposableStack()
  const egress = opening.use(openEgress({ version, own: [], loopbackAllowed: true }))
  const sandbox = opening.use(await openSandbox({ version }))
  const opened = opening.move()

  const run: Workbench['run'] = async (of, signal) => {
    const job: Job = { ...of.job, version: 1 }
    const id = newMessageId()
    const run = id as string as RunId
    const world = worldOfRun({
      ...{ egress, job, run, traceparent: traceOf({ id, traceparent: null }) },
      policy: { allow: [], allowPrivate: true },
      configuration: of.credential && configurationOf(of.credential),
      secrets: of.credential ? secretsOf({ body: of.credential, schema: null }) : [],
    })
    const began = performance.now()
    const state = withConfiguration(of.state, world.configuration)
    let told = 0
    let last: LogLine | undefined
    const onLog = (soFar: readonly LogLine[]): void => {
      if (soFar[told - 1] !== last) told = 0 // it is done again
      of.onLines?.(world.shownLines(soFar.slice(told)))
      told = soFar.length
      last = soFar.at(-1)
    }
    const outcome = await sandbox.run({ run, job, state, answer: world.answer, onLog }, signal)
    const ms = Math.round(performance.now() - began)
    onLog(outcome.log)
    return { outcome: world.shown(withinDepth(outcome)), calls: world.calls(), ms }
  }
  return { run, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}
