import { reportBurials } from '../../topology/flow/burials.ts'
import { openCancels } from '../../topology/flow/cancels.ts'
import type { Logger, MessageLog } from '../../topology/flow/ports.ts'
import { type Retry, spread } from '../../topology/flow/retry.ts'
import { runStage } from '../../topology/flow/run-stage.ts'
import type { Stop } from '../../topology/flow/stop.ts'
import { limitBurials, safely } from '../../topology/flow/wrappers.ts'
import type { Meter } from '../../topology/metrics.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'
import { jobTopic } from '../../topology/topics.ts'
import { jobRecordIdOf } from '../../topology/wire/job.ts'
import { type FinishedFacts, runRecord } from '../../topology/wire/runs.ts'
import { timeOf } from '../../topology/words/ids.ts'
import type { RunRequest } from '../../topology/words/run.ts'
import { traceIdOf } from '../../topology/words/trace.ts'
import { byLane } from './by-lane.ts'
import type { Sandbox } from './sandbox/open.ts'
import { runnerStage } from './stage.ts'
import type { OpenWorld } from './world.ts'

export type RunnerParts = Readonly<{
  log: MessageLog
  catalogue: Catalogue
  sandbox: Sandbox
  world: OpenWorld
  /** Penstock's, which is also that of the built-in adaptors. */
  version: string
  meter: Meter
  logger: Logger
  retry: Retry
  /** Makes of the longest wait of a retry policy the one that is taken; up to that, at random, unless a test says otherwise. */
  spread?: (ms: number) => number
}>

/** The role `runner`: reads the topics of all jobs and runs what they ask for, lane by lane, until stopped. */
export async function runRunner(parts: RunnerParts, stop: Stop): Promise<void> {
  const { log, catalogue, meter, logger } = parts
  await using cancels = await openCancels(log, { logger, signal: stop.reading })
  await using reader = log.reader({ group: 'runner', idOf: jobRecordIdOf })
  const subscribe = () => reader.subscribe(topicsOf(catalogue))
  using _changes = catalogue.onChange(subscribe)
  subscribe()

  const { schedule, lanesOpen, runsInHand } = byLane({ catalogue, cancels, stop })
  using _runs = meter.ask('penstock_runs_in_hand', () => [[{}, runsInHand()]])
  using _lanes = meter.ask('penstock_runner_lanes', () => [
    [{ state: 'busy' }, Math.min(runsInHand(), lanesOpen())],
    [{ state: 'waiting' }, Math.max(0, lanesOpen() - runsInHand())],
  ])
  const buried = reportBurials({ meter, logger })
  const stage = runnerStage({
    spread,
    ...parts,
    cancels,
    announce: (started, key) => {
      log
        .append([runRecord(started, key)])
        .catch((error: unknown) => logger.warn({ error, run: started.run_id }, 'start not announced'))
    },
    ended: (request, event) => count(meter, { request, event }),
    buried,
  })
  await runStage(
    reader,
    {
      name: 'runner',
      stage: limitBurials(50, safely(stage)),
      retry: parts.retry,
      schedule,
      onBurial: buried,
    },
    stop,
  )
}

/** Every job that ever was: what waits for one that is gone must still end, as `cancelled`. */
const topicsOf = (catalogue: Catalogue): readonly string[] =>
  [...catalogue.known()].flatMap(([project, jobs]) => [...jobs].map((job) => jobTopic(project, job)))

const count = (meter: Meter, { request, event }: Readonly<{ request: RunRequest; event: FinishedFacts }>): void => {
  const { project, job } = request
  meter.add('penstock_runs_total', { project, job, status: event.status })
  const traceId = traceIdOf(event.traceparent ?? '')
  const [started, finished] = [Date.parse(event.started_at), Date.parse(event.finished_at)]
  const secondsFrom = (from: number, to: number) => ({ value: Math.max(0, to - from) / 1_000, traceId })
  if (event.attempts === 1)
    meter.observe('penstock_run_wait_seconds', { project }, secondsFrom(request.queuedAt.getTime(), started))
  meter.observe('penstock_run_duration_seconds', { project }, { value: event.duration_ms / 1_000, traceId })
  if (request.replay !== '') return
  meter.observe('penstock_run_end_to_end_seconds', { project }, secondsFrom(timeOf(request.message), finished))
}
