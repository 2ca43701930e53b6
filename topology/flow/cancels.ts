import { controlTopic } from '../topics.ts'
import { type Cancel, parseCancel } from '../wire/control.ts'
import type { Logger, MessageLog } from './ports.ts'
import { unlessAborted } from './stop.ts'

/** Which runs somebody wants to end, as `control` says so far. */
export type Cancels = AsyncDisposable &
  Readonly<{
    /** The wish that this run ends; undefined for none. */
    of(run: string): Cancel | undefined
    /** Calls back when somebody wants the run to end, at once if that is so already. */
    watch(run: string, onCancel: () => void): Disposable
    /** Runs whose wish is older than anything that still lies in the log. */
    outdated(now?: number): readonly string[]
  }>

/** Reads `control` to its end, then goes on following it. Throws what keeps it from that, or the signal's reason. */
export const openCancels = async (
  log: Pick<MessageLog, 'tail'>,
  { logger, signal }: Readonly<{ logger: Logger; signal: AbortSignal }>,
): Promise<Cancels> => {
  const wishes = new Map<string, Cancel>()
  const watchers = new Map<string, Set<() => void>>()
  const closing = new AbortController()
  const caughtUp = Promise.withResolvers<void>()

  const follow = async (): Promise<void> => {
    for await (const item of log.tail(controlTopic, closing.signal)) {
      if (item.kind === 'caught-up') caughtUp.resolve()
      const note = item.kind === 'record' ? parseCancel(item.record) : undefined
      if (note?.cancel === null) wishes.delete(note.run)
      else if (note && !wishes.has(note.run)) {
        wishes.set(note.run, note.cancel)
        for (const onCancel of watchers.get(note.run) ?? []) onCancel()
      }
    }
  }
  const following = follow().catch((error: unknown) => {
    caughtUp.reject(error)
    logger.error({ error }, `${controlTopic} can be followed no more: runs that are cancelled now go on`)
  })
  try {
    await unlessAborted(caughtUp.promise, signal)
  } catch (error) {
    closing.abort()
    await following
    throw error
  }

  return {
    of: (run) => wishes.get(run),
    watch(run, onCancel) {
      const others = watchers.get(run) ?? new Set()
      watchers.set(run, others.add(onCancel))
      if (wishes.has(run)) onCancel()
      return {
        [Symbol.dispose]() {
          others.delete(onCancel)
          if (others.size === 0 && watchers.get(run) === others) watchers.delete(run)
        },
      }
    },
    outdated: (now = Date.now()) =>
      [...wishes.values()].filter(({ at }) => !(now - Date.parse(at) < keptMs)).map(({ run }) => run),
    async [Symbol.asyncDispose]() {
      closing.abort()
      await following
    },
  }
}

/** Requests of runs are kept for seven days in one topic, and may have waited for three in others. */
const keptMs = 14 * 86_400_000
