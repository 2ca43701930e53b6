import type { PartitionProgress } from '../../topology/flow/ports.ts'
import type { Repeats } from '../../topology/flow/repeats.ts'
import { type Watermark, type WatermarkLimits, watermarkAt } from '../../topology/flow/watermark.ts'
import type { Incoming } from '../../topology/words/record.ts'
import { type Backlog, openBacklog } from './backlog.ts'
import type { Commit, Place, Start, Want } from './desk.ts'
import { openQueue, type Queue } from './queue.ts'

/** What the desk keeps of one partition. */
export type Hold = {
  readonly place: Place
  readonly topicId: string
  readonly mark: Watermark
  readonly repeats: Repeats | undefined
  readonly queue: Queue<Incoming>
  readonly lost: AbortController
  /** Called when nothing of it is in hand any more. */
  readonly onQuiet: (() => void)[]
  /** Called when it is retired, or lost. */
  readonly onLeaving: Set<() => void>
  /** How old what waits is. */
  readonly backlog: Backlog
  /** Where to read on. */
  position: bigint
  /** Where the log ended when the broker last said so. */
  end: bigint
  /** What was last told to be wanted of it. */
  want: Want | undefined
  /** What a commit would say; undefined when something has happened since somebody looked. */
  commit: Commit | undefined
  /** What the group knows, as `commitText`. */
  committed: string
  /** Laid out and not settled: how many, how many of them in hand, how many bytes. */
  count: number
  inHand: number
  bytes: number
  /** What the next record takes, when there was no room for it. */
  refused: number
  retired: boolean
}

/** `ours`: what we had started there before, and live on (`watermarkAt`). */
export const openHold = (
  { topic, partition }: Place,
  { offset, metadata, topicId, repeats, ours }: Start & Pick<WatermarkLimits, 'ours'>,
): Hold => ({
  place: { topic, partition },
  topicId,
  mark: watermarkAt(offset, metadata, { ours }),
  repeats,
  queue: openQueue<Incoming>(),
  lost: new AbortController(),
  onQuiet: [],
  onLeaving: new Set(),
  backlog: openBacklog(),
  position: offset,
  end: offset,
  want: undefined,
  commit: undefined,
  committed: commitText({ offset, metadata, topicId }),
  count: 0,
  inHand: 0,
  bytes: 0,
  refused: 0,
  retired: false,
})

/** What is laid out and what still lies in the log is not settled; what is laid out is older. */
export const progressOf = ({ place, backlog, mark, queue, position, end, count, inHand }: Hold): PartitionProgress => ({
  ...place,
  lag: count + Math.max(0, Number(end - position)),
  oldestAt: (inHand > 0 ? backlog.timeOf(mark.lowest()) : queue.first()?.timestamp) ?? null,
})

/** Waits for the end of a rebalance, but not on the way out: that end waits for what leaves. */
export const untilLeaving = (hold: Hold, unsure: Promise<void>): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      hold.onLeaving.delete(go)
      resolve()
    }
    hold.onLeaving.add(go)
    void unsure.then(go)
  })

/** Waits until nothing of it is in hand. */
export const untilQuiet = async (hold: Hold | undefined): Promise<void> => {
  if (hold && hold.inHand > 0) await new Promise<void>((resolve) => hold.onQuiet.push(resolve))
}

/** What a commit would say of it now. */
export const commitOf = ({ place, topicId, mark }: Hold): Commit => ({
  ...place,
  topicId,
  offset: mark.lowest(),
  metadata: mark.encode(),
})

/** Two commits with the same text say the same. */
export const commitText = ({ offset, metadata, topicId }: Omit<Commit, keyof Place>): string =>
  `${topicId} ${offset} ${metadata}`

/** How often the group knows that the work on a record has begun without an end. */
export const startsCommitted = ({ committed }: Hold, offset: bigint): number => {
  const [, from = '0', metadata = ''] = committed.split(' ')
  return watermarkAt(BigInt(from), metadata).startsOf(offset)
}

/** What a record costs in memory, roughly. */
export const sizeOf = ({ key, value, headers }: Incoming): number => {
  let size = 128 + (key?.length ?? 0) + (value?.length ?? 0) + (headers.byteLength ?? 0)
  if (headers.byteLength === undefined) for (const [name, header] of headers) size += name.length + header.length
  return size
}
