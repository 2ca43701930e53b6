import type { Delivery, PartitionProgress } from '../../topology/flow/ports.ts'
import type { Repeats } from '../../topology/flow/repeats.ts'
import type { Incoming } from '../../topology/words/record.ts'
import { openBell } from './bell.ts'
import { openHanding, type Writing } from './handing.ts'
import { commitOf, commitText, type Hold, openHold, progressOf, sizeOf, untilQuiet } from './hold.ts'

/**
 * The desk of a reader: the records of the partitions that it holds lie here until they are handed out and settled. It decides who has
 * room for more, whose turn it is, what is a repeat and what may be committed; it reads and writes nothing itself.
 */
export type Desk = Readonly<{
  gain(place: Place, start: Start): void
  /** The partition is somebody else's now: what is in hand of it is called off. */
  lose(place: Place): void
  /** The partition will go: nothing more of it is handed out, what is in hand may be settled. */
  retire(place: Place): void
  /** What is still in hand of the partition is called off, in good order: it counts as not begun. What is done may be committed yet. */
  cutOff(place: Place): void
  /** Resolves when nothing of the place is in hand. */
  quiet(place: Place): Promise<void>
  /** Resolves when nothing is being written that a delivery was settled with. */
  settled(): Promise<void>
  holds(): readonly Place[]
  has(place: Place): boolean
  /** The partitions of topics that are not what they were when we gained them. */
  outdated(idOf: (topic: string) => string | undefined): readonly Place[]
  /** Where to read on, for those that have room, with the bytes they may take. */
  wants(): readonly Want[]
  /** What has become of `wants` since the last call, in order. Looks only at the partitions in which something lies, or has happened. */
  newWants(): readonly NewWant[]
  /** How many partitions it holds. */
  size(): number
  /** Lays out what was read from `from` on, as far as there is room; the rest will be wanted again. */
  offer(place: Place, chunk: Chunk): void
  /**
   * Reads on elsewhere, for the log does not hold the place `from`. What is in hand goes on when that is further on; when it lies behind,
   * the log is another than the one we read, and what is in hand is called off.
   */
  moveTo(place: Place, move: Readonly<{ from: bigint; to: bigint }>): void
  /** The next record in turn; undefined when the signal aborts. */
  take(signal: AbortSignal): Promise<Delivery | undefined>
  /** What is done, and has begun, beyond what was committed. Looks only at the partitions in which something has happened since. */
  uncommitted(): readonly Commit[]
  committed(commits: readonly Commit[]): void
  /** The partitions that have no room, so that nothing tells how far their logs have grown. */
  full(): readonly Place[]
  /** The log of the partition ends here now. */
  endsAt(place: Place, end: bigint): void
  /** How far each partition is. */
  progress(): readonly PartitionProgress[]
  /** Ends a `take` that waits, with this error. */
  fail(error: Error): void
}>

export type Place = Readonly<{ topic: string; partition: number }>
/** `topicId` tells a topic from another that had its name before. */
export type Start = Readonly<{ offset: bigint; metadata: string; topicId: string; repeats?: Repeats | undefined }>
export type Want = Place & Readonly<{ position: bigint; topicId: string; bytes: number }>
/** Undefined: nothing more is wanted of the partition. */
export type NewWant = Readonly<{ place: Place; want: Want | undefined }>
/** `end`: where the log ends, for those who read only what is committed. */
export type Chunk = Readonly<{ from: bigint; records: readonly Incoming[]; next: bigint; end: bigint }>
export type Commit = Place & Readonly<{ offset: bigint; metadata: string; topicId: string }>

export type DeskOptions = Writing &
  Readonly<{
    budgetBytes: number
    share?: number | undefined
    idOf?: ((record: Incoming) => string | undefined) | undefined
    /** Told when there is room again, or something to commit. */
    onSettled: () => void
    /** Told when the work on a record has begun, which is to be committed soon. */
    onBegun: () => void
  }>

