import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../topology/flow/ports.ts'
import { backoff } from '../../topology/flow/retry.ts'
import type { Exit } from './child.ts'

type Mortal = AsyncDisposable & Readonly<{ exited: Promise<Exit> }>

export type Kept<T> = AsyncDisposable &
  Readonly<{
    /** As it was first started; address and logins stay the same over later starts. */
    first: T
    /** Null while it lives, else a sentence. */
    complaint(): string | null
  }>

/** Starts an embedded part, and again with backoff whenever it dies, until disposed. Throws what the first start throws. */
export async function keepAlive<T extends Mortal>(
  name: string,
  { start, logger }: Readonly<{ start: () => Promise<T>; logger: Logger }>,
): Promise<Kept<T>> {
  const closing = new AbortController()
  const first = await start()
  let current: T | undefined = first
  let complaint: string | null = null

  const revive = async (): Promise<T | undefined> => {
    for (let attempt = 1; !closing.signal.aborted; attempt++) {
      try {
        return await start()
      } catch (error) {
        logger.error({ part: name, error, attempt }, `The ${name} does not start again`)
        await sleep(wait(attempt), undefined, { signal: closing.signal }).catch(() => {}) // closing: the loop ends
      }
    }
    return undefined
  }
  const watch = async (): Promise<void> => {
    while (current) {
      const { code, signal, lastWords } = await current.exited
      if (closing.signal.aborted) return
      complaint = `the ${name} died and is being started again`
      logger.error({ part: name, code, signal, lastWords }, `The ${name} died and is started again`)
      current = await revive()
      if (current) complaint = null
    }
  }
  const watching = watch()

  return {
    first,
    complaint: () => complaint,
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await current?.[Symbol.asyncDispose]()
      await watching
      await current?.[Symbol.asyncDispose]() // one that was just being started when we closed
    },
  }
}

const wait = backoff(500, 10_000)
