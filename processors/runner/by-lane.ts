import type { Cancels } from '../../topology/flow/cancels.ts'
import { fairGate, type Gate, gate, lanes } from '../../topology/flow/lanes.ts'
import type { Delivery } from '../../topology/flow/ports.ts'
import type { Schedule, Work } from '../../topology/flow/run-stage.ts'
import type { Stop } from '../../topology/flow/stop.ts'
import { waitUntil } from '../../topology/flow/wait-until.ts'
import { mostStarted } from '../../topology/flow/watermark.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'
import type { Job } from '../../topology/project/project.ts'
import { parseTopic } from '../../topology/topics.ts'
import { headerOf } from '../../topology/words/record.ts'

export type ByLaneParts = Readonly<{
  catalogue: Pick<Catalogue, 'projects'>
  cancels: Pick<Cancels, 'watch'>
  stop: Stop
}>
export type ByLane = Readonly<{ schedule: Schedule; lanesOpen(): number; runsInHand(): number }>

/**
 * One key of one job at a time, `concurrency` runs of one job, and a cap over all jobs that holds up none which has nothing in hand. A run that
 * waits for its next attempt keeps its lane and nothing else. One that is cancelled before its turn ends at once.
 */
export const byLane = ({ catalogue, cancels, stop }: ByLaneParts): ByLane => {
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

  const counted = async (work: Work): Promise<number | undefined> => {
    inHand++
    try {
      return await work()
    } finally {
      inHand--
    }
  }

  const schedule: Schedule = (delivery, work) => {
    const job = jobOf(catalogue, delivery)
    if (!job) return counted(work) // ends at once, as cancelled or as a dead letter
    const mode = modeOf(delivery.record.topic, job)
    const cancelled = new AbortController()
    let working = false
    let over: Promise<unknown> | undefined
    const watched = cancels.watch(runOf(delivery), () => {
      if (!working) over ??= counted(work) // else its work is cut off
      cancelled.abort()
    })
    const inTurn = async (): Promise<number | undefined> => {
      if (over) return undefined
      working = true
      return counted(work).finally(() => {
        working = false
      })
    }
    const done: Promise<void> = order.run(laneOf(delivery, mode), async () => {
      await mode.before
      let due = delivery.tried?.dueAt
      do {
        if (due !== undefined) await waitUntil(due, [stop.reading, stop.working, delivery.lost, cancelled.signal])
        due = await mode.places.run(() => all.run(delivery.record.topic, inTurn))
      } while (due !== undefined)
      await over
    })
    mode.inHand.add(done)
    return done.finally(() => {
      watched[Symbol.dispose]()
      mode.inHand.delete(done)
    })
  }
  return { schedule, lanesOpen: order.open, runsInHand: () => inHand }
}

/** How the runs of a job wait for each other. When a deploy changes their order, new runs begin after `before`, or they would overtake. */
type Mode = Pick<Job, 'order'> & Readonly<{ places: Gate; inHand: Set<Promise<void>>; before: Promise<unknown> }>

/** So many jobs find a place at once however many slow runs the others have; those share the places that are left. */
const keptForFirstRuns = 32

const jobOf = (catalogue: Pick<Catalogue, 'projects'>, { record }: Delivery): Job | undefined => {
  const name = parseTopic(record.topic)
  return name?.kind === 'job' ? catalogue.projects().get(name.project)?.project.jobs.get(name.job) : undefined
}

const runOf = ({ record }: Delivery): string => headerOf(record, 'penstock-run-id') ?? ''

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