export const placeKey = ({ topic, partition }: Place): string => `${topic}/${partition}`

export const openDesk = (options: DeskOptions): Desk => {
  const holds = new Map<string, Hold>()
  const turns = new Set<Hold>()
  const ours = new Map<string, ReadonlyMap<bigint, number>>() // what we had started in partitions that we lost
  const changed = new Set<Hold>()
  const lively = new Set<Hold>()
  const unwanted: NewWant[] = []
  const bell = openBell()
  let held = 0
  let failure: Error | undefined
  const touch = (hold: Hold): void => {
    hold.commit = undefined
    changed.add(hold)
    lively.add(hold)
  }
  const takesTurns = (hold: Hold): void => {
    const first = hold.queue.first()
    if (!first || hold.retired || !hold.mark.fits(first.offset)) return
    turns.add(hold)
    bell.ring()
  }

  const release = (hold: Hold, bytes: number, count: number): void => {
    hold.bytes -= bytes
    hold.count -= count
    held -= bytes
  }

  const { hand, settled } = openHanding({
    ...options,
    onBegun(hold) {
      touch(hold)
      options.onBegun()
    },
    onDone(hold, record) {
      if (holds.get(placeKey(hold.place)) !== hold) return
      hold.mark.finish(record.offset)
      touch(hold)
      hold.inHand--
      release(hold, sizeOf(record), 1)
      takesTurns(hold)
      if (hold.inHand === 0) for (const resolve of hold.onQuiet.splice(0)) resolve()
      options.onSettled()
    },
  })

  const next = (): Delivery | undefined => {
    for (const hold of turns) {
      turns.delete(hold)
      const record = hold.queue.shift()
      if (!record) continue
      hold.inHand++
      hold.mark.begin(record.offset)
      passOver(hold)
      takesTurns(hold)
      return hand(hold, record)
    }
    return undefined
  }

  /** A partition may hold its share of what the others leave, so whoever comes finds some: where ten stand still, a quarter at a share of an eighth. */
  const roomOf = (hold: Hold): number =>
    (options.budgetBytes - held + hold.bytes) * (options.share ?? 1 / 8) - hold.bytes

  const lay = (hold: Hold, record: Incoming): boolean => {
    const size = sizeOf(record)
    hold.refused = hold.count === 0 || size <= roomOf(hold) ? 0 : size
    if (hold.refused > 0) return false
    hold.position = record.offset + 1n
    // What is done already is learned, too: a repeat of it may come.
    const id = hold.repeats && options.idOf?.(record)
    const repeat = id !== undefined && hold.repeats?.isRepeat(id, record.offset, record.timestamp)
    if (repeat || hold.mark.wasFinished(record.offset)) return true
    hold.backlog.note(record.offset, record.timestamp, hold.mark.lowest)
    hold.queue.push(record)
    release(hold, -size, -1)
    return true
  }

  /** What was read and is not worked on lies between records that are handed out, or behind the last of them. */
  const passOver = (hold: Hold): void => {
    touch(hold)
    if (hold.queue.length === 0) hold.mark.passTo(hold.position)
  }

  const lose = (place: Place): void => {
    const hold = holds.get(placeKey(place))
    if (!hold) return
    ours.set(placeKey(place), hold.mark.startedHere())
    holds.delete(placeKey(place))
    changed.delete(hold)
    held -= hold.bytes
    end(hold)
    lively.delete(hold)
    if (hold.want) unwanted.push({ place: hold.place, want: undefined })
    hold.lost.abort()
    for (const resolve of hold.onQuiet.splice(0)) resolve()
  }

  /** Nothing more of it is handed out. */
  const end = (hold: Hold | undefined): void => {
    if (!hold) return
    hold.retired = true
    turns.delete(hold)
    if (hold.want) lively.add(hold)
    for (const go of hold.onLeaving) go()
  }

  const gain = (place: Place, start: Start): Hold => {
    lose(place)
    const hold = openHold(place, { ...start, ours: ours.get(placeKey(place)) })
    holds.set(placeKey(place), hold)
    touch(hold)
    return hold
  }

  const hasRoom = (hold: Hold): boolean =>
    hold.count === 0 || roomOf(hold) >= Math.max(options.budgetBytes / 32, hold.refused)

  const wantOf = (hold: Hold): Want | undefined => {
    if (hold.retired || !hasRoom(hold)) return undefined
    const bytes = roomOf(hold) >= muchBytes ? muchBytes : littleBytes
    return { ...hold.place, topicId: hold.topicId, position: hold.position, bytes }
  }

  return {
    gain: (place, start) => void gain(place, start),
    lose,
    retire: (place) => end(holds.get(placeKey(place))),
    cutOff(place) {
      const hold = holds.get(placeKey(place))
      if (!hold) return
      end(hold)
      hold.lost.abort()
      hold.mark.takeBackStarts()
      touch(hold)
    },
    quiet: (place) => untilQuiet(holds.get(placeKey(place))),
    settled,
    holds: () => [...holds.values()].map((hold) => hold.place),
    has: (place) => holds.has(placeKey(place)),
    outdated: (idOf) =>
      [...holds.values()].filter(({ place, topicId }) => idOf(place.topic) !== topicId).map(({ place }) => place),
    wants: () => [...holds.values()].flatMap((hold) => wantOf(hold) ?? []),
    newWants() {
      const news = unwanted.splice(0)
      for (const hold of lively) {
        const want = wantOf(hold)
        if (want?.position !== hold.want?.position || want?.bytes !== hold.want?.bytes)
          news.push({ place: hold.place, want })
        hold.want = want
        if (hold.count === 0) lively.delete(hold) // only the room of those in which something lies depends on others
      }
      return news
    },
    size: () => holds.size,
    offer(place, { from, records, next: after, end }) {
      const hold = holds.get(placeKey(place))
      if (hold) hold.end = end
      if (!hold || hold.retired || hold.position !== from) return
      if (records.every((record) => lay(hold, record))) hold.position = after
      passOver(hold)
      takesTurns(hold)
    },
    moveTo(place, { from, to }) {
      const hold = holds.get(placeKey(place))
      if (!hold || hold.retired || hold.position !== from) return
      const { topicId, repeats } = hold
      const moved = to < from ? gain(place, { offset: to, metadata: '', topicId, repeats }) : hold
      moved.position = to
      moved.committed = '' // the place that was committed must not be found again
      passOver(moved)
      options.onSettled()
    },
    async take(signal) {
      for (;;) {
        if (failure) throw failure
        if (signal.aborted) return undefined
        const delivery = next()
        if (delivery) return delivery
        await bell.rung(signal)
      }
    },
    uncommitted() {
      for (const hold of changed) {
        hold.commit ??= commitOf(hold)
        if (commitText(hold.commit) === hold.committed) changed.delete(hold)
      }
      return [...changed].flatMap(({ commit }) => commit ?? [])
    },
    committed(commits) {
      for (const commit of commits) {
        const hold = holds.get(placeKey(commit))
        if (!hold) continue
        hold.committed = commitText(commit)
        if (hold.commit && commitText(hold.commit) === hold.committed) changed.delete(hold)
      }
    },
    full: () => [...holds.values()].filter((hold) => hold.retired || !hasRoom(hold)).map(({ place }) => place),
    endsAt(place, end) {
      const hold = holds.get(placeKey(place))
      if (hold && end > hold.end) hold.end = end
    },
    progress: () => [...holds.values()].map(progressOf),
    fail(error) {
      failure = error
      bell.ring()
    },
  }
}

/** Two sizes only, so that what is wanted seldom changes but for its position. */
const muchBytes = 1_000_000
const littleBytes = 64_000
