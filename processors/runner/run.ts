import { reportBurials } from '../../topology/flow/burials.ts'
import { fairGate, type Gate, gate, lanes } from '../../topology/flow/lanes.ts'
import type { Delivery, Logger, MessageLog } from '../../topology/flow/ports.ts'
import type { Retry } from '../../topology/flow/retry.ts'
import { runStage, type Schedule } from '../../topology/flow/run-stage.ts'
import type { Stop } from '../../topology/flow/stop.ts'
import { mostStarted } from '../../topology/flow/watermark.ts'
import { limitBurials, safely } from '../../topology/flow/wrappers.ts'
import type { Meter } from '../../topology/metrics.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'
import type { Job } from '../../topology/project/project.ts'
import { jobTopic, parseTopic } from '../../topology/topics.ts'
import { jobRecordIdOf } from '../../topology/wire/job.ts'
import { type FinishedFacts, runRecord } from '../../topology/wire/runs.ts'
import { timeOf } from '../../topology/words/ids.ts'
import type { RunRequest } from '../../topology/words/run.ts'
import { traceIdOf } from '../../topology/words/trace.ts'
import type { Sandbox } from './sandbox/open.ts'
import { runnerStage } from './stage.ts'

export type RunnerParts = Readonly<{
  log: MessageLog
  catalogue: Catalogue
  sandbox: Sandbox
  adaptor: string
  meter: Meter
  logger: Logger
  retry: Retry
}>

/** The role `runner`: reads the topics of all jobs and runs what they ask for, lane by lane, until stopped. */
export async function runRunner(parts: RunnerParts, stop: Stop): Promise<void> {
  const { log, catalogue, meter, logger } = parts
  await using reader = log.reader({ group: 'runner', idOf: jobRecordIdOf })
  const subscribe = () => reader.subscribe(topicsOf(catalogue))
  using _changes = catalogue.onChange(subscribe)
  subscribe()

  const { schedule, lanesOpen, runsInHand } = byLane(catalogue)
  using _runs = meter.ask('penstock_runs_in_hand', () => [[{}, runsInHand()]])
  using _lanes = meter.ask('penstock_runner_lanes', () => [
    [{ state: 'busy' }, Math.min(runsInHand(), lanesOpen())],
    [{ state: 'waiting' }, Math.max(0, lanesOpen() - runsInHand())],
  ])
  const buried = reportBurials({ meter, logger })
  const stage = runnerStage({
    ...parts,
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

type ByLane = Readonly<{ schedule: Schedule; lanesOpen(): number; runsInHand(): number }>

/** One key of one job at a time, `concurrency` runs of one job, and a cap over all jobs that holds up none which has nothing in hand. */
const byLane = (catalogue: Catalogue): ByLane => {
  const order = lanes()
  const all = fairGate({ places: mostStarted, kept: keptForFirstRuns })
  let inHand = 0
  const modes = new Map<string, Mode>()

  const modeOf = (topic: string, { order, concurrency }: Job): Mode => {
    const known = modes.get(topic)
    known?.places.resize(concurrency)
    if (known?.order === order) return known
    const before = Promise.all(known?.inHand ?? [])
    const mode: Mode = { order, places: gate(concurrency), inHand: new Set(), before }
    modes.set(topic, mode)
    return mode
  }

  const schedule: Schedule = (delivery, work) => {
    const counted = async () => {
      inHand++
      try {
        await work()
      } finally {
        inHand--
      }
    }
    const job = jobOf(catalogue, delivery)
    if (!job) return counted() // ends at once, as cancelled or as a dead letter
    const mode = modeOf(delivery.record.topic, job)
    const done: Promise<void> = order.run(laneOf(delivery, mode), async () => {
      await mode.before
      await mode.places.run(() => all.run(delivery.record.topic, counted))
    })
    mode.inHand.add(done)
    return done.finally(() => mode.inHand.delete(done))
  }
  return { schedule, lanesOpen: order.open, runsInHand: () => inHand }
}

/** How the runs of a job wait for each other. When a deploy changes their order, new runs begin after `before`, or they would overtake. */
type Mode = Pick<Job, 'order'> & Readonly<{ places: Gate; inHand: Set<Promise<void>>; before: Promise<unknown> }>

/** So many jobs find a place at once however many slow runs the others have; those share the places that are left. */
const keptForFirstRuns = 32

const jobOf = (catalogue: Catalogue, { record }: Delivery): Job | undefined => {
  const name = parseTopic(record.topic)
  return name?.kind === 'job' ? catalogue.projects().get(name.project)?.project.jobs.get(name.job) : undefined
}

const laneOf = ({ record }: Delivery, { order }: Mode): string => {
  switch (order) {
    case 'key':
      return `${record.topic}/${record.key?.toString('base64') ?? ''}`
    case 'strict':
      return `${record.topic}/${record.partition}`
    case 'none':
      return `${record.topic}/${record.partition}/${record.offset}`
    default:
      return order satisfies never
  }
}

const count = (meter: Meter, { request, event }: Readonly<{ request: RunRequest; event: FinishedFacts }>): void => {
  const { project, job } = request
  meter.add('penstock_runs_total', { project, job, status: event.status })
  const traceId = traceIdOf(event.traceparent ?? '')
  const [started, finished] = [Date.parse(event.started_at), Date.parse(event.finished_at)]
  const secondsFrom = (from: number, to: number) => ({ value: Math.max(0, to - from) / 1_000, traceId })
  meter.observe('penstock_run_wait_seconds', { project }, secondsFrom(request.queuedAt.getTime(), started))
  meter.observe('penstock_run_duration_seconds', { project }, { value: event.duration_ms / 1_000, traceId })
  if (request.replay !== '') return
  meter.observe('penstock_run_end_to_end_seconds', { project }, secondsFrom(timeOf(request.message), finished))
}
