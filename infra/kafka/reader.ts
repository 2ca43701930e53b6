import { Fault } from '../../topology/flow/fault.ts'
import type { Logger, Reader, ReaderOptions } from '../../topology/flow/ports.ts'
import type { RepeatsWindow } from '../../topology/flow/repeats.ts'
import { backoff } from '../../topology/flow/retry.ts'
import { aborted, unlessAborted } from '../../topology/flow/stop.ts'
import type { Cluster, ClusterOptions } from './cluster.ts'
import { type Commit, openDesk, type Place, placeKey } from './desk.ts'
import { forbidden, isHopeless, textOf } from './errors.ts'
import { runFetching } from './fetching.ts'
import { type Membership, openMembership } from './membership.ts'
import { sendCommits } from './offsets.ts'
import { pause, within } from './pause.ts'
import { startsOf } from './starts.ts'
import { openValve } from './valve.ts'
import type { Writer } from './writer.ts'

export type ReaderSettings = Readonly<{
  server: ClusterOptions
  logger: Logger
  sessionMs: number
  rebalanceMs: number
  heartbeatMs: number
  /** How long what is in hand of a partition that goes to somebody else may take. */
  drainMs: number
  commitMs: number
  repeats: RepeatsWindow
}>

/**
 * A member of a group with its own fetch loop and its own commits. Whatever breaks is closed and opened again, here; what is in hand then
 * is called off only if it may be somebody else's.
 */
