import { Fault } from '../../topology/flow/fault.ts'
import type { Logger, MessageLog } from '../../topology/flow/ports.ts'
import { backoff, retryFaults } from '../../topology/flow/retry.ts'
import { unlessAborted } from '../../topology/flow/stop.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'
import type { History } from '../../topology/project/deployment.ts'
import { type Applied, foldDefinitions } from '../../topology/project/fold.ts'
import { definitionsTopic } from '../../topology/topics.ts'
import type { Incoming } from '../../topology/words/record.ts'

/** A catalogue that follows `definitions`, with what a writer of deploys needs. */
export type OpenCatalogue = Catalogue &
  AsyncDisposable &
  Readonly<{
    /** What a next deploy of the project builds on. */
    history(project: string): History
    /** The version of the last record of a credential, a deletion too; 0 for none. What its next change builds on. */
    credentialVersion(name: string): number
    /** Resolves when the record with this token has been read. Ask before writing the record. */
    verdictOn(token: string, signal: AbortSignal): Promise<Verdict>
    /** Aborts, with the reason, when the log can be followed no more: what this catalogue says grows old from then on. */
    broken: AbortSignal
  }>

/** What a record came to, and where it lies. */
export type Verdict = Exclude<Applied, { kind: 'text' }> & Readonly<{ offset: bigint }>

/** Reads `definitions` to its end, then goes on following it. Tries again for as long as the log is not to be had, or until `signal` aborts. */
export async function openCatalogue(
  log: Pick<MessageLog, 'tail'>,
  { logger, signal }: Readonly<{ logger: Logger; signal?: AbortSignal }>,
): Promise<OpenCatalogue> {
  const fold = foldDefinitions()
  const closing = new AbortController()
  const broken = new AbortController()
  const ended = AbortSignal.any([closing.signal, broken.signal])
  const caughtUp = Promise.withResolvers<void>()
  const listeners = new Set<(project: string) => void>()
  const verdicts = new Map<string, (verdict: Verdict) => void>()
  const waiting = new Set<Readonly<{ offset: bigint; arrive: () => void }>>()
  let offset = -1n

  const take = (record: Incoming): void => {
    if (record.offset <= offset) return // a tail that was begun again gives the start again
    const applied = fold.apply(record)
    offset = record.offset
    if (applied.kind === 'unreadable') logger.warn({ offset }, `Skipped in definitions: ${applied.detail}`)
    if (applied.kind === 'accepted') for (const listener of listeners) listener(applied.project)
    if (applied.kind !== 'text') verdicts.get(applied.token ?? '')?.({ ...applied, offset })
    for (const reader of waiting) if (reader.offset <= offset) reader.arrive()
  }

  const follow = async (): Promise<void> => {
    for await (const item of log.tail(definitionsTopic, closing.signal)) {
      if (item.kind === 'record') take(item.record)
      else caughtUp.resolve()
    }
    closing.signal.throwIfAborted()
    throw new Error(`The end of ${definitionsTopic} was reached, which has none`)
  }

  const following = retryFaults(backoff(100, 5_000), (error) => logger.warn({}, `Definitions: ${error.message}`))(
    follow,
    closing.signal,
  ).catch((error: unknown) => {
    if (closing.signal.aborted) return
    logger.error({ error }, `${definitionsTopic} can be followed no more`)
    broken.abort(new Fault('catalogue-lost', `${definitionsTopic} can be followed no more`, { cause: error }))
  })
  try {
    await unlessAborted(caughtUp.promise, signal === undefined ? ended : AbortSignal.any([signal, ended]))
  } catch (error) {
    closing.abort(error)
    await following
    throw error
  }

  const reached = async (wanted: bigint, signal: AbortSignal): Promise<void> => {
    if (wanted <= offset) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const reader = { offset: wanted, arrive: resolve }
    waiting.add(reader)
    await unlessAborted(promise, AbortSignal.any([signal, ended])).finally(() => waiting.delete(reader))
  }

  return {
    projects: fold.projects,
    known: fold.known,
    sourceById: fold.sourceById,
    jobVersion: fold.jobVersion,
    credentials: fold.credentials,
    credentialVersion: fold.credentialVersion,
    history: fold.history,
    offset: () => offset,
    broken: broken.signal,
    reached,
    caughtUp: async (signal) => {
      const until = AbortSignal.any([signal, ended])
      let last = -1n
      for await (const item of log.tail(definitionsTopic, until)) {
        if (item.kind === 'caught-up') break
        last = item.record.offset
      }
      until.throwIfAborted()
      await reached(last, signal)
    },
    onChange: (listener) => {
      const own = (project: string): void => listener(project)
      listeners.add(own)
      return { [Symbol.dispose]: () => listeners.delete(own) }
    },
    verdictOn: async (token, signal) => {
      const { promise, resolve } = Promise.withResolvers<Verdict>()
      verdicts.set(token, resolve)
      return await unlessAborted(promise, AbortSignal.any([signal, ended])).finally(() => verdicts.delete(token))
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort(new Fault('catalogue-lost', 'the catalogue was closed'))
      await following
    },
  }
}