export const openReader = (cluster: Cluster, writer: Writer, settings: ReaderSettings & ReaderOptions): Reader => {
  const { group, server, logger, sessionMs, idOf, budgetBytes = 32_000_000, share, lingerMs = 0 } = settings
  const closing = new AbortController()
  let wanted: readonly string[] = []
  let missing = false
  let membership: Membership | undefined
  let running: Promise<void> | undefined
  let calledOff = false
  let committing = Promise.resolve()
  let soon: NodeJS.Timeout | undefined
  let assignments = 0
  let answeredAt = Number.NEGATIVE_INFINITY
  let awakeAt = performance.now()
  /** Who looks up where to begin in a place; the last one who began counts. */
  const taking = new Map<string, symbol>()

  const expired = (): boolean => !membership || performance.now() - membership.lastAlive() > sessionMs - graceMs

  /** Of this membership, or of those before it. */
  const lastAnswer = (): number => {
    answeredAt = Math.max(answeredAt, membership?.lastAlive() ?? answeredAt)
    return answeredAt
  }

  /** This process stood still, for so long that what it held may be somebody else's. */
  const stoodStill = (): boolean => performance.now() - awakeAt > sessionMs - graceMs

  const permit = (): void => {
    if (!expired()) return
    callOff()
    throw new Fault('membership-lost', `${group}: no heartbeat for too long`)
  }

  const valve = openValve(2 * budgetBytes)
  const desk = openDesk({
    budgetBytes,
    share,
    idOf,
    permit,
    unsure: () => (stoodStill() ? undefined : membership?.joining()), // in a rebalance silence tells nothing, but that does
    write: (records, permit) => valve.run(records, () => writer.append(records, permit)),
    commit: () => commitAssigned(),
    onSettled: () => fetching.kick(),
    onBegun() {
      soon ??= setTimeout(commitSoon, begunMs)
    },
  })

  const fetching = runFetching(cluster, desk, {
    prefix: server.prefix,
    logger,
    signal: closing.signal,
    lingerMs,
    onTopicsChanged: () => void followTopics(),
  })

  /** Whatever we hold may be somebody else's by now. */
  const callOff = (): void => {
    calledOff = true
    taking.clear()
    for (const place of desk.holds()) desk.lose(place)
  }

  /** The coordinator answers again, and knows us: what was ours still is, from where it was committed. */
  const resume = (current: Membership): void => {
    calledOff = false
    void take(current, [...current.assigned().values()])
  }

  /** Commits what is done of these; what the coordinator refuses is forgotten, for then it is no more ours to say. */
  const commit = (mine: (commit: Commit) => boolean): Promise<void> => {
    committing = committing.then(async () => {
      if (!membership) return
      const commits = desk.uncommitted().filter(mine)
      if (commits.length === 0) return
      try {
        desk.committed(await sendCommits(cluster, server.prefix, { group, ...membership.identity(), commits }))
      } catch (error) {
        logger.debug({ group }, `A commit has to wait: ${textOf(error)}`)
      }
    })
    return committing
  }

  const commitAssigned = (): Promise<void> => {
    const assigned = membership?.assigned()
    return commit((place) => assigned?.has(placeKey(place)) === true)
  }

  /** Tries until all is taken: while partitions are dealt out, the coordinator takes nothing. What is ours is so until we have joined again. */
  const commitAll = async (): Promise<void> => {
    while (desk.uncommitted().length > 0) {
      await commit(() => true)
      if (desk.uncommitted().length > 0) await pause(20)
    }
  }

  const commitSoon = (): void => {
    soon = undefined
    void commitAssigned()
  }

  /**
   * Gives up what is not in `kept`: no more of it is handed out, what is in hand may end; what has not is called off, as if it had not begun,
   * and what is done is committed.
   */
  const giveUp = async (kept: ReadonlyMap<string, Place>, expelled: boolean): Promise<void> => {
    const going = desk.holds().filter((place) => !kept.has(placeKey(place)))
    if (going.length === 0) return
    if (!expelled) {
      for (const place of going) desk.retire(place)
      await within(settings.drainMs, Promise.all(going.map(desk.quiet)))
      for (const place of going) desk.cutOff(place)
      const keys = new Set(going.map(placeKey))
      await within(
        settings.drainMs / 4,
        commit((place) => keys.has(placeKey(place))),
      )
    }
    for (const place of going) desk.lose(place)
    logger.info({ group, partitions: going.length }, 'Partitions have gone to another member')
  }

  const take = async (current: Membership, places: readonly Place[]): Promise<void> => {
    const assigned = new Set(places.map(placeKey))
    for (const place of desk.holds()) if (!assigned.has(placeKey(place))) desk.lose(place)
    const gained = places.filter((place) => !desk.has(place))
    if (gained.length === 0) return
    const mine = Symbol()
    for (const place of gained) taking.set(placeKey(place), mine)
    const signal = closing.signal
    for await (const { place, start } of startsOf(cluster, gained, {
      ...settings,
      prefix: server.prefix,
      idOf,
      signal,
    })) {
      const key = placeKey(place)
      if (taking.get(key) !== mine) continue // taken again since: this start may be an old one
      taking.delete(key)
      if (current === membership && current.assigned().has(key)) desk.gain(place, start)
    }
    fetching.kick()
  }

  /** Topics that are not there (yet, any more) are left out: one of them would keep the whole group from joining. */
  const followTopics = async (): Promise<void> => {
    try {
      await cluster.refresh(wanted)
    } catch {
      missing = true // not known is like not there: asked again soon
      return
    }
    const there = wanted.filter((topic) => cluster.topic(topic))
    missing = there.length < wanted.length
    const current = membership
    if (!current || there.length === 0) return
    current.follow(there)
    const outdated = desk.outdated((topic) => cluster.topic(topic)?.id)
    for (const place of outdated) desk.lose(place)
    if (outdated.length > 0 && !current.joining()) await take(current, [...current.assigned().values()])
  }

  const member = async (): Promise<void> => {
    let assignedAt = performance.now()
    const current = openMembership(cluster, server, {
      ...settings,
      onLeaving: giveUp,
      onAssigned: (places) => {
        assignments++
        assignedAt = performance.now()
        void take(current, places)
      },
    })
    membership = current
    const useless = Promise.withResolvers<unknown>()
    let settledAt = performance.now()
    awakeAt = settledAt
    const watch = setInterval(() => {
      const now = performance.now()
      if (stoodStill()) callOff()
      awakeAt = now
      if (missing) void followTopics()
      if (!current.joining() || !current.follows()) settledAt = now
      if (now - settledAt > settings.rebalanceMs + sessionMs) useless.resolve(new Error('the group does not settle'))
      else if (current.joining()) return
      else if (!expired()) {
        if (calledOff) resume(current)
      } else if (!calledOff) callOff()
      else if (now - Math.max(current.lastAlive(), assignedAt) > 2 * sessionMs)
        useless.resolve(new Error('no heartbeat for too long'))
    }, watchMs)
    const commits = setInterval(commitAssigned, settings.commitMs)
    try {
      await followTopics()
      const reason = await Promise.race([current.broken, useless.promise, aborted(closing.signal)])
      if (closing.signal.aborted) {
        for (const place of desk.holds()) desk.retire(place)
        await within(settings.drainMs / 2, desk.settled())
        for (const place of desk.holds()) desk.cutOff(place)
        await within(settings.drainMs / 4, commitAll())
        return
      }
      callOff()
      if (isHopeless(reason)) throw forbidden(reason)
      logger.warn({ group }, `Joining the group again: ${textOf(reason)}`)
    } finally {
      clearInterval(watch)
      clearInterval(commits)
      clearTimeout(soon)
      soon = undefined
      callOff()
      lastAnswer()
      membership = undefined
      await current[Symbol.asyncDispose]()
    }
  }

  const run = async (): Promise<void> => {
    for (let attempt = 1; !closing.signal.aborted; attempt++) {
      const began = performance.now()
      await member()
      if (performance.now() - began > 30_000) attempt = 1
      if (!closing.signal.aborted) await within(wait(attempt), aborted(closing.signal))
    }
  }

  return {
    subscribe(topics) {
      wanted = topics
      if (running) void followTopics()
      else running = run().catch((error: unknown) => desk.fail(error as Error))
    },
    async *deliveries(reading) {
      const until = AbortSignal.any([reading, closing.signal])
      for (let delivery = await desk.take(until); delivery; delivery = await desk.take(until)) {
        yield delivery
        const full = valve.full() // one message may ask for a hundred runs: what came of those before must go first
        if (full) await unlessAborted(full, until).catch(() => {}) // the next `take` ends it
      }
    },
    commit: commitAssigned,
    progress: () => ({
      group,
      assignments,
      silentMs: lastAnswer() < 0 ? null : performance.now() - lastAnswer(),
      partitions: desk.progress(),
    }),
    async [Symbol.asyncDispose]() {
      closing.abort()
      await running
      await fetching.ended
    },
  }
}

/** How long before the session ends we take it for ended: a zombie must stop before somebody else begins. */
const graceMs = 2_000
const watchMs = 500
/** After a record has begun: so much later what has begun is committed, so that somebody knows if we die. */
const begunMs = 100
const wait = backoff(200, 2_000)
